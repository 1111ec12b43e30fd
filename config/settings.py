"""Settings, all from the environment; `tronco` fills it for every process it starts.

DATABASE_URL        postgresql://user:password@host:port/name     required
TRONCO_DB_ROLE      role that the web processes assume, so that row-level security binds them
TRONCO_SECRET_KEY   signs sessions and encrypts stored secrets      required outside of tests
TRONCO_HOSTS        host names the site answers to, comma separated
TRONCO_HTTPS        1 when a proxy terminates TLS in front of the site
TRONCO_URL          address that people type to reach the site, for links in e-mails
TRONCO_ASSETS       directory of the screen assets installed from npm
TRONCO_HOME         directory of this instance: sockets, spools, logs, recordings
TRONCO_RECORDINGS_FREE_MB  calls are recorded while the disk has this much room (1024)
TRONCO_SLICE_S      seconds that a call pays for at a time: more asks less often, less holds less
TRONCO_SIP_REALM    realm of the SIP digests; fixed for the life of an installation
TRONCO_LANGUAGE     en for English where nobody has chosen: command line, first sight of a screen
TRONCO_STUN         host:port of the operator's STUN server, for telephones in pages
TRONCO_TURN         host:port of his TURN server, and the secret that it shares with us
TRONCO_TURN_SECRET
TRONCO_SMTP_URL     mail server, smtp+tls://user:password@host:587; without one mail stays queued
TRONCO_MAIL_FROM    address from which mail is sent
TRONCO_MAIL_NETWORKS  networks inside which resellers' own mail servers may stand, comma separated
TRONCO_DEMO_MAILBOX  directory of the demonstration's letters; set by `tronco up --demo` alone
TRONCO_VISIT_MINUTES  how long whoever entered a customer's panel stays there, at most
"""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pghistory

from tronco.core.errors import InvalidInput
from tronco.mail.smtp import parse_networks, parse_relay
from tronco.runtime.assets import static_version

BASE_DIR = Path(__file__).resolve().parent.parent


def _database(url: str) -> dict[str, object]:
    parts = urlsplit(url)
    if parts.scheme not in {"postgres", "postgresql"} or not parts.path.strip("/"):
        raise SystemExit(
            "DATABASE_URL must look like postgresql://user:password@host:port/name "
            "(start through `tronco up`, which sets it, or set it yourself)"
        )
    role = os.environ.get("TRONCO_DB_ROLE", "")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.path.lstrip("/"),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": parts.hostname or "127.0.0.1",
        "PORT": str(parts.port or 5432),
        "CONN_MAX_AGE": 600,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {"options": f"-c role={role}"} if role else {},
        "TEST": {"NAME": os.environ.get("TRONCO_TEST_DB", "test_tronco")},
    }


DATABASES = {"default": _database(os.environ.get("DATABASE_URL", ""))}
SECRET_KEY = os.environ.get("TRONCO_SECRET_KEY", "")
TRONCO_HOME = Path(os.environ.get("TRONCO_HOME", BASE_DIR / "var"))
TRONCO_RECORDINGS_FREE_MB = int(os.environ.get("TRONCO_RECORDINGS_FREE_MB", "1024"))
TRONCO_SIP_REALM = os.environ.get("TRONCO_SIP_REALM", "tronco")
TRONCO_STUN = os.environ.get("TRONCO_STUN", "")
TRONCO_TURN = os.environ.get("TRONCO_TURN", "")
TRONCO_TURN_SECRET = os.environ.get("TRONCO_TURN_SECRET", "")
TRONCO_SLICE_S = int(os.environ.get("TRONCO_SLICE_S", "60"))
TRONCO_ASSETS = os.environ.get("TRONCO_ASSETS", "")

DEBUG = False
_HOSTS = os.environ.get("TRONCO_HOSTS", "localhost,127.0.0.1,[::1]")
TRONCO_HOSTS = [host.strip() for host in _HOSTS.split(",") if host.strip()]
# The brands' domains come and go: `tronco.branding.hosts` asks each request's name instead.
ALLOWED_HOSTS = ["*"]
HTTPS = os.environ.get("TRONCO_HTTPS", "") == "1"
TRONCO_URL = os.environ.get("TRONCO_URL") or (
    f"https://{TRONCO_HOSTS[0]}" if HTTPS else "http://localhost:8000"
)

# One line a folder of `tronco`, lowest layer first: the order of ARCHITECTURE.md.
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.contrib.postgres",
    "django.forms",
    "django_htmx",
    "django_filters",
    "django_tables2",
    "pgtrigger",
    "pghistory",
    "axes",
    "django_otp",
    "django_otp.plugins.otp_static",
    "procrastinate.contrib.django",
    "tronco.ui",
    "tronco.tenancy",
    "tronco.branding",
    "tronco.mail",
    "tronco.identity",
    "tronco.audit",
    "tronco.centrals",
    "tronco.catalog",
    "tronco.charging",
    "tronco.circuits",
    "tronco.topups",
    "tronco.callingcards",
    "tronco.pbx",
    "tronco.dids",
    "tronco.customers",
    "tronco.routing",
    "tronco.recordings",
    "tronco.calls",
    "tronco.sipcore",
]

MIDDLEWARE = [
    "tronco.branding.hosts.KnownHosts",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "tronco.ui.security.SecurityHeaders",
    "tronco.ui.security.BodyLimit",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_otp.middleware.OTPMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "tronco.identity.middleware.ActorMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
AUTH_USER_MODEL = "identity.User"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 10},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "identity:sign_in"
LOGIN_REDIRECT_URL = "/"

# Five wrong passwords lock the pair (user, address) out for fifteen minutes.
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = 0.25
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_CLIENT_IP_CALLABLE = "tronco.ui.security.client_address"
AXES_LOCKOUT_TEMPLATE = "identity/locked_out.html"
AXES_VERBOSE = False

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "config.menu.context",
                "tronco.branding.views.context",
            ],
        },
    }
]
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"

LANGUAGE_CODE = "en" if os.environ.get("TRONCO_LANGUAGE") == "en" else "pt-br"
LANGUAGES = [("pt-br", "Português (Brasil)"), ("en", "English")]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = "America/Sao_Paulo"
USE_TZ = True
USE_I18N = True

# Served under a name that changes with the files, so that browsers may keep them for ever.
STATIC_URL = f"static/{static_version(TRONCO_ASSETS)}/"
STATICFILES_DIRS = [BASE_DIR / "static", *([TRONCO_ASSETS] if TRONCO_ASSETS else [])]
WHITENOISE_USE_FINDERS = True
WHITENOISE_IMMUTABLE_FILE_TEST = f"^/{STATIC_URL}"

# A working day; `tronco.identity.tasks` forgets the sessions that are over.
SESSION_COOKIE_AGE = 12 * 3600
TRONCO_VISIT_MINUTES = int(os.environ.get("TRONCO_VISIT_MINUTES", "120"))
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SECURE_SSL_REDIRECT = HTTPS
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

try:
    vars().update(parse_relay(os.environ.get("TRONCO_SMTP_URL", "")).settings())
    TRONCO_MAIL_NETWORKS = parse_networks(os.environ.get("TRONCO_MAIL_NETWORKS", ""))
except InvalidInput as problem:
    raise SystemExit(str(problem)) from problem
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL = os.environ.get("TRONCO_MAIL_FROM") or "tronco@localhost"
TRONCO_DEMO_MAILBOX = os.environ.get("TRONCO_DEMO_MAILBOX", "")

# Pasted rows come twice: to look at, and again to confirm them.
DATA_UPLOAD_MAX_MEMORY_SIZE = 16_000_000

DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
FILTERS_EMPTY_CHOICE_LABEL = "—"
DJANGO_TABLES2_TEMPLATE = "ui/table.html"
PGHISTORY_APPEND_ONLY = True
PGHISTORY_DEFAULT_TRACKERS = (
    pghistory.InsertEvent(),
    pghistory.UpdateEvent(),
    pghistory.DeleteEvent(),
)

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": os.environ.get("TRONCO_LOG", "INFO")},
    "loggers": {
        "axes": {"level": "WARNING"},
        # Every command would name each task that there is before its own first word.
        "procrastinate.blueprints": {"level": "WARNING"},
        "procrastinate.periodic": {"level": "WARNING"},
    },
}

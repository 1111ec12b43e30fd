"""The product's settings over the tests' own database server."""

import os

from tests.support.postgres import ensure_test_database_url
from tronco.runtime.translations import compile_translations

ensure_test_database_url()
# Before Django reads them for the first time.
compile_translations()
os.environ.setdefault("TRONCO_SECRET_KEY", "only-for-tests")
# A process of `pytest -n` inherits what its parent has set below.
os.environ.pop("TRONCO_LANGUAGE", None)

from config.settings import *  # noqa: E402, F403

# The command line speaks English to its tests, which stand beside its code; screens Portuguese.
os.environ["TRONCO_LANGUAGE"] = "en"

# Argon2 is slow on purpose; that the product uses it is tested by tests/identity.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher", *PASSWORD_HASHERS]  # noqa: F405
TRONCO_HOSTS = [*TRONCO_HOSTS, "testserver"]  # noqa: F405
# One letter lies there: the addresses of the demonstration are tried for every role too.
TRONCO_DEMO_MAILBOX = str(BASE_DIR / "tests/demo/letters")  # noqa: F405
# It would tell of every task that it registers.
LOGGING["loggers"]["procrastinate"] = {"level": "WARNING"}  # type: ignore[index]  # noqa: F405
DATABASES["default"]["ENGINE"] = "tests.support.database"  # noqa: F405

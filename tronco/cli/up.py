"""`tronco up`: run every part of an instance on this machine, until Ctrl-C."""

from __future__ import annotations

import argparse
import http.client
import os
import socket
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from tronco.cli.demo import ACCESS_FILE
from tronco.cli.prepare import ADMINISTRATOR, find_first_password
from tronco.core.errors import InvalidInput
from tronco.runtime.assets import assets_place
from tronco.runtime.asterisk import Node, find_asterisk
from tronco.runtime.environment import DATABASE, instance_environment, python_user
from tronco.runtime.paths import Home, instance_home
from tronco.runtime.ports import is_free, remembered_port
from tronco.runtime.postgres import Cluster
from tronco.runtime.service import Service
from tronco.runtime.supervisor import Supervisor, sole_supervisor
from tronco.runtime.translations import compile_translations
from tronco.runtime.translations import gettext as _
from tronco.sipcore import config as sip
from tronco.sipcore import places
from tronco.sipcore.outside import FILES as OUTSIDE_FILES
from tronco.sipcore.queues import FILES as QUEUE_FILES
from tronco.tenancy.rls import WEB_ROLE

WEB_PORT = 8000
NODE = "node1"
DEMO_SENDER = "avisos@aroeira.example.com.br"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "--listen",
        metavar=_("ADDRESS:PORT"),
        default=os.environ.get("TRONCO_LISTEN", ""),
        help=_("where the screens are served; default 127.0.0.1:%(port)s, or a free port")
        % {"port": WEB_PORT},
    )
    parser.add_argument(
        "--demo",
        action="store_true",
        help=_(
            "with a demonstration operator, whose phones place real calls to a demonstration "
            "carrier; only into an instance without customers of its own"
        ),
    )
    parser.add_argument("--logs", action="store_true", help=_("show what every process writes"))


def run(args: argparse.Namespace) -> int:
    """Run until told to stop; 1 when something essential could not start."""
    home = instance_home()
    with sole_supervisor(home):
        compile_translations()
        instance = Instance(home, listen=args.listen, demo=args.demo)
        for warning in instance.warnings():
            print(_("Note: %(text)s") % {"text": warning}, flush=True)
        supervisor = Supervisor(
            home, instance.services(), echo=args.logs, on_started=instance.summary
        )
        return supervisor.run()


class Instance:
    """The processes of one instance and what each is told."""

    def __init__(self, home: Home, *, listen: str = "", demo: bool = False) -> None:
        self.home = home
        self.demo = demo
        self.cluster = None if os.environ.get("DATABASE_URL") else Cluster(home)
        if self.cluster:
            # Made now, so that its address can be told to everybody.
            self.cluster.prepare()
        self.environment = instance_environment(home)
        self.user = python_user(home)
        self.asterisk: Node | None = None
        home.directory("static")
        self.address, self.web_port = self._web_address(listen)
        if os.environ.get("TRONCO_HTTPS") != "1":
            own = f"http://{self.address}:{self.web_port}"
            self.environment["TRONCO_URL"] = os.environ.get("TRONCO_URL") or own
        # Whoever names a mail server means to use it.
        self.mail_port = 0
        if demo and not os.environ.get("TRONCO_SMTP_URL"):
            self.mail_port = remembered_port(home.directory("ports") / "demo-mail")
            self.environment.update(self._demo_mail_settings())
        places.release_taken_ports(home, NODE)
        self.node = places.node_settings(
            home,
            NODE,
            database_url=self.environment["DATABASE_URL"],
            realm=os.environ.get("TRONCO_SIP_REALM", "tronco"),
        )

    def services(self) -> list[Service]:
        """Everything to run, each after what it needs."""
        own = [self._postgres()] if self.cluster else []
        return [
            *own,
            self._fetch("assets", _("Screen assets")),
            self._fetch("asterisk", _("Asterisk's programs")),
            self._sounds(),
            self._database(),
            *([self._demo_data()] if self.demo else []),
            *([self._demo_mail()] if self.mail_port else []),
            self._sipcore(),
            self._web(),
            self._worker(),
            self._asterisk(),
            *([self._demo_traffic()] if self.demo else []),
        ]

    def warnings(self) -> list[str]:
        if self.home.user and self.user is None:
            return [
                _(
                    "the user %(user)s cannot read this checkout or its Python, so the screens and"
                    " call control run as root. A checkout below /opt or /srv mends that."
                )
                % {"user": self.home.user.name}
            ]
        return []

    def summary(self) -> str:
        warning = self.asterisk.binary.warning if self.asterisk else ""
        password = find_first_password(self.home)
        access = self._scene().with_name(ACCESS_FILE)
        sip_port = _("port %(port)s, UDP and TCP") % {"port": self.node.sip_port}
        lines = (
            (_("Screens"), f"http://{self.address}:{self.web_port}/"),
            (_("Sign in"), f"{ADMINISTRATOR} / {password}" if password else ""),
            (_("Others"), access if self.demo and access.exists() else ""),
            ("SIP", sip_port),
            (_("Data"), self.home.root),
            (_("Logs"), self.home.log),
            (_("Note"), warning),
        )
        return "".join(["\n", *(f"  {word:<10}{value}\n" for word, value in lines if value)])

    def _postgres(self) -> Service:
        cluster = self.cluster
        assert cluster is not None  # noqa: S101 - asked for only then

        def command() -> list[str]:
            cluster.prepare()
            return cluster.command()

        return Service(
            name="postgres",
            title="PostgreSQL",
            command=command,
            ready=cluster.is_ready,
            user=self.home.user,
            essential=True,
            stop_signal=cluster.stop_signal,
            # Recovery after a crash.
            start_timeout_s=300,
            stop_timeout_s=60,
        )

    def _fetch(self, part: str, title: str) -> Service:
        # As the user who started us: the cache is his.
        return Service(
            name=f"fetch-{part}",
            title=title,
            command=lambda: [sys.executable, "-m", "tronco.runtime.fetch", part],
            env=self.environment,
            once=True,
            cure=_("read above; the rest runs without it"),
        )

    def _sounds(self) -> Service:
        # As the user who started us, like all that goes into the cache.
        return Service(
            name="sounds",
            title=_("System sounds"),
            command=lambda: [sys.executable, "-m", "tronco.pbx.synthesis"],
            env=self.environment,
            once=True,
            cure=_("read above; the rest runs, and callers hear no announcements of the system"),
        )

    def _database(self) -> Service:
        def command() -> list[str]:
            if self.cluster:
                self.cluster.create_database(DATABASE)
            return [
                *(sys.executable, "-m", "tronco", "prepare", "--central", NODE),
                *("--sip-port", str(self.node.sip_port)),
            ]

        return self._python(
            "database",
            _("Database schema and first administrator"),
            command,
            needs=("postgres",) if self.cluster else (),
            once=True,
            essential=True,
            cure=_("is DATABASE_URL right and the server up?"),
        )

    def _demo_data(self) -> Service:
        return self._python(
            "demo-data",
            _("Demonstration operator"),
            lambda: [
                *(sys.executable, "-m", "tronco", "demo", "--central", NODE),
                *("--carrier-port", str(self._demo_carrier_port()), "--scene", str(self._scene())),
            ],
            needs=("database",),
            once=True,
            cure=_("read above; the rest runs without it"),
        )

    def _demo_traffic(self) -> Service:
        return self._python(
            "demo-traffic",
            _("Demonstration phones"),
            lambda: [
                *(sys.executable, "-m", "tronco.demo.traffic", str(self._scene())),
                *("--switch", f"127.0.0.1:{self.node.sip_port}"),
                *("--carrier", str(self._demo_carrier_port())),
            ],
            needs=("demo-data",),
            wants=(f"asterisk-{NODE}", "sipcore"),
        )

    def _demo_mail(self) -> Service:
        return self._python(
            "demo-mail",
            _("Demonstration mail server"),
            lambda: [
                *(sys.executable, "-m", "tronco.demo.mail_server", str(self._mailbox())),
                *("--port", str(self.mail_port)),
            ],
            ready=lambda: _listens(self.mail_port),
        )

    def _demo_mail_settings(self) -> dict[str, str]:
        return {
            "TRONCO_SMTP_URL": f"smtp://127.0.0.1:{self.mail_port}",
            "TRONCO_MAIL_FROM": os.environ.get("TRONCO_MAIL_FROM") or DEMO_SENDER,
            "TRONCO_DEMO_MAILBOX": str(self._mailbox()),
        }

    def _mailbox(self) -> Path:
        return self.home.directory("demo/mailbox")

    def _demo_carrier_port(self) -> int:
        return remembered_port(self.home.directory("ports") / "demo-carrier")

    def _scene(self) -> Path:
        return self.home.directory("demo") / "scene.json"

    def _sipcore(self) -> Service:
        return self._python(
            "sipcore",
            _("Call control"),
            lambda: [sys.executable, "-m", "tronco", "sipcore"],
            needs=("database",),
            wants=("sounds",),
            ready=lambda: _listens(self.node.agi_port),
        )

    def _web(self) -> Service:
        bind = f"{self.address}:{self.web_port}"

        def command() -> list[str]:
            return [
                *(sys.executable, "-m", "gunicorn", "config.wsgi", "--bind", bind),
                *("--workers", "2", "--threads", "4", "--no-control-socket"),
                *("--access-logfile", "-"),
            ]

        return self._python(
            "web",
            _("Screens"),
            command,
            needs=("database",),
            wants=("fetch-assets",),
            ready=lambda: _serves_http(self.address, self.web_port),
            env={"TRONCO_DB_ROLE": WEB_ROLE, "TRONCO_ASSETS": str(assets_place())},
        )

    def _worker(self) -> Service:
        return self._python(
            "worker",
            _("Background tasks"),
            lambda: [sys.executable, "-m", "django", "procrastinate", "worker"],
            needs=("database",),
        )

    def _asterisk(self) -> Service:
        def command() -> list[str]:
            self._admit_asterisk()
            self.asterisk = Node(self.home, NODE, find_asterisk())
            self.asterisk.prepare(self._node_files(self.asterisk))
            return self.asterisk.command()

        return Service(
            name=f"asterisk-{NODE}",
            title="Asterisk",
            command=command,
            needs=("database", "fetch-asterisk"),
            # It takes emergency calls without call control, and phones stay registered.
            wants=("sipcore",),
            ready=lambda: self.asterisk is not None and self.asterisk.is_ready(),
            user=self.home.user,
            stop_signal=Node.stop_signal,
        )

    def _node_files(self, node: Node) -> dict[str, str]:
        """The configuration, less what call control has written since: it changes while running."""
        live = (*sip.trunk_files([]), sip.BANS_FILE, *QUEUE_FILES, *OUTSIDE_FILES)
        return {
            name: text
            for name, text in sip.render(self.node, []).items()
            if name not in live or not (node.etc / name).exists()
        }

    def _admit_asterisk(self) -> None:
        """Let Asterisk sign in to the database: to its views, and nothing else."""
        statement = sql.SQL("alter role {} login password {}").format(
            sql.Identifier(sip.DATABASE_ROLE), sql.Literal(self.node.database.password)
        )
        with psycopg.connect(self.environment["DATABASE_URL"], autocommit=True) as connection:
            connection.execute(statement)

    def _python(
        self,
        name: str,
        title: str,
        command: Callable[[], Sequence[str]],
        *,
        env: Mapping[str, str] | None = None,
        **options: Any,
    ) -> Service:
        """A process of our own code."""
        # Its user's: libraries look for files there.
        place = {"HOME": str(self.home.root)} if self.user else {}
        return Service(
            name=name,
            title=title,
            command=command,
            env={**self.environment, **place, **(env or {})},
            user=self.user,
            **options,
        )

    def _web_address(self, listen: str) -> tuple[str, int]:
        if listen:
            address, _colon, port = listen.rpartition(":")
            if not port.isdigit():
                raise InvalidInput(
                    _("--listen must be ADDRESS:PORT, as in 0.0.0.0:%(port)s") % {"port": WEB_PORT},
                    field="listen",
                )
            return address or "127.0.0.1", int(port)
        return "127.0.0.1", self._port("web", WEB_PORT)

    def _port(self, name: str, preferred: int) -> int:
        """The same one at every start, unless somebody else has taken it."""
        path = self.home.directory("ports") / name
        if path.exists() and not is_free(int(path.read_text())):
            path.unlink()
        return remembered_port(path, preferred)


def _listens(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
    except OSError:
        return False


def _serves_http(address: str, port: int) -> bool:
    connection = http.client.HTTPConnection(address, port, timeout=5)
    try:
        connection.request("HEAD", "/", headers={"Host": "localhost"})
        return connection.getresponse().status < http.HTTPStatus.INTERNAL_SERVER_ERROR
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()

"""A whole exchange of its own for tests: PostgreSQL, Asterisk and sipcore, each killable.

It stands apart from the tests' common database, because tests kill it.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from django.core.management import call_command
from django.db import connections
from psycopg import sql

from tests.support.database.creation import digest_of_migrations
from tronco.runtime.asterisk import Node, find_asterisk
from tronco.runtime.paths import CHECKOUT, Home, instance_home
from tronco.runtime.ports import choose_port
from tronco.runtime.postgres import Cluster, binaries
from tronco.sipcore import config
from tronco.sipcore.places import DATABASE_SECRET, node_settings
from tronco.tenancy.rls import WEB_ROLE

CENTRAL = "node1"
REALM = "tronco"
SECRET_KEY = "only-for-tests"


class Exchange:
    """Use `open_exchange`. The parts start and die by methods of their names."""

    def __init__(self, *, slice_s: int) -> None:
        self._slice_s = slice_s
        base = instance_home()
        base.directory("test")
        root = base.root / "test" / f"exchange-{os.getpid()}"
        root.mkdir(mode=0o700)
        self.home = Home(root=root, user=base.user)
        if base.user:
            base.user.own(root)
        # Killing a process loses nothing that the system has; only a crash of the machine would.
        self.cluster = Cluster(self.home, "pg", settings={"fsync": "off"})
        ports = self.home.directory("ports")
        (ports / f"sip-{CENTRAL}").write_text(f"{choose_port()}\n")
        self.trunk_port = choose_port()
        self.node = Node(self.home, CENTRAL, find_asterisk())
        self._sipcore: subprocess.Popen[bytes] | None = None

    @property
    def server(self) -> tuple[str, int]:
        """Where telephones find it."""
        return "127.0.0.1", self.settings.sip_port

    def prepare_database(self) -> None:
        """Start PostgreSQL with the schema: read from a dump if these migrations ran before."""
        self.cluster.start()
        self.cluster.create_database("tronco")
        self.url = self.cluster.url("tronco")
        for role in (WEB_ROLE, config.DATABASE_ROLE):
            self.cluster.psql('create role :"role" nologin', role=role)
        self.cluster.psql('alter role :"role" set search_path = ast', role=config.DATABASE_ROLE)
        dump = instance_home().directory("test") / f"schema-{digest_of_migrations()}.sql"
        with _django_on(self):
            if dump.exists():
                self._program("psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", str(dump))
            else:
                call_command("migrate", verbosity=0)
                self._program("pg_dump", "--no-owner", "-f", f"{dump}.new")
                Path(f"{dump}.new").rename(dump)
        self.settings = node_settings(
            self.home, CENTRAL, database_url=self.url, realm=REALM, sip_address="127.0.0.1"
        )

    def _program(self, name: str, *options: str) -> None:
        argv = [str(binaries(None) / name), *options, "--dbname", self.url]
        subprocess.run(argv, check=True, stdout=subprocess.DEVNULL)

    def prepare_node(self) -> None:
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(
                sql.SQL("ALTER ROLE {} LOGIN PASSWORD {}").format(
                    sql.Identifier(config.DATABASE_ROLE),
                    sql.Literal(self.home.secret(DATABASE_SECRET)),
                )
            )
        self.node.prepare(config.render(self.settings, []))

    # -- PostgreSQL ------------------------------------------------------------------------------

    def stop_postgres(self) -> None:
        connections["default"].close()
        self.cluster.stop()

    def start_postgres(self) -> None:
        self.cluster.start()

    def kill_postgres(self) -> None:
        """kill -9 of the server, as a whole."""
        pid = int((self.cluster.data / "postmaster.pid").read_text().split("\n", 1)[0])
        connections["default"].close()
        os.kill(pid, signal.SIGKILL)
        self.cluster.stop()

    # -- Asterisk --------------------------------------------------------------------------------

    def start_asterisk(self) -> None:
        self.node.start()

    def kill_asterisk(self) -> None:
        assert self.node.pid is not None
        os.kill(self.node.pid, signal.SIGKILL)
        self.node.stop()

    # -- sipcore ---------------------------------------------------------------------------------

    def start_sipcore(self) -> None:
        self._sipcore = self.spawn("tronco", "sipcore", CENTRAL)
        wait_until(self._sipcore_listens, "sipcore listens", timeout_s=60)

    def spawn(self, *module: str) -> subprocess.Popen[bytes]:
        """Start a Python module as a process of this exchange, logging to a file of its name."""
        environment = {
            **os.environ,
            "DATABASE_URL": self.url,
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "TRONCO_HOME": str(self.home.root),
            "TRONCO_SECRET_KEY": SECRET_KEY,
            "TRONCO_SIP_REALM": REALM,
            "TRONCO_SLICE_S": str(self._slice_s),
            "PYTHONPATH": str(CHECKOUT),
        }
        name = module[1] if module[0] == "tronco" else module[0]
        with (self.home.directory("log") / f"{name}.log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", *module],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=CHECKOUT,
                start_new_session=True,
            )

    def stop_sipcore(self) -> int:
        assert self._sipcore is not None
        self._sipcore.terminate()
        status = self._sipcore.wait(15)
        self._sipcore = None
        return status

    def kill_sipcore(self) -> None:
        assert self._sipcore is not None
        self._sipcore.kill()
        self._sipcore.wait()
        self._sipcore = None

    @property
    def sipcore_pid(self) -> int | None:
        return self._sipcore.pid if self._sipcore else None

    @property
    def sipcore_log(self) -> Path:
        return self.home.directory("log") / "sipcore.log"

    @property
    def asterisk_log(self) -> Path:
        return self.home.directory("log") / f"asterisk-{CENTRAL}.log"

    def _sipcore_listens(self) -> bool:
        assert self._sipcore is not None and self._sipcore.poll() is None, (
            self.sipcore_log.read_text()
        )
        try:
            with socket.create_connection(("127.0.0.1", self.settings.agi_port), timeout=1):
                return True
        except OSError:
            return False

    def close(self) -> None:
        if self._sipcore:
            self.kill_sipcore()
        self.node.stop()
        connections["default"].close()
        self.cluster.stop()
        if os.environ.get("TRONCO_KEEP_EXCHANGE") != "1":
            shutil.rmtree(self.home.root, ignore_errors=True)


@contextmanager
def open_exchange(*, slice_s: int = 10) -> Iterator[Exchange]:
    """An exchange with an empty database, which Django uses for as long as the block runs.

    With slices of ten seconds, calls of a few seconds are prolonged too.
    """
    exchange = Exchange(slice_s=slice_s)
    try:
        exchange.prepare_database()
        with _django_on(exchange):
            exchange.prepare_node()
            yield exchange
    finally:
        exchange.close()


@contextmanager
def _django_on(exchange: Exchange) -> Iterator[None]:
    """Let Django's default connection be the exchange's database for as long as the block runs."""
    connection = connections["default"]
    connection.close()
    before = dict(connection.settings_dict)
    connection.settings_dict |= {
        "NAME": "tronco",
        "HOST": "127.0.0.1",
        "PORT": str(exchange.cluster.port),
        "USER": "tronco",
        "PASSWORD": exchange.cluster.password,
        "CONN_MAX_AGE": 0,
    }
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict.clear()
        connection.settings_dict |= before


def wait_until(
    holds: Callable[[], object], what: str, *, timeout_s: float = 10, every_s: float = 0.05
) -> None:
    """Wait until it holds; the failure says what did not."""
    deadline = time.monotonic() + timeout_s
    while not holds():
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {timeout_s} s: {what}")
        time.sleep(every_s)

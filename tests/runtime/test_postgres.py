"""The embedded PostgreSQL, for real: made, started, killed, restarted, left by its parent."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tronco.core.errors import Unavailable
from tronco.runtime.errors import ComponentMissing
from tronco.runtime.paths import CHECKOUT, Home
from tronco.runtime.postgres import Cluster
from tronco.runtime.privileges import service_user
from tronco.runtime.proc import start_ticks, working_in


@pytest.fixture
def home() -> Iterator[Home]:
    # Not pytest's directory: the user without rights must reach it when root runs the tests.
    place = Path(tempfile.mkdtemp(prefix="tronco-test-"))
    user = service_user()
    if user:
        user.own(place)
    yield Home(place, user)
    wait_until_gone(place / "pg/data")
    shutil.rmtree(place)


def wait_until_gone(data: Path) -> None:
    deadline = time.monotonic() + 10
    while working_in(data):
        assert time.monotonic() < deadline, "the server lives on without its parent"
        time.sleep(0.05)


@pytest.fixture
def cluster(home: Home) -> Iterator[Cluster]:
    made = Cluster(home)
    made.start()
    yield made
    made.stop()


def server_pid(cluster: Cluster) -> int:
    return int((cluster.data / "postmaster.pid").read_text().split()[0])


def test_it_answers_only_to_its_password_on_this_machine(cluster: Cluster) -> None:
    assert cluster.psql("select current_user") == "tronco"
    assert cluster.psql("show listen_addresses") == "127.0.0.1"
    assert cluster.psql("show fsync") == "on"
    assert cluster.psql("select upper('ação')") == "AÇÃO"
    assert (
        cluster.psql("select datlocale from pg_database where datname = 'template1'") == "C.UTF-8"
    )
    methods = cluster.psql("select distinct auth_method from pg_hba_file_rules")
    assert methods == "scram-sha-256"
    assert stat.S_IMODE(cluster.data.stat().st_mode) == 0o700
    assert stat.S_IMODE((cluster.directory / "socket").stat().st_mode) == 0o700

    cluster.home.write("secrets/pg-superuser", "wrong")
    with pytest.raises(Unavailable, match="password authentication failed"):
        cluster.psql("select 1")
    assert not cluster.is_ready()


def test_it_runs_without_rights(cluster: Cluster) -> None:
    status = Path(f"/proc/{server_pid(cluster)}/status").read_text()
    uid = int(status.split("Uid:")[1].split()[0])
    assert uid != 0
    assert uid == (cluster.user.uid if cluster.user else os.geteuid())


def test_databases_are_made_once_whatever_their_name(cluster: Cluster) -> None:
    name = 'it\'s "odd"; drop'
    assert cluster.create_database(name)
    assert not cluster.create_database(name)
    assert cluster.psql("select current_database()", dbname=name) == name


def test_what_was_committed_survives_kill_9(cluster: Cluster) -> None:
    cluster.psql("create table t as select generate_series(1, 1000) as n")
    port = cluster.port
    os.kill(server_pid(cluster), signal.SIGKILL)
    begun = time.monotonic()
    cluster.start()
    assert time.monotonic() - begun < 10
    assert cluster.psql("select count(*) from t") == "1000"
    assert cluster.port == port


def test_it_stops_at_once_with_clients_connected_and_starts_again(cluster: Cluster) -> None:
    client = subprocess.Popen(
        [sys.executable, "-c", CLIENT, cluster.url("postgres")], stdout=subprocess.PIPE
    )
    assert client.stdout is not None
    assert client.stdout.readline() == b"connected\n"
    begun = time.monotonic()
    cluster.stop()
    assert time.monotonic() - begun < 5
    client.kill()
    client.communicate()
    assert working_in(cluster.data) == set()
    assert not cluster.is_ready()
    cluster.start()
    assert cluster.is_ready()


CLIENT = """
import psycopg, sys, time
with psycopg.connect(sys.argv[1]) as connection:
    connection.execute("select 1")
    print("connected", flush=True)
    time.sleep(60)
"""

PARENT = """
import sys, time
from pathlib import Path
from tronco.runtime.paths import Home
from tronco.runtime.postgres import Cluster
from tronco.runtime.privileges import service_user
cluster = Cluster(Home(Path(sys.argv[1]), service_user()))
cluster.start()
print("started", flush=True)
time.sleep(60)
"""


def start_elsewhere(home: Home) -> subprocess.Popen[bytes]:
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(home.root)],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
    )
    assert parent.stdout is not None
    assert parent.stdout.readline() == b"started\n"
    return parent


def test_it_does_not_outlive_a_killed_parent(home: Home) -> None:
    parent = start_elsewhere(home)
    pid = server_pid(Cluster(home))
    parent.kill()
    parent.communicate()
    wait_until_gone(Cluster(home).data)
    assert start_ticks(pid) == -1


def test_a_frozen_server_left_by_a_killed_parent_is_taken_over(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tronco.runtime.postgres.STALE_TIMEOUT_S", 1.0)
    parent = start_elsewhere(home)
    pid = server_pid(Cluster(home))
    os.kill(pid, signal.SIGSTOP)
    parent.kill()
    parent.communicate()
    cluster = Cluster(home)
    try:
        cluster.start()
        assert start_ticks(pid) == -1
        assert cluster.is_ready()
    finally:
        cluster.stop()


def test_two_processes_do_not_run_one_cluster(home: Home) -> None:
    parent = start_elsewhere(home)
    try:
        pid = server_pid(Cluster(home))
        with pytest.raises(ComponentMissing, match="already runs"):
            Cluster(home).start()
        assert start_ticks(pid) != -1
    finally:
        parent.terminate()
        parent.communicate()


def test_a_number_reused_by_another_process_does_not_stop_it(cluster: Cluster) -> None:
    pid_file = cluster.data / "postmaster.pid"
    text = pid_file.read_text()
    cluster.stop()
    other = subprocess.Popen(["sleep", "60"], **(cluster.user.popen_args() if cluster.user else {}))
    try:
        pid_file.write_text(text.replace(text.split("\n")[0], str(other.pid), 1))
        cluster.start()
        assert cluster.is_ready()
        assert other.poll() is None
    finally:
        other.kill()
        other.wait()


def test_a_half_made_cluster_is_made_anew(home: Home) -> None:
    home.directory("pg/data")
    home.write("pg/data/half", "")
    cluster = Cluster(home)
    cluster.start()
    cluster.stop()
    assert not (cluster.data / "half").exists()

"""Directories, ports and the cache."""

from __future__ import annotations

import os
import socket
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tronco.runtime.cache import cached
from tronco.runtime.errors import ComponentMissing
from tronco.runtime.paths import CHECKOUT, Home, instance_home
from tronco.runtime.ports import choose_port, is_free, remembered_port
from tronco.runtime.privileges import run_as, service_user

is_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
is_user = pytest.mark.skipif(os.geteuid() == 0, reason="needs an ordinary user")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def no_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.delenv("TRONCO_HOME", raising=False)
    monkeypatch.setattr("tronco.runtime.paths.ROOT_HOMES", tmp_path / "lib")
    # pytest's directories are closed to others, /var/lib is not.
    for directory in [tmp_path, tmp_path.parent, tmp_path.parent.parent]:
        directory.chmod(0o755)
    checkout = tmp_path / "checkout"
    checkout.mkdir()
    return checkout


def test_files_of_a_home_are_closed_to_others_and_written_whole(tmp_path: Path) -> None:
    home = Home(tmp_path)
    path = home.write("a/b/c.conf", "one")
    home.write("a/b/c.conf", "two")
    assert path.read_text() == "two"
    assert [mode(p) for p in (path, path.parent, path.parent.parent)] == [0o600, 0o700, 0o700]
    assert [p.name for p in path.parent.iterdir()] == ["c.conf"]


def test_a_secret_is_made_once(tmp_path: Path) -> None:
    home = Home(tmp_path)
    secret = home.secret("django")
    assert len(secret) >= 40
    assert home.secret("django") == secret
    assert home.secret("other") != secret
    assert mode(tmp_path / "secrets/django") == 0o600


@is_user
def test_an_ordinary_users_home_is_in_the_checkout(no_home: Path) -> None:
    home = instance_home(no_home)
    assert home == Home(no_home / "var")


@is_root
def test_roots_home_belongs_to_a_user_without_rights_who_can_reach_it(no_home: Path) -> None:
    home = instance_home(no_home)
    assert (no_home / "var").resolve() == home.root
    assert home.root.parent == no_home.parent / "lib"
    assert home.user is not None
    assert home.user.uid != 0
    made = home.write("run/some", "text")
    assert (made.stat().st_uid, home.root.stat().st_uid) == (home.user.uid, home.user.uid)
    assert run_as(home.user, ["cat", str(made)]) == 0
    assert instance_home(no_home) == home


@is_root
def test_a_new_checkout_in_an_old_place_starts_afresh_and_keeps_the_old_data(
    no_home: Path,
) -> None:
    home = instance_home(no_home)
    home.directory("pg")
    home.write("note", "old")
    (no_home / "var").unlink()
    again = instance_home(no_home)
    assert again == home
    assert not (again.root / "note").exists()
    (kept,) = home.root.parent.glob("*.until-*")
    assert (kept / "note").read_text() == "old"


@is_root
def test_reports_written_before_the_set_up_are_kept(no_home: Path) -> None:
    (no_home / "var").mkdir()
    (no_home / "var/bench.json").write_text("{}")
    home = instance_home(no_home)
    assert (home.root / "bench.json").read_text() == "{}"


@is_root
def test_an_instance_of_an_ordinary_user_stays_his_under_sudo(no_home: Path) -> None:
    (no_home / "var").mkdir()
    os.chown(no_home / "var", 65534, 65534)
    home = instance_home(no_home)
    assert home.root == no_home / "var"
    assert home.user is not None
    assert home.user.uid == 65534


@is_root
def test_a_home_that_the_services_cannot_reach_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "closed").mkdir(mode=0o700)
    monkeypatch.setenv("TRONCO_HOME", str(tmp_path / "closed/home"))
    with pytest.raises(ComponentMissing, match="cannot be reached by the user") as refused:
        instance_home()
    assert "TRONCO_HOME" in refused.value.cure


def test_root_runs_services_as_somebody_else() -> None:
    user = service_user()
    assert (user is None) == (os.geteuid() != 0)
    if user:
        assert run_as(user, ["test", "-w", "/etc"]) != 0
        assert not user.can_use(Path("/etc/shadow"))


def test_ports_are_chosen_free_and_remembered(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        busy = taken.getsockname()[1]
        assert not is_free(busy)
        port = remembered_port(tmp_path / "port", preferred=busy)
        assert port != busy
    assert choose_port(busy) == busy
    assert remembered_port(tmp_path / "port", preferred=busy) == port


def test_the_cache_builds_a_thing_once_even_when_many_ask(tmp_path: Path) -> None:
    built = []

    def build(target: Path) -> None:
        built.append(target)
        (target / "part").write_text("1")
        threading.Event().wait(0.1)
        (target / "whole").write_text("2")

    seen = []
    askers = [
        threading.Thread(target=lambda: seen.append(cached("thing-1", build, cache=tmp_path)))
        for _ in range(5)
    ]
    for asker in askers:
        asker.start()
    for asker in askers:
        asker.join()
    assert len(built) == 1
    assert set(seen) == {tmp_path / "thing-1"}
    assert sorted(p.name for p in seen[0].iterdir()) == ["part", "whole"]


def test_a_set_up_that_was_killed_leaves_nothing_half_made(tmp_path: Path) -> None:
    program = (
        "import os, pathlib, sys; from tronco.runtime.cache import cached\n"
        "def build(target): (target / 'part').write_text('1'); os.kill(os.getpid(), 9)\n"
        "cached('thing-1', build, cache=pathlib.Path(sys.argv[1]))"
    )
    environment = {**os.environ, "PYTHONPATH": str(CHECKOUT)}
    subprocess.run([sys.executable, "-c", program, str(tmp_path)], check=False, env=environment)
    assert not (tmp_path / "thing-1").exists()
    place = cached("thing-1", lambda target: (target / "whole").touch(), cache=tmp_path)
    assert [p.name for p in place.iterdir()] == ["whole"]

"""The supervisor, run for real with real child processes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tronco.runtime.logs import LogFile
from tronco.runtime.paths import CHECKOUT
from tronco.runtime.proc import start_ticks

INSTANCE = Path(__file__).with_name("instance.py")


class Instance:
    """One run of instance.py."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.process: subprocess.Popen[str] | None = None

    def start(self, case: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, str(INSTANCE), str(self.home), case],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
        )

    def finish(self, how: signal.Signals | None = signal.SIGTERM) -> tuple[int, str]:
        assert self.process is not None
        if how:
            self.process.send_signal(how)
        output, _ = self.process.communicate(timeout=20)
        return self.process.returncode, output

    def status(self, name: str) -> dict[str, Any]:
        try:
            facts = json.loads((self.home / "run/status.json").read_text())
        except FileNotFoundError:
            return {"state": "none", "pid": None, "restarts": 0}
        return next(entry for entry in facts["services"] if entry["name"] == name)

    def wait_for(self, name: str, state: str = "running", *, not_pid: int = 0) -> int:
        wait_until(
            lambda: self.status(name)["state"] == state and self.status(name)["pid"] != not_pid
        )
        return self.status(name)["pid"] or 0

    def grandchild(self, name: str) -> int:
        return int((self.home / f"{name}.grandchild").read_text())

    def events(self) -> list[str]:
        return (self.home / "events").read_text().splitlines()


def wait_until(condition: Callable[[], bool], timeout_s: float = 10) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def is_alive(pid: int) -> bool:
    return start_ticks(pid) != -1


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[Instance]:
    made = Instance(tmp_path)
    yield made
    if made.process and made.process.poll() is None:
        made.finish()


def test_starts_in_order_and_stops_in_reverse_without_orphans(instance: Instance) -> None:
    instance.start("order")
    leaf, base = instance.wait_for("leaf"), instance.status("base")["pid"]
    left = [instance.grandchild("leaf"), instance.grandchild("base")]
    assert instance.status("step")["state"] == "done"

    code, output = instance.finish(signal.SIGINT)

    assert code == 0
    assert instance.events() == [
        "step done",
        "base ready",
        "leaf ready",
        "leaf stops",
        "base stops",
    ]
    assert not any(is_alive(pid) for pid in [leaf, base, *left])
    assert "[3/3] Leaf … ok" in output
    assert instance.status("leaf")["state"] == "stopped"
    assert (instance.home / "log/leaf.log").read_text() == "leaf speaks\n"


def test_a_crashed_process_is_back_within_a_second(instance: Instance) -> None:
    instance.start("order")
    leaf = instance.wait_for("leaf")
    base = instance.status("base")["pid"]
    left = instance.grandchild("leaf")

    os.kill(leaf, signal.SIGKILL)
    died = time.monotonic()
    instance.wait_for("leaf", not_pid=leaf)

    assert time.monotonic() - died < 1
    assert instance.status("leaf")["restarts"] == 1
    assert instance.status("base")["pid"] == base
    assert not is_alive(left), "what the crashed process had started lives on"


def test_a_process_that_ignores_the_request_to_stop_is_killed(instance: Instance) -> None:
    instance.start("stubborn")
    stubborn = instance.wait_for("stubborn")
    assert instance.finish()[0] == 0
    assert not is_alive(stubborn)
    assert instance.events()[-1] == "base stops"


def test_a_frozen_process_is_started_again(instance: Instance) -> None:
    instance.start("frozen")
    base = instance.wait_for("base")
    os.kill(base, signal.SIGSTOP)
    instance.wait_for("base", not_pid=base)
    assert not is_alive(base)


def test_a_missing_component_is_named_and_the_rest_starts(instance: Instance) -> None:
    instance.start("missing")
    instance.wait_for("base")
    instance.wait_for("desk")
    instance.wait_for("phone", "skipped")
    code, output = instance.finish()
    assert code == 0
    assert "Switch … MISSING: Switch: is not to be had\n  What to do: build one" in output
    assert "Phone … SKIPPED: needs Switch" in output


def test_without_something_essential_nothing_runs(instance: Instance) -> None:
    instance.start("essential")
    code, output = instance.finish(how=None)
    assert code == 1
    assert "Step … FAILED: ended with status 3" in output
    assert "      | no disk\n" in output
    assert "What to do: mend it" in output
    assert instance.status("base")["state"] == "stopped"


def test_killed_supervisor_leaves_nothing_after_the_next_start(instance: Instance) -> None:
    instance.start("order")
    leaf, base = instance.wait_for("leaf"), instance.status("base")["pid"]
    left = instance.grandchild("leaf")

    assert instance.process is not None
    instance.process.kill()
    instance.process.communicate()
    # The kernel tells the children; it does not know of what they had started.
    wait_until(lambda: not is_alive(leaf) and not is_alive(base), 5)

    (instance.home / "events").unlink()
    instance.start("order")
    instance.wait_for("leaf", not_pid=leaf)
    assert not is_alive(left)


def test_a_second_ctrl_c_kills_and_starts_nothing_again(instance: Instance) -> None:
    instance.start("stubborn")
    stubborn, base = instance.wait_for("stubborn"), instance.status("base")["pid"]
    assert instance.process and instance.process.stdout
    instance.process.send_signal(signal.SIGINT)
    said = ""
    while "Stopping" not in said:
        said = instance.process.stdout.readline()
        assert said, "it has ended without a word"
    code, output = instance.finish(signal.SIGINT)
    assert code == 0
    assert "Killing what has not stopped yet" in output
    assert "again" not in output
    assert not is_alive(stubborn) and not is_alive(base)


def test_one_instance_runs_once(instance: Instance) -> None:
    instance.start("order")
    leaf = instance.wait_for("leaf")
    second = Instance(instance.home)
    second.start("order")
    code, output = second.finish(how=None)
    assert code == 1
    assert "already runs" in output
    assert is_alive(leaf)


def test_logs_are_rotated_between_lines(tmp_path: Path) -> None:
    log = LogFile(tmp_path / "web.log", largest_bytes=100, kept=2)
    for number in range(100):
        log.write(f"line {number:03}\n".encode())
    kept = sorted(path.name for path in tmp_path.iterdir())
    assert kept == ["web.log", "web.log.1", "web.log.2"]
    lines = [line for name in reversed(kept) for line in (tmp_path / name).read_text().split("\n")]
    assert [line for line in lines if line] == [f"line {n:03}" for n in range(72, 100)]
    assert log.tail(2) == ["line 098", "line 099"]
    log.close()

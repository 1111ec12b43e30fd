"""A small instance run by a real supervisor, for test_supervisor.py: `instance.py HOME [CASE]`.

Its services write what happens to them into HOME/events.
"""

from __future__ import annotations

import signal
import sys
from dataclasses import replace
from pathlib import Path

from tronco.runtime.errors import ComponentMissing
from tronco.runtime.paths import Home
from tronco.runtime.service import Service
from tronco.runtime.supervisor import Supervisor, sole_supervisor

# Says what happens to it, and starts a grandchild that nobody waits for.
PROGRAM = """
import os, pathlib, signal, subprocess, sys, time
home, name, slow = pathlib.Path(sys.argv[1]), sys.argv[2], float(sys.argv[3])
def say(what):
    with (home / "events").open("a") as events:
        events.write(f"{name} {what}\\n")
def stop(number, frame):
    say("stops")
    sys.exit(0)
signal.signal(signal.SIGTERM, signal.SIG_IGN if name == "stubborn" else stop)
grandchild = subprocess.Popen(["sleep", "60"])
(home / f"{name}.grandchild").write_text(str(grandchild.pid))
time.sleep(slow)
(home / f"{name}.ready").write_text(str(os.getpid()))
say("ready")
print(name, "speaks", flush=True)
while True:
    time.sleep(0.05)
    (home / f"{name}.beat").write_text(str(time.time()))
"""


def service(home: Path, name: str, *needs: str, slow: float = 0) -> Service:
    def command() -> list[str]:
        (home / f"{name}.ready").unlink(missing_ok=True)
        return [sys.executable, "-c", PROGRAM, str(home), name, str(slow)]

    return Service(
        name=name,
        title=name.capitalize(),
        command=command,
        needs=needs,
        ready=(home / f"{name}.ready").exists,
        start_timeout_s=10,
        stop_timeout_s=1,
    )


def missing() -> list[str]:
    raise ComponentMissing("Switch", "is not to be had", cure="build one")


def step(home: Path, code: str) -> Service:
    argv = [sys.executable, "-c", code]
    return Service(name="step", title="Step", command=lambda: argv, once=True, cure="mend it")


def services(home: Path, case: str) -> list[Service]:
    base = service(home, "base", slow=0.3)
    if case == "order":
        return [
            service(home, "leaf", "base", "step"),
            step(home, f"open({str(home / 'events')!r}, 'a').write('step done\\n')"),
            base,
        ]
    if case == "stubborn":
        return [base, service(home, "stubborn", "base")]
    if case == "frozen":
        beat = home / "base.beat"

        def alive() -> bool:
            before = beat.read_text() if beat.exists() else ""
            signal.sigtimedwait([], 0.3)
            return beat.exists() and beat.read_text() != before

        return [replace(base, ready=alive, frozen_after_s=0.5)]
    if case == "missing":
        switch = Service(name="switch", title="Switch", command=missing)
        desk = replace(service(home, "desk"), wants=("switch",))
        return [base, switch, service(home, "phone", "switch"), desk]
    if case == "essential":
        return [replace(step(home, "print('no disk'); raise SystemExit(3)"), essential=True), base]
    raise SystemExit(f"no such case: {case}")


if __name__ == "__main__":
    place = Home(Path(sys.argv[1]))
    with sole_supervisor(place):
        sys.exit(Supervisor(place, services(place.root, sys.argv[2])).run())

"""What the kernel knows of processes that are not our children."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

PROC = Path("/proc")


def start_ticks(pid: int) -> int:
    """When the process began, in the kernel's count, or -1 when it is gone.

    With its number it names a process for ever: numbers are used again.
    """
    fields = _stat(PROC / str(pid))
    return int(fields[21 - FIRST]) if fields and fields[0] != "Z" else -1


def session_members(leader: int) -> set[int]:
    """Live processes of the session that `leader` began; it may be gone itself."""
    return {
        int(process.name)
        for process in _processes()
        if (fields := _stat(process)) and fields[0] != "Z" and int(fields[5 - FIRST]) == leader
    }


def working_in(directory: Path) -> set[int]:
    """Live processes whose working directory it is."""
    found = set()
    for process in _processes():
        with contextlib.suppress(OSError):
            if (process / "cwd").readlink() == directory:
                found.add(int(process.name))
    return found


def machine() -> str:
    """Which run of which machine or container this is: elsewhere process numbers mean nothing."""
    boot = (PROC / "sys/kernel/random/boot_id").read_text().strip()
    return f"{boot} {(PROC / 'self/ns/pid').stat().st_ino}"


# The first field after the command name, counted from 0.
FIRST = 2


def _stat(process: Path) -> list[str]:
    """The fields of /proc/<pid>/stat from the state on; nothing when the process is gone."""
    try:
        # The command name, in parentheses, may hold spaces and parentheses.
        return (process / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def _processes() -> Iterator[Path]:
    return PROC.glob("[0-9]*")

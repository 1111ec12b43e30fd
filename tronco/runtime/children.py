"""Child processes that never outlive us."""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from typing import IO

from tronco.runtime.privileges import ServiceUser

PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


def spawn_child(
    argv: Sequence[str],
    *,
    user: ServiceUser | None = None,
    death_signal: signal.Signals = signal.SIGTERM,
    output: IO[bytes] | int = subprocess.DEVNULL,
    env: Mapping[str, str] | None = None,
) -> subprocess.Popen[bytes]:
    """Start a long-running process, in a session of its own, as `user`, tied to our life."""
    return subprocess.Popen(
        argv,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        env=env,
        start_new_session=True,
        # Runs after the change of user, which would undo it. It only makes two system calls, so
        # it is safe beside threads too.
        preexec_fn=_tied_to_parent(death_signal),  # noqa: PLW1509
        **(user.popen_args() if user else {}),
    )


def stop_child(
    child: subprocess.Popen[bytes], stop_signal: signal.Signals, *, timeout_s: float
) -> int:
    """Ask the child to stop, insist with SIGKILL after the time, reap it; its exit status."""
    child.send_signal(stop_signal)
    try:
        status = child.wait(timeout_s)
    except subprocess.TimeoutExpired:
        child.kill()
        status = child.wait()
    # Its own children, if it started any in its session and left them.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)
    return status


def raise_file_limit() -> None:
    """Let our children open as many files as the system allows: a call takes several."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _tied_to_parent(death_signal: signal.Signals) -> Callable[[], None]:
    """A `preexec_fn`: the kernel sends `death_signal` to the child when its parent is gone.

    It works also when we are killed with -9. The parent is the *thread* that starts the child,
    so start children from the main thread.
    """
    parent = os.getpid()

    def prepare() -> None:
        _libc.prctl(PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0)
        if os.getppid() != parent:
            # It died before we asked.
            os._exit(1)

    return prepare

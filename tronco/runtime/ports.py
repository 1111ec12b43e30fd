"""Ports on this machine, chosen once and remembered."""

from __future__ import annotations

import random
import socket
from pathlib import Path

# Below the range from which the kernel takes ports for outgoing connections.
LOWEST, HIGHEST = 20_000, 32_000
ATTEMPTS = 200


def is_free(port: int, *, host: str = "127.0.0.1") -> bool:
    """Whether nobody listens on the port, neither on TCP nor on UDP."""
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        with socket.socket(socket.AF_INET, kind) as probe:
            if kind == socket.SOCK_STREAM:
                # A port whose last connections are still in TIME_WAIT is free for a server.
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError:
                return False
    return True


def choose_port(preferred: int | None = None, *, host: str = "127.0.0.1") -> int:
    """The preferred port if it is free, else some free one."""
    if preferred is not None and is_free(preferred, host=host):
        return preferred
    for _ in range(ATTEMPTS):
        port = random.randint(LOWEST, HIGHEST)  # noqa: S311 - not a secret
        if is_free(port, host=host):
            return port
    raise OSError(f"no free port between {LOWEST} and {HIGHEST} on {host}")


def read_port(path: Path) -> int | None:
    """The port written in `path`; None where nothing was written."""
    return int(path.read_text()) if path.exists() else None


def remembered_port(path: Path, preferred: int | None = None) -> int:
    """The port written in `path`; chosen and written there the first time."""
    if path.exists():
        return int(path.read_text())
    port = choose_port(preferred)
    path.write_text(f"{port}\n")
    return port


def page_port_file(home: Path, central: str) -> Path:
    """Where the port at which a central takes telephones of pages is written down."""
    return home / "ports" / f"phone-{central}"

"""Fetch what is needed and is no Python package: `python -m tronco.runtime.fetch [PART ...]`.

What cannot be had is named with its cure. That is an error for a part asked for by name; without
names, everything that can be had is fetched.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from tronco.core.errors import TroncoError
from tronco.runtime.assets import fetch_assets, fetch_test_assets
from tronco.runtime.asterisk import find_asterisk
from tronco.runtime.tools import CHROMIUM, ESPEAK, SIPP, tool_path


def _asterisk() -> str:
    found = find_asterisk()
    return f"{found.version}" + (f" (warning: {found.warning})" if found.warning else "")


PARTS: dict[str, Callable[[], str]] = {
    "assets": lambda: str(fetch_assets()),
    "test-assets": lambda: str(fetch_test_assets()),
    "asterisk": _asterisk,
    "espeak-ng": lambda: str(tool_path(ESPEAK)),
    "sipp": lambda: str(tool_path(SIPP)),
    "chromium": lambda: str(tool_path(CHROMIUM)),
}


def main(names: Sequence[str]) -> int:
    wanted = list(names) or list(PARTS)
    if unknown := set(wanted) - PARTS.keys():
        sys.stderr.write(f"no such part: {', '.join(unknown)}; there are {', '.join(PARTS)}\n")
        return 2
    with ThreadPoolExecutor() as pool:
        outcomes = list(pool.map(_fetch, wanted))
    return 0 if all(outcomes) or not names else 1


def _fetch(name: str) -> bool:
    begun = time.monotonic()
    try:
        found = PARTS[name]()
    except TroncoError as problem:
        print(problem, flush=True)
        return False
    took = time.monotonic() - begun
    if took > 1:
        print(f"fetched {name}: {found} ({took:.1f} s)", flush=True)
    return True


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

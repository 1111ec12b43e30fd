"""`make bench`: run every measure, print one table, write bench.json into the instance directory.

A measure is a module of this folder with `run() -> list[dict]`; each dict has `name`, `value`,
`unit` and, where there is a physical floor, `floor` (measured in the same run) and `ratio` with its
`aim`.
"""

from __future__ import annotations

import argparse
import importlib
import json
import logging
import os
import platform
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent


def main() -> int:
    """Run the measures named on the command line, or all."""
    names = sorted(p.stem for p in HERE.glob("*.py") if not p.stem.startswith("_"))
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("measure", nargs="*", help=f"any of: {', '.join(names)}")
    wanted = parser.parse_args().measure or names
    if unknown := sorted(set(wanted) - set(names)):
        parser.error(f"no such measure: {', '.join(unknown)}; there are {', '.join(names)}")
    # It would tell of every task that it registers.
    logging.getLogger("procrastinate").setLevel(logging.WARNING)
    rows: list[dict[str, Any]] = []
    for name in wanted:
        print(f"== {name}", flush=True)
        for row in importlib.import_module(f"bench.{name}").run():
            rows.append({"measure": name, **row})
            print(_line(row), flush=True)
    home = Path(os.environ.get("TRONCO_HOME", "var"))
    home.mkdir(parents=True, exist_ok=True)
    (home / "bench.json").write_text(json.dumps(_report(rows), indent=1, default=str))
    missed = [row for row in rows if "aim" in row and row["ratio"] < row["aim"]]
    print(f"{len(rows)} figures, {len(missed)} below their aim -> {home / 'bench.json'}")
    return 0


def _line(row: dict[str, Any]) -> str:
    text = f"  {row['name']:<58} {row['value']:>14,.1f} {row['unit']:<10}"
    if "ratio" in row:
        text += f" {row['ratio']:>6.2f} of the floor"
    if "aim" in row:
        text += f" (aim {row['aim']})"
    return text


def _report(rows: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "cpus": os.cpu_count(),
        "rows": rows,
    }


if __name__ == "__main__":
    sys.exit(main())

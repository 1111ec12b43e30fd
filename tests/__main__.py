"""`make test`: every test, in four pytests beside one another, of which three wait more than work.

Those with telephones, with a browser or with faults tell what they found at the end; the fourth
makes way for them, who wait for seconds of a clock while it only wants work done.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

APART = ("tests/asterisk", "tests/browser", "tests/faults")


def main() -> int:
    """Run them all; 0 when none failed."""
    pytest = [sys.executable, "-m", "pytest"]
    ignored = [f"--ignore={folder}" for folder in APART]
    with_phones = sorted(map(str, Path("tests/asterisk").glob("test_*.py")))
    groups = [with_phones[::2], with_phones[1::2], ["tests/browser", "tests/faults"]]
    with ExitStack() as stack:
        logs = [stack.enter_context(tempfile.TemporaryFile()) for _ in groups]
        apart = [
            stack.enter_context(subprocess.Popen([*pytest, *group], stdout=log, stderr=log))
            for group, log in zip(groups, logs, strict=True)
        ]
        try:
            rest = ["nice", "-n", "10", *pytest, *ignored]
            failed = [subprocess.run(rest, check=False).returncode]
            failed += [process.wait() for process in apart]
        finally:
            for process in apart:
                process.terminate()
        for log in logs:
            log.seek(0)
            sys.stdout.buffer.write(log.read())
    return int(any(failed))


if __name__ == "__main__":
    sys.exit(main())

"""`make test`: every test, in three pytests beside one another, of which two wait more than work.

Those with telephones and those with a browser or with faults tell what they found at the end.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from contextlib import ExitStack

APART = (["tests/asterisk"], ["tests/browser", "tests/faults"])


def main() -> int:
    """Run them all; 0 when none failed."""
    pytest = [sys.executable, "-m", "pytest"]
    ignored = [f"--ignore={folder}" for folders in APART for folder in folders]
    with ExitStack() as stack:
        logs = [stack.enter_context(tempfile.TemporaryFile()) for _ in APART]
        apart = [
            stack.enter_context(subprocess.Popen([*pytest, *folders], stdout=log, stderr=log))
            for folders, log in zip(APART, logs, strict=True)
        ]
        try:
            failed = [subprocess.run([*pytest, *ignored], check=False).returncode]
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

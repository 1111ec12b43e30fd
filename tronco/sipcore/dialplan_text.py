"""How contexts, extensions and steps are written."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

DIALLED = "_[+*#0-9]!"
# A second character at least: single letters are Asterisk's own extensions (h, i, t ...).
DIALLED_NAME = "_[a-zA-Z]."
NOW = "${STRFTIME(,UTC,%Y%m%dT%H%M%S.%3q)}"


def context(name: str, body: str) -> str:
    return f"[{name}]\n{body}"


def any_dialled(steps: Sequence[str]) -> str:
    """The steps, whatever was dialled."""
    return extension(DIALLED, steps) + extension(DIALLED_NAME, steps)


def extension(name: str, steps: Sequence[str]) -> str:
    """Write the steps of an extension; one that is jumped to begins with `(label)`."""
    lines = []
    for place, step in enumerate(steps):
        label, application = "", step
        if step.startswith("("):
            label, application = step[: step.index(")") + 1], step[step.index(")") + 1 :]
        lines.append(f"exten => {name},{'n' if place else '1'}{label},{application}")
    return "\n".join(lines) + "\n"


def goto(name: str) -> str:
    """To another context; what was dialled stays the extension, as the display shows it."""
    return f"Goto({name},${{EXTEN}},1)"


def append(spool: Path, fields: Sequence[str]) -> str:
    """One line, opened, written and closed at once: nothing is lost with the process."""
    return f"Set(FILE({spool},,,al,u)={'|'.join(fields)})"


def when(condition: str, application: str) -> str:
    return f"ExecIf($[{condition}]?{application})"

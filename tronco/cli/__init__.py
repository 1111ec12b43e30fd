"""`tronco`, the operator's command line.

Each command is a module with `add_arguments(parser)` and `run(args) -> exit status`. It is imported
only when it is chosen, so that `tronco --help` is instant and needs nothing but Python.
"""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Sequence
from typing import Protocol, cast

from tronco.core.errors import TroncoError

COMMANDS: dict[str, tuple[str, str]] = {
    # name: (module, what it does)
    "card": ("tronco.cli.card", "calling cards: make, show, credit, block"),
    "circuit": ("tronco.cli.circuit", "circuits and their balance: what the screens do"),
    "demo": ("tronco.cli.demo", "load a demonstration operator into an empty installation"),
    "did": ("tronco.cli.did", "numbers and ranges: what the screens do"),
    "doctor": ("tronco.cli.doctor", "look at every part, say what is wrong and how to cure it"),
    "prepare": ("tronco.cli.prepare", "make the master, the central and the first administrator"),
    "quote": ("tronco.cli.quote", "price calls by a tariff file, without a database"),
    "rerate": ("tronco.cli.rerate", "price the calls of a period again, and compare"),
    "sipcore": ("tronco.cli.sipcore", "call control: authorises calls and watches the switches"),
    "tariff": ("tronco.cli.tariff", "price lists: import, show, publish, withdraw, export"),
    "up": ("tronco.cli.up", "run every part of Tronco on this machine, until Ctrl-C"),
}


class Command(Protocol):
    def add_arguments(self, parser: argparse.ArgumentParser) -> None: ...

    def run(self, args: argparse.Namespace) -> int: ...


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; problems are told in a sentence, without a traceback."""
    words = list(sys.argv[1:] if argv is None else argv)
    parser = argparse.ArgumentParser(prog="tronco", description="Runs and manages Tronco.")
    choices = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, (module, help_text) in COMMANDS.items():
        command = choices.add_parser(name, help=help_text, description=help_text)
        if words[:1] == [name]:
            chosen = cast(Command, importlib.import_module(module))
            chosen.add_arguments(command)
    args = parser.parse_args(words)
    try:
        return chosen.run(args)
    except TroncoError as error:
        print(f"tronco {args.command}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130

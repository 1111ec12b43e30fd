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
from tronco.runtime.translations import gettext as _
from tronco.runtime.translations import gettext_noop

COMMANDS: dict[str, tuple[str, str]] = {
    # name: (module, what it does)
    "card": ("tronco.cli.card", gettext_noop("calling cards: make, show, credit, block")),
    "circuit": (
        "tronco.cli.circuit",
        gettext_noop("circuits and their balance: what the screens do"),
    ),
    "demo": (
        "tronco.cli.demo",
        gettext_noop("load a demonstration operator into an empty installation"),
    ),
    "did": ("tronco.cli.did", gettext_noop("numbers and ranges: what the screens do")),
    "doctor": (
        "tronco.cli.doctor",
        gettext_noop("look at every part, say what is wrong and how to cure it"),
    ),
    "prepare": (
        "tronco.cli.prepare",
        gettext_noop("make the schema, the master, the central and the first administrator"),
    ),
    "quote": ("tronco.cli.quote", gettext_noop("price calls by a tariff file, without a database")),
    "rerate": ("tronco.cli.rerate", gettext_noop("price the calls of a period again, and compare")),
    "rollup": (
        "tronco.cli.rollup",
        gettext_noop("compare the sums of a period with its call records, and make them again"),
    ),
    "sipcore": (
        "tronco.cli.sipcore",
        gettext_noop("call control: authorises calls and watches the switches"),
    ),
    "tariff": (
        "tronco.cli.tariff",
        gettext_noop("price lists: import, show, publish, withdraw, export"),
    ),
    "topup": (
        "tronco.cli.topup",
        gettext_noop("requests for credit: what waits, approve, refuse"),
    ),
    "up": ("tronco.cli.up", gettext_noop("run every part of Tronco on this machine, until Ctrl-C")),
}


# What Python's parser says itself.
PARSER_WORDS = (
    gettext_noop("usage: "),
    gettext_noop("positional arguments"),
    gettext_noop("options"),
    gettext_noop("show this help message and exit"),
    gettext_noop("%(prog)s: error: %(message)s\n"),
    gettext_noop("argument %(argument_name)s: %(message)s"),
    gettext_noop("the following arguments are required: %s"),
    gettext_noop("unrecognized arguments: %s"),
    gettext_noop("invalid choice: %(value)r (choose from %(choices)s)"),
    gettext_noop("invalid %(type)s value: %(value)r"),
    gettext_noop("expected one argument"),
    gettext_noop("expected at least one argument"),
)


class Command(Protocol):
    def add_arguments(self, parser: argparse.ArgumentParser) -> None: ...

    def run(self, args: argparse.Namespace) -> int: ...


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; problems are told in a sentence, without a traceback."""
    vars(argparse)["_"] = _  # it has no other way to be given a language
    words = list(sys.argv[1:] if argv is None else argv)
    parser = argparse.ArgumentParser(prog="tronco", description=_("Runs and manages Tronco."))
    choices = parser.add_subparsers(dest="command", metavar=_("COMMAND"), required=True)
    for name, (module, help_text) in COMMANDS.items():
        text = _(help_text)
        command = choices.add_parser(name, help=text, description=text)
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

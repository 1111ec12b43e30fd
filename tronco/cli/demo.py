"""`tronco demo`: the demonstration operator with its month of calls; may be repeated."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tronco.cli.instance import open_instance
from tronco.runtime.translations import gettext as _

# Beside the scene: how everybody of the demonstration signs in.
ACCESS_FILE = "access.txt"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "--central",
        metavar=_("NAME"),
        default="node1",
        help=_("the switch of its circuits (default: %(default)s)"),
    )
    parser.add_argument(
        "--carrier-port",
        type=int,
        required=True,
        metavar=_("PORT"),
        help=_("where the demonstration's carrier listens"),
    )
    parser.add_argument(
        "--scene",
        type=Path,
        required=True,
        metavar=_("FILE"),
        help=_("written for its phones to play"),
    )


def run(args: argparse.Namespace) -> int:
    """Load it if it is missing, and tell once how its people sign in."""
    open_instance()
    from tronco.demo.data import demonstration_load

    access = args.scene.with_name(ACCESS_FILE)
    loaded = demonstration_load(
        central=args.central, carrier_port=args.carrier_port, scene=args.scene, access=access
    )
    if not loaded.is_new:
        return 0
    told = _("A demonstration operator, with %(count)s calls of the last month.")
    print(told % {"count": loaded.calls})
    print(_("The passwords of its people and phones: %(file)s") % {"file": access})
    # A log is no place for passwords.
    if sys.stdout.isatty():
        for one in loaded.access:
            print(f"  {one.username:<12} {one.password}  {one.what}")
    return 0

"""`tronco demo`: the demonstration operator with its month of calls; may be repeated."""

from __future__ import annotations

import argparse
from pathlib import Path

from tronco.cli.instance import open_instance


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "--central",
        metavar="NAME",
        default="node1",
        help="the switch of its circuits (default: %(default)s)",
    )
    parser.add_argument(
        "--carrier-port",
        type=int,
        required=True,
        metavar="PORT",
        help="where the demonstration's carrier listens",
    )
    parser.add_argument(
        "--scene", type=Path, required=True, metavar="FILE", help="written for its phones to play"
    )


def run(args: argparse.Namespace) -> int:
    """Load it if it is missing, and tell once how its people sign in."""
    open_instance()
    from tronco.demo.data import ACCESS_FILE, demonstration_load

    loaded = demonstration_load(
        central=args.central, carrier_port=args.carrier_port, scene=args.scene
    )
    if loaded.is_new:
        print(f"A demonstration operator, with {loaded.calls} calls of the last month.")
        for one in loaded.access:
            print(f"  {one.username:<12} {one.password}  {one.what}")
        print(f"These passwords, and those of the phones: {args.scene.with_name(ACCESS_FILE)}")
    return 0

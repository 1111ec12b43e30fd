"""`tronco rollup`: compare the roll-ups of a period with its call records; `--rebuild` mends them.

Exit status 1 when they differ and are not mended.
"""

from __future__ import annotations

import argparse

from tronco.cli.instance import open_instance
from tronco.cli.rerate import add_period
from tronco.core.errors import InvalidInput
from tronco.runtime.translations import gettext as _


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_period(parser)
    parser.add_argument(
        "--rebuild", action="store_true", help=_("make the sums again from the call records")
    )


def run(args: argparse.Namespace) -> int:
    """Compare, or make again."""
    open_instance()
    from tronco.calls.rollups import check_rollups, rollups_rebuild

    if args.until < args.since:
        raise InvalidInput(_("--to is before --from"))
    if args.rebuild:
        rollups_rebuild(first=args.since, last=args.until)
        days = (args.until - args.since).days + 1
        print(_("days made again: %(count)s") % {"count": days})
        return 0
    drifts = list(check_rollups(first=args.since, last=args.until))
    for drift in drifts:
        told = _("%(day)s: %(count)s rows do not equal the records")
        print(told % {"day": drift.day, "count": drift.rows})
    if not drifts:
        print(_("the sums equal the records"))
    return 1 if drifts else 0

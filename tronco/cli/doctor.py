"""`tronco doctor`: looks at every part of an instance, says what is wrong and how to cure it.

Exit status 0 when nothing is wrong, 1 when something is. Warnings do not count. It only reads.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator

from tronco.cli.checks import CHECKS, Finding, State, database, disk, processes
from tronco.cli.instance import open_instance
from tronco.runtime.paths import Home, instance_home
from tronco.runtime.translations import gettext as _
from tronco.runtime.translations import gettext_noop

MARKS: dict[State, str] = {
    "ok": gettext_noop("ok"),
    "warning": gettext_noop("warn"),
    "fault": gettext_noop("FAIL"),
}
# JSON has the part's name as it is here.
PARTS = {
    "disk": gettext_noop("disk"),
    "processes": gettext_noop("processes"),
    "database": gettext_noop("database"),
    "charging": gettext_noop("charging"),
    "centrals": gettext_noop("centrals"),
    "trunks": gettext_noop("trunks"),
    "routes": gettext_noop("routes"),
    "secrets": gettext_noop("secrets"),
    "spool": gettext_noop("spool"),
    "worker": gettext_noop("worker"),
    "ledger": gettext_noop("ledger"),
    "prices": gettext_noop("prices"),
    "roll-ups": gettext_noop("roll-ups"),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--json", action="store_true", help=_("one JSON object a finding"))


def run(args: argparse.Namespace) -> int:
    """Look at everything."""
    home = instance_home()
    faults = 0
    for finding in examine(home):
        faults += finding.state == "fault"
        if args.json:
            print(json.dumps({name: getattr(finding, name) for name in Finding.__slots__}))
            continue
        part = _(PARTS.get(finding.part, finding.part))
        print(f"{_(MARKS[finding.state]):<6}{part:<14} {finding.text}", flush=True)
        if finding.state != "ok" and finding.cure:
            print(f"{'':<21}→ {finding.cure}")
    if not args.json:
        print(_("Faults: %(count)s.") % {"count": faults} if faults else _("Nothing is wrong."))
    return 1 if faults else 0


def examine(home: Home) -> Iterator[Finding]:
    """Yield what is found, the ground first; without a database the rest cannot be looked at."""
    yield from disk(home)
    yield from processes(home)
    open_instance()
    reached = list(database(home))
    yield from reached
    if any(finding.state == "fault" for finding in reached):
        return
    for check in CHECKS:
        try:
            yield from check(home)
        except Exception as problem:
            # One look that fails must not keep the others from being taken.
            name = check.__name__.replace("_", " ")
            yield Finding(name, "fault", f"{type(problem).__name__}: {problem}", _("report this"))

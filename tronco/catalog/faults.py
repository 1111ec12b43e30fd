"""What can be wrong with a price: stable codes, and sentences that say the cure.

A fault is kept as code and facts, never as a sentence, so that each reader gets his own language.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from tronco.rating import Problem

# Facts between %( )s come from the fault; `value` is what was written.
MESSAGES = {
    "missing": _("is empty; fill it in"),
    "columns-too-few": _(
        "has %(found)s columns where %(expected)s are expected; add the missing ones, even if empty"
    ),
    "columns-too-many": _(
        "has %(found)s columns where %(expected)s are expected; a text or price that contains the "
        "separator goes between quotation marks"
    ),
    "open-quote": _("a quotation mark is not closed on this line; close it or remove it"),
    "prefix-format": _("'%(value)s' is not a prefix; use digits only, such as 5511"),
    "prefix-zero": _(
        "a prefix has no leading zeros; write 55800 rather than 0800 and 54 rather than 0054"
    ),
    "prefix-too-long": _("'%(value)s' has more than 18 digits"),
    "class-unknown": _("'%(value)s' is not a call class; use one of: %(known)s"),
    "prefix-or-class": _("give a prefix or a call class, and only one of them"),
    "mobile-everywhere": _(
        "a mobile price for all of Brazil has no prefix of its own; use the classes "
        "local_mobile and ldn_mobile, or a line per DDD"
    ),
    "kind-unknown": _("'%(value)s' is not F (fixed) or C (mobile)"),
    "kind-mismatch": _("is marked %(kind)s but the prefix is not; the price counts for the prefix"),
    "mobile-uncovered": _(
        "is a fixed price, but mobile numbers also begin so and have no price of their own "
        "(%(prefix)s): they will cost the same"
    ),
    "price-format": _("'%(value)s' is not a price; write it like 0,0999 or 0.0999"),
    "price-negative": _("'%(value)s' is negative; a price is zero or more"),
    "price-too-large": _("'%(value)s' is too large a price"),
    "price-too-precise": _("'%(value)s' has more than ten decimal places"),
    "price-and-windows": _("give either a price with cadence or windows, not both"),
    "seconds-format": _("'%(value)s' is not a whole number of seconds"),
    "seconds-too-many": _("'%(value)s' is more than a day (86400 seconds)"),
    "step-zero": _("the step cannot be zero; use 1 to charge by the second"),
    "description-too-long": _("has more than 120 characters"),
    "description-control": _("contains an invisible control character; retype it"),
    "active-unknown": _("'%(value)s' is not 1 (active) or 0 (inactive)"),
    "windows-json": _("is not valid JSON: %(detail)s"),
    "windows-shape": _("%(where)s: %(detail)s"),
    "windows-gap": _(
        "some moment of the week has no price; add a window for all days with a low priority"
    ),
    "windows-tier-gap": _("%(where)s: the beginning of the call has no price; add a tier from 0 s"),
    "windows-ambiguous": _(
        "%(where)s is in force together with another one of the same priority; "
        "give one of them a higher priority"
    ),
    "windows-hours": _(
        "%(where)s ends before it begins; a night is two windows, "
        "one until 24:00 and one from 00:00"
    ),
    "windows-not-time": _("a call is charged by time; use the unit s"),
    "duplicate": _("repeats line %(line)s; it was taken once"),
    "contradiction": _(
        "prices %(target)s differently from line %(line)s; neither was taken: keep one of them"
    ),
    "header-unknown": _("the first line looks like a heading with unknown names and was skipped"),
    "no-country-code": _(
        "no prefix begins with 55; if they begin with the DDD, import again and say so"
    ),
}
# These leave the line in.
WARNINGS = frozenset(
    {"duplicate", "kind-mismatch", "mobile-uncovered", "header-unknown", "no-country-code"}
)


class Fault(NamedTuple):
    """One thing that is wrong: with which field, what kind, and the facts of the sentence."""

    field: str
    code: str
    facts: Mapping[str, Any] = {}

    @property
    def message(self) -> str:
        return str(MESSAGES[self.code]) % self.facts

    @property
    def is_warning(self) -> bool:
        return self.code in WARNINGS


def listed(faults: Iterable[Fault]) -> str:
    """All of them in one text."""
    return "; ".join(fault.message for fault in faults)


_SPECIAL_PROBLEMS = {"ambiguous": "windows-ambiguous", "empty-hours": "windows-hours"}
_PLACE = re.compile(r"^(windows|tiers)\[(\d+)\]$")


def of_problems(problems: Sequence[Problem]) -> list[Fault]:
    """Say the rating engine's findings about windows as faults."""
    return [_of_problem(problem) for problem in problems]


def _of_problem(problem: Problem) -> Fault:
    facts = {"where": where(problem.path), "detail": problem.message}
    if problem.code == "gap":
        in_tiers = problem.path.endswith("tiers")
        return Fault("windows", "windows-tier-gap" if in_tiers else "windows-gap", facts)
    return Fault("windows", _SPECIAL_PROBLEMS.get(problem.code, "windows-shape"), facts)


def where(path: str) -> str:
    """Say `windows[0].tiers[1].price` for people: `window 1, tier 2, price`."""
    words = {"windows": gettext("window"), "tiers": gettext("tier")}
    parts = []
    for part in path.split("."):
        match = _PLACE.match(part)
        parts.append(f"{words[match[1]]} {int(match[2]) + 1}" if match else part)
    return ", ".join(parts)

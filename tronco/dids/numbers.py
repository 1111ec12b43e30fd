"""How numbers are read, counted on and written: what a range or a quantity would create. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field

from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tronco.core.errors import InvalidInput
from tronco.numbering.classify import classify

MOST_AT_ONCE = 10_000
# A slip of the finger must not be counted through to the last of a billion.
MOST_ASKED = 100_000
_LAST_DIGITS = re.compile(r"(.*?)([0-9]+)\Z")
_AREA = re.compile(r"55[1-9][0-9]{1,2}")
_SUBSCRIBER = re.compile(r"[0-9]{4,9}")


class SentAs(models.TextChoices):
    """How a supplier writes the numbers of a range when a call comes in."""

    DIGITS = "digits", gettext_lazy("551133334444 (E.164 without +)")
    E164 = "e164", gettext_lazy("+55 11 3333-4444 (E.164 with +)")
    NATIONAL = "national", gettext_lazy("01133334444 (0 + DDD + number)")
    DDD = "ddd", gettext_lazy("1133334444 (DDD + number)")


_BEFORE = {SentAs.DIGITS: "55", SentAs.E164: "+55", SentAs.NATIONAL: "0", SentAs.DDD: ""}


@dataclass(frozen=True, slots=True)
class Wanted:
    """A number as it is sent, and as it is meant; `e164` is empty when it can be none."""

    raw: str
    e164: str


@dataclass
class NumberPlan:
    """What adding several numbers comes to: those that would be, and why the others would not."""

    create: list[Wanted] = field(default_factory=list)
    taken: list[Wanted] = field(default_factory=list)
    impossible: list[Wanted] = field(default_factory=list)
    too_many: int = 0

    @property
    def asked(self) -> int:
        return len(self.create) + len(self.taken) + len(self.impossible) + self.too_many

    @property
    def refused(self) -> Iterator[tuple[str, int, list[str]]]:
        """Why, how many, and the first of them; for the preview."""
        for why, wanted in (
            (_("already there"), self.taken),
            (_("not a telephone number"), self.impossible),
        ):
            if wanted:
                yield why, len(wanted), [one.raw for one in wanted[:10]]
        if self.too_many:
            yield _("more than %(most)s at once") % {"most": MOST_AT_ONCE}, self.too_many, []


def sort_out(wanted: Sequence[Wanted], taken: Collection[str]) -> NumberPlan:
    """Tell what of it can be created; `taken` are the raw and E.164 numbers that are there."""
    plan = NumberPlan(too_many=max(0, len(wanted) - MOST_AT_ONCE))
    for one in wanted[:MOST_AT_ONCE]:
        if not one.e164:
            plan.impossible.append(one)
        elif one.raw in taken or one.e164 in taken:
            plan.taken.append(one)
        else:
            plan.create.append(one)
    return plan


def list_following(raw: str, e164: str, quantity: int) -> list[Wanted]:
    """Return `quantity` numbers from this one on, which differ only at their end (S1-06).

    Those that would need a digit more are none.
    """
    sent, meant = _LAST_DIGITS.fullmatch(raw), _LAST_DIGITS.fullmatch(e164)
    if sent is None or meant is None:
        raise InvalidInput(
            _("To add several, the number must end with digits."),
            field="raw",
            code="number-without-end",
        )
    _check_size(quantity, "quantity")
    found = []
    for step in range(quantity):
        one, other = _plus(sent, step), _plus(meant, step)
        found.append(Wanted(one, classify(other).e164 if one and other else ""))
    return found


def list_of_range(area: str, first: str, last: str, sent_as: str) -> list[Wanted]:
    """Return the numbers of a range; InvalidInput when its ends are none."""
    if not _AREA.fullmatch(area):
        raise InvalidInput(
            _("Write DDI and DDD together, such as 5511."), field="area", code="invalid-area"
        )
    for name, end in (("first", first), ("last", last)):
        if not _SUBSCRIBER.fullmatch(end):
            raise InvalidInput(
                _("Write the number without its DDD, digits only."), field=name, code="invalid-end"
            )
    if len(first) != len(last) or int(last) < int(first):
        raise InvalidInput(
            _("The last number must be as long as the first, and not lie before it."),
            field="last",
            code="range-reversed",
        )
    before = f"{_BEFORE[SentAs(sent_as)]}{area[2:]}"
    size = len(first)
    ends = range(int(first), int(last) + 1)
    _check_size(len(ends), "last")
    return [
        Wanted(f"{before}{end:0{size}}", classify(f"+{area}{end:0{size}}").e164) for end in ends
    ]


def read_e164(raw: str, e164: str) -> tuple[str, str]:
    """Return the number for people, and a warning where it is not what the supplier's form says.

    Two numbers may read alike only in what is sent; what is dialled by people must be possible.
    """
    sent = classify(raw)
    if not e164:
        if not sent.e164:
            raise InvalidInput(
                _("What number “%(raw)s” is cannot be told; write the number itself as well.")
                % {"raw": raw},
                field="e164",
                code="number-unreadable",
            )
        return sent.e164, ""
    meant = classify(e164)
    if not meant.e164:
        raise InvalidInput(
            _(meant.hint) if meant.hint else _("Write the full number, with its DDD."),
            field="e164",
            code=f"number-{meant.reason}" if meant.reason else "number-not-full",
        )
    if sent.e164 and sent.e164 != meant.e164:
        return meant.e164, (
            _("The supplier’s “%(raw)s” reads as %(sent)s, not %(meant)s; check the two.")
            % {"raw": raw, "sent": sent.e164, "meant": meant.e164}
        )
    return meant.e164, ""


def _check_size(size: int, field: str) -> None:
    if not 1 <= size <= MOST_ASKED:
        raise InvalidInput(
            _("Between 1 and %(most)s numbers.") % {"most": MOST_ASKED},
            field=field,
            code="invalid-quantity",
        )


def _plus(parts: re.Match[str], step: int) -> str:
    """The number that many further on; empty when it would grow longer."""
    head, digits = parts[1], parts[2]
    following = f"{int(digits) + step:0{len(digits)}}"
    return f"{head}{following}" if len(following) == len(digits) else ""

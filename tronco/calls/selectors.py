"""Reads of calls: those running now, the records, their totals, and one call's story."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import Count, F, OuterRef, Q, QuerySet, Subquery, Sum, Window
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Coalesce, RowNumber
from django.utils.translation import gettext as _

from tronco.calls.causes import cause_text, status_text
from tronco.calls.models import Cdr
from tronco.calls.prices import viewpoint_of
from tronco.charging.models import Authorization
from tronco.circuits.models import Circuit
from tronco.circuits.selectors import find_own_circuit
from tronco.core.errors import NotFound
from tronco.core.ids import stable_hash64
from tronco.numbering.classify import classify
from tronco.routing.models import Trunk
from tronco.tenancy.access import Actor

# How far the switch's clock and the record's start may lie apart when a call is looked up by id.
_NEARBY = timedelta(minutes=10)
# A conversation is over, with all its legs, within this.
_LASTS = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class CallTotals:
    """Sums over a list of call records; `purchase_u` is None for who only buys."""

    calls: int
    answered: int
    duration_ms: int
    billed_ms: int
    sale_u: int
    purchase_u: int | None

    @property
    def margin_u(self) -> int | None:
        """What is left of the sale."""
        return None if self.purchase_u is None else self.sale_u - self.purchase_u


@dataclass(frozen=True, slots=True)
class AttemptShown:
    """One trunk that was tried; `trunk` None when it is no more, or not for the viewer."""

    trunk: Trunk | None
    status: str
    cause: str
    seconds: float


def list_live_calls(*, actor: Actor) -> QuerySet[Authorization]:
    """Return the calls that are running or ringing, newest first, with their circuits' numbers."""
    circuit = Circuit.objects.filter(pk=OuterRef("circuit_id"))
    return (
        Authorization.objects.visible_to(actor)
        .filter(state=Authorization.State.OPEN)
        .select_related("tenant")
        .annotate(circuit_number=Subquery(circuit.values("number")[:1]))
        .order_by("-started_at", "call_id")
    )


def list_calls(*, actor: Actor) -> QuerySet[Any]:
    """Return the call records with the two prices and the reason that concern the viewer.

    `sale_u` is what he sold the call for (or, for who only buys, what he pays), `purchase_u` what
    he bought it for; the latter is absent for who does not sell.
    """
    viewpoint = viewpoint_of(actor)
    rows: QuerySet[Any] = Cdr.objects.visible_to(actor)
    rows = rows.select_related("tenant", "circuit", "trunk").annotate(
        sale_u=viewpoint.sale_u(), told_reason=viewpoint.told_reason()
    )
    purchase = viewpoint.purchase_u()
    if purchase is not None:
        rows = rows.annotate(purchase_u=purchase, margin_u=F("sale_u") - F("purchase_u"))
    return rows.order_by("-started_at", "identity")


def list_own_calls(*, actor: Actor) -> QuerySet[Any]:
    """Return the call records of the extension that the actor uses himself."""
    rows: QuerySet[Any] = Cdr.objects.visible_to(actor)
    circuit = find_own_circuit(actor=actor)
    if circuit is None:
        return rows.none()
    # Its account is asked as well: that is what call records are ordered by.
    rows = rows.filter(account_id=circuit.account_id, circuit_id=circuit.pk)
    return rows.order_by("-started_at", "identity")


def list_refused(*, actor: Actor) -> QuerySet[Any]:
    """Return what was refused at numbers: the latest call of each number, caller and reason.

    `count` says how many there were; filters that come after count in.
    """
    alike = [F("did"), F("caller"), F("told_reason")]
    return (
        Cdr.objects.visible_to(actor)
        .annotate(told_reason=viewpoint_of(actor).told_reason())
        .filter(outcome=Cdr.Outcome.REFUSED, did__isnull=False)
        .select_related("tenant", "did")
        .annotate(
            count=Window(Count("*"), partition_by=alike),
            place=Window(RowNumber(), partition_by=alike, order_by=F("started_at").desc()),
        )
        .filter(place=1)
        .order_by("-count", "-started_at")
    )


def total_calls(rows: QuerySet[Cdr]) -> CallTotals:
    """Sum a list that `list_calls` returned, however filtered."""
    sums = {
        "calls": Count("identity"),
        "answered": Count("identity", filter=Q(outcome=Cdr.Outcome.ANSWERED)),
        "duration_ms": Coalesce(Sum("duration_ms"), 0),
        "billed_ms": Coalesce(Sum("billed_ms"), 0),
        "sale_u": Coalesce(Sum("sale_u"), 0),
    }
    if "purchase_u" in rows.query.annotations:
        sums["purchase_u"] = Coalesce(Sum("purchase_u"), 0)
    found = rows.order_by().aggregate(**{f"total_{name}": each for name, each in sums.items()})
    return CallTotals(
        **{name: int(found[f"total_{name}"]) for name in sums if name != "purchase_u"},
        purchase_u=int(found["total_purchase_u"]) if "purchase_u" in sums else None,
    )


def get_call(*, actor: Actor, started_at: datetime, identity: int) -> Cdr:
    """Return one record by its key, or raise NotFound."""
    return _only(list_calls(actor=actor).filter(started_at=started_at, identity=identity))


def get_call_by_id(*, actor: Actor, call_id: str) -> Cdr:
    """Return one record by the switch's id of the call, or raise NotFound.

    The id holds the second in which the call came in, which makes this a look at few rows.
    """
    came_in = _came_in(call_id)
    central = call_id.rpartition("-")[0]
    return _only(
        list_calls(actor=actor).filter(
            started_at__range=(came_in - _NEARBY, came_in + _NEARBY),
            identity=identity_of(central, call_id),
        )
    )


def find_recorded(*, call_ids: Collection[str]) -> set[str]:
    """Return which of the switch's ids of calls have a record; a look at the rows of their time."""
    if not call_ids:
        return set()
    moments = [_came_in(call_id) for call_id in call_ids]
    rows = Cdr.objects.filter(
        started_at__range=(min(moments) - _NEARBY, max(moments) + _NEARBY), call_id__in=call_ids
    )
    return set(rows.order_by().values_list("call_id", flat=True))


def find_first_call(*, actor: Actor, cdr: Cdr) -> Cdr | None:
    """Return the call with which a leg's conversation began, if it is one and the other is seen."""
    linked = cdr.explanation.get("linked")
    if not linked:
        return None
    try:
        return get_call_by_id(actor=actor, call_id=linked)
    except NotFound:
        return None


def list_linked_calls(*, actor: Actor, cdr: Cdr) -> QuerySet[Any]:
    """Return the legs of a call, or the other legs of a leg's conversation, the first one first."""
    first = cdr.explanation.get("linked") or cdr.call_id
    came_in = _came_in(first)
    rows = list_calls(actor=actor)
    legs: QuerySet[Any] = (
        rows.alias(first=KeyTextTransform("linked", "explanation"))
        .filter(first=first, started_at__range=(came_in - _NEARBY, came_in + _LASTS))
        .exclude(identity=cdr.identity)
        .order_by("started_at", "identity")
    )
    return legs


def list_answering(*, actor: Actor, cdr: Cdr) -> list[Circuit]:
    """Return the lines that talked in a call: a colleague who took it, a group's members, …

    Of a call that had legs these are the lines of its legs, as far as the actor reaches them.
    """
    numbers = [cdr.explanation.get("answered_by", "")]
    if "linked" not in cdr.explanation:
        legs = list_linked_calls(actor=actor, cdr=cdr).order_by("answered_at")
        numbers += [leg.explanation.get("answered_by", "") for leg in legs]
    found = Circuit.objects.visible_to(actor).filter(number__in=set(numbers) - {""})
    return sorted(found, key=lambda circuit: numbers.index(circuit.number))


def title_of(cdr: Cdr) -> str:
    """Name a call for people."""
    return _("Call from %(caller)s to %(called)s") % {
        "caller": classify(cdr.caller).display,
        "called": classify(cdr.called or cdr.dialled).display,
    }


def list_attempts(*, cdr: Cdr) -> list[AttemptShown]:
    """Return the trunks that were tried for a call, in order, and how each ended."""
    attempts = cdr.explanation.get("attempts", [])
    trunks = Trunk.objects.in_bulk([attempt["trunk_id"] for attempt in attempts])
    return [
        AttemptShown(
            trunk=trunks.get(attempt["trunk_id"]),
            status=status_text(attempt["status"]),
            cause=cause_text(attempt["hangup_cause"]),
            seconds=attempt["duration_ms"] / 1000,
        )
        for attempt in attempts
    ]


def identity_of(central: str, call_id: str) -> int:
    """Return what tells one call from any other that began in the same instant."""
    return stable_hash64(central, call_id)


def _came_in(call_id: str) -> datetime:
    """The second in which a call came in, which its id holds."""
    seconds = call_id.rpartition("-")[2].partition(".")[0]
    if not seconds.isdigit() or len(seconds) > 10:
        raise _unknown()
    return datetime.fromtimestamp(int(seconds), tz=UTC)


def _only(rows: QuerySet[Any]) -> Cdr:
    cdr: Cdr | None = rows.first()
    if cdr is None:
        raise _unknown()
    return cdr


def _unknown() -> NotFound:
    return NotFound(_("There is no record of this call."))

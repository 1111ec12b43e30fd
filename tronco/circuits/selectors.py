"""Reads of circuits: the list as the screen shows it, and what a circuit is doing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import BigIntegerField, Case, F, OuterRef, QuerySet, Subquery, When
from django.utils.translation import gettext as _

from tronco.catalog.models import Allowance, Plan
from tronco.charging.models import Account, Authorization, Bucket, LedgerEntry
from tronco.circuits.models import Circuit, LatencySample, Registration
from tronco.core.errors import NotFound
from tronco.tenancy.access import Actor

MOST_NAMED = 500


@dataclass(frozen=True, slots=True)
class AllowanceUse:
    """One allowance of a circuit in the open cycle; seconds, or µR$ when `in_money`."""

    name: str
    in_money: bool
    granted: int
    left: int
    used_percent: int


def list_circuits(*, actor: Actor) -> QuerySet[Any]:
    """Return the circuits with all that their list shows.

    `balance_shown_u` is what S0-08 and S0-09 ask for: what a prepaid circuit has left for calls,
    and what a control or postpaid one has used in its cycle.
    """
    return (
        Circuit.objects.visible_to(actor)
        .select_related("tenant", "account__plan", "central", "registration")
        .annotate(
            balance_shown_u=Case(
                When(
                    account__plan__kind=Plan.Kind.PREPAID,
                    then=F("account__balance_u") - F("account__held_u"),
                ),
                default=F("account__used_u"),
                output_field=BigIntegerField(),
            ),
        )
    )


def get_circuit(*, actor: Actor, circuit_id: int, lock: bool = False) -> Circuit:
    """Return one circuit with its account, or raise NotFound; `lock` keeps others from it."""
    rows = Circuit.objects.visible_to(actor).select_related("tenant", "account__plan", "central")
    if lock:
        rows = rows.select_for_update(of=("self",))
    return _only(rows.filter(pk=circuit_id), circuit_id)


def get_circuit_by_number(*, actor: Actor, number: str) -> Circuit:
    """Return the circuit of that number, or raise NotFound."""
    return _only(list_circuits(actor=actor).filter(number=number), number)


def find_own_circuit(*, actor: Actor) -> Circuit | None:
    """The circuit that this person uses, if he has one."""
    if actor.user_id is None:
        return None
    circuits = Circuit.objects.visible_to(actor).select_related("central", "tenant")
    return circuits.filter(user_id=actor.user_id).first()


def is_on_record(circuit: Circuit) -> bool:
    """Whether it moved money or placed a call. Of an account of several, its own calls count."""
    if circuit.line_id is None:
        return circuit.account.entries.exists() or circuit.account.holds.exists()
    registered = Registration.objects.filter(circuit=circuit).exists()
    return registered or Authorization.objects.filter(circuit_id=circuit.pk).exists()


def count_open_calls(circuit: Circuit) -> int:
    """How many of its calls run now."""
    return Authorization.objects.filter(
        circuit_id=circuit.pk, state=Authorization.State.OPEN
    ).count()


def require_own(actor: Actor, circuit: Circuit, permission: str) -> None:
    """Raise NotAllowed unless it is the extension he uses himself, or he has the permission."""
    is_own = actor.user_id is not None and circuit.user_id == actor.user_id
    if not (is_own and actor.can("own.edit")):
        actor.require(permission)


def line_of(account: str) -> Subquery:
    """Return the number of the first line on the account that the outer query names so."""
    lines = Circuit.objects.filter(account=OuterRef(account)).order_by("pk")
    return Subquery(lines.values("number")[:1])


def list_postings(*, actor: Actor) -> QuerySet[LedgerEntry]:
    """Return what moved the balances behind the lines within reach, the newest first."""
    accounts = Account.objects.visible_to(actor).filter(role=Account.Role.CIRCUIT)
    # Named one by one where they are few: the database then reads no others' postings.
    few = list(accounts.values_list("pk", flat=True)[: MOST_NAMED + 1])
    return (
        LedgerEntry.objects.filter(account__in=few if len(few) <= MOST_NAMED else accounts)
        .select_related("tenant")
        .annotate(line=line_of("account"))
        .order_by("-pk")
    )


def list_latency(*, circuit: Circuit, since: datetime) -> QuerySet[LatencySample]:
    """Return a circuit's latency since then, oldest first; five minutes a row."""
    return LatencySample.objects.filter(circuit=circuit, at__gte=since).order_by("at")


def list_allowances(*, circuit: Circuit) -> list[AllowanceUse]:
    """Return the allowances of the circuit's plan, and what is left of each in the open cycle.

    A bucket is made by the first call that draws on it; until then all of it is left.
    """
    account = circuit.account
    open_now = Bucket.objects.filter(account=account, cycle_start=F("account__cycle_start"))
    buckets = {bucket.allowance_id: bucket for bucket in open_now}
    return [_use_of(allowance, buckets.get(allowance.pk)) for allowance in _allowances(account)]


def _allowances(account: Account) -> QuerySet[Allowance]:
    return Allowance.objects.filter(plan=account.plan_id).order_by("position", "pk")


def _use_of(allowance: Allowance, bucket: Bucket | None) -> AllowanceUse:
    # A bucket counts seconds in thousandths.
    scale = 1000 if allowance.unit == Allowance.Unit.SECONDS else 1
    granted = bucket.granted if bucket else allowance.amount * scale
    gone = bucket.used + bucket.held if bucket else 0
    return AllowanceUse(
        name=allowance.name,
        in_money=allowance.unit == Allowance.Unit.MONEY,
        granted=granted // scale,
        left=(granted - gone) // scale,
        used_percent=100 * gone // granted if granted else 100,
    )


def _only(rows: QuerySet[Circuit], asked: int | str) -> Circuit:
    circuit = rows.first()
    if circuit is None:
        raise NotFound(
            _("There is no circuit %(circuit)s.") % {"circuit": asked}, details={"circuit": asked}
        )
    return circuit

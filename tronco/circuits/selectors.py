"""Reads of circuits: the list as the screen shows it, and what a circuit is doing."""

from __future__ import annotations

from django.db.models import BigIntegerField, Case, F, QuerySet, Value, When
from django.utils.translation import gettext as _

from tronco.catalog.models import Plan
from tronco.circuits.models import Circuit, LatencySample
from tronco.core.errors import NotFound
from tronco.tenancy.access import Actor


def list_circuits(*, actor: Actor) -> QuerySet[Circuit]:
    """Return the circuits with all that their list shows.

    `balance_shown_u` is what S0-08 and S0-09 ask for: what a prepaid circuit has left for calls,
    and what a control or postpaid one has used in its cycle.
    """
    account = "account__"
    return (
        Circuit.objects.visible_to(actor)
        .select_related("tenant", "account__plan", "central", "registration")
        .annotate(
            balance_shown_u=Case(
                When(
                    account__plan__kind=Plan.Kind.PREPAID,
                    then=F(f"{account}balance_u") - F(f"{account}held_u"),
                ),
                default=F(f"{account}used_u"),
                output_field=BigIntegerField(),
            ),
            is_prepaid=Case(
                When(account__plan__kind=Plan.Kind.PREPAID, then=Value(True)), default=Value(False)
            ),
        )
    )


def get_circuit(*, actor: Actor, circuit_id: int, lock: bool = False) -> Circuit:
    """Return one circuit with its account, or raise NotFound; `lock` keeps others from it."""
    rows = Circuit.objects.visible_to(actor).select_related("tenant", "account", "central")
    if lock:
        rows = rows.select_for_update(of=("self",))
    return _only(rows.filter(pk=circuit_id), circuit_id)


def get_circuit_by_number(*, actor: Actor, number: str) -> Circuit:
    """Return the circuit of that number, or raise NotFound."""
    return _only(list_circuits(actor=actor).filter(number=number), number)


def list_latency(*, circuit: Circuit) -> QuerySet[LatencySample]:
    """Return the last day of a circuit's latency, oldest first; five minutes a row."""
    newest = LatencySample.objects.filter(circuit=circuit).order_by("-at")[:288]
    return LatencySample.objects.filter(pk__in=newest.values("pk")).order_by("at")


def _only(rows: QuerySet[Circuit], asked: int | str) -> Circuit:
    circuit = rows.first()
    if circuit is None:
        raise NotFound(
            _("There is no circuit %(circuit)s.") % {"circuit": asked}, details={"circuit": asked}
        )
    return circuit

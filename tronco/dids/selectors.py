"""Reads of numbers, their ranges and who held them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Count, Q, QuerySet
from django.utils.translation import gettext as _

from tronco.circuits.models import Circuit
from tronco.core.errors import InvalidInput, NotFound
from tronco.dids.models import Did, NumberRange, Tenure
from tronco.dids.numbers import Wanted
from tronco.tenancy.access import Actor
from tronco.tenancy.models import Tenant


def list_dids(*, actor: Actor) -> QuerySet[Did]:
    """Return the numbers with their holders, sellers, circuits and registrations."""
    return Did.objects.visible_to(actor).select_related(
        "tenant__parent", "circuit", "range", "registration"
    )


def get_did(*, actor: Actor, did_id: int, lock: bool = False) -> Did:
    """Return a number, or raise NotFound."""
    rows = Did.objects.visible_to(actor).select_related("tenant__parent", "circuit")
    if lock:
        rows = rows.select_for_update(of=("self",))
    did = rows.filter(pk=did_id).first()
    if did is None:
        raise NotFound(_("There is no such number."), details={"did": did_id})
    return did


def get_did_by_number(*, actor: Actor, number: str) -> Did:
    """Return a number by what its supplier sends or by its E.164, or raise NotFound."""
    rows = Did.objects.visible_to(actor).select_related("tenant__parent", "circuit")
    did = rows.filter(raw=number).first() or rows.filter(e164=number).first()
    if did is None:
        raise NotFound(
            _("There is no number %(number)s.") % {"number": number}, details={"number": number}
        )
    return did


def list_caller_numbers(*, circuit: Circuit) -> QuerySet[Did]:
    """Return the numbers that a circuit may show: those its customer owns."""
    return Did.objects.filter(tenant=circuit.tenant_id, is_active=True)


def list_ranges(*, actor: Actor) -> QuerySet[NumberRange]:
    """Return the ranges, with how many numbers of each are there, available and in use."""
    return (
        NumberRange.objects.visible_to(actor)
        .select_related("tenant")
        .annotate(
            number_count=Count("numbers"),
            available_count=Count("numbers", filter=Q(numbers__state=Did.State.AVAILABLE)),
            in_use_count=Count("numbers", filter=Q(numbers__state=Did.State.IN_USE)),
        )
    )


def get_range(*, actor: Actor, range_id: int, lock: bool = False) -> NumberRange:
    """Return a range, or raise NotFound."""
    rows = NumberRange.objects.visible_to(actor)
    found = (rows.select_for_update() if lock else rows).filter(pk=range_id).first()
    if found is None:
        raise NotFound(_("There is no such range."), details={"range": range_id})
    return found


def list_taken(wanted: Sequence[Wanted]) -> frozenset[str]:
    """Return which of the raw and E.164 numbers exist, whosever they are."""
    numbers = [one.raw for one in wanted] + [one.e164 for one in wanted if one.e164]
    with connection.cursor() as cursor:
        cursor.execute("SELECT dids_taken(%s)", [numbers])
        return frozenset(row[0] for row in cursor.fetchall())


def list_tenures(*, actor: Actor) -> QuerySet[Tenure]:
    """Return who held which number, the latest first."""
    return Tenure.objects.visible_to(actor).select_related("tenant")


def find_holder(*, actor: Actor, e164: str, at: datetime) -> Tenure | None:
    """Return who held a number at a moment; None when nobody did."""
    rows = list_tenures(actor=actor).filter(e164=e164, since__lte=at)
    return rows.filter(Q(until=None) | Q(until__gt=at)).first()


def find_of_holder(
    *, actor: Actor, holder: Tenant, model: type[Any], key: int | None, field: str
) -> Any:
    """Return what a number is pointed at; InvalidInput when it is not its holder's."""
    if key is None:
        return None
    found = model.objects.visible_to(actor).filter(pk=key, tenant=holder).first()
    if found is None:
        label = model._meta.verbose_name
        raise InvalidInput(
            _("Choose a %(what)s of %(owner)s, who holds the number.")
            % {"what": label, "owner": holder},
            field=field,
            code=f"{field.removeprefix('closed_')}-of-another",
        )
    return found

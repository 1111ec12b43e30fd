"""Reads of numbers."""

from __future__ import annotations

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from tronco.circuits.models import Circuit
from tronco.core.errors import NotFound
from tronco.dids.models import Did
from tronco.tenancy.access import Actor


def list_dids(*, actor: Actor) -> QuerySet[Did]:
    """Return the numbers with their owners and circuits."""
    return Did.objects.visible_to(actor).select_related("tenant", "circuit")


def get_did(*, actor: Actor, did_id: int, lock: bool = False) -> Did:
    """Return a number, or raise NotFound."""
    rows = Did.objects.visible_to(actor).select_related("tenant", "circuit")
    if lock:
        rows = rows.select_for_update(of=("self",))
    did = rows.filter(pk=did_id).first()
    if did is None:
        raise NotFound(_("There is no such number."), details={"did": did_id})
    return did


def list_caller_numbers(*, circuit: Circuit) -> QuerySet[Did]:
    """Return the numbers that a circuit may show: those its customer owns."""
    return Did.objects.filter(tenant=circuit.tenant_id, is_active=True)

"""Reads of recordings, of whose calls are recorded, and of the space they take."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

from django.db.models import QuerySet, Sum
from django.utils.translation import gettext as _

from tronco.circuits.selectors import find_own_circuit
from tronco.core.errors import NotFound
from tronco.recordings.models import Policy, Recording, Rule
from tronco.tenancy.access import Actor
from tronco.tenancy.models import Tenant

M = TypeVar("M", Recording, Rule)
MB = 1_000_000
# From here on the customer is warned.
NEARLY_FULL_PERCENT = 90


@dataclass(frozen=True, slots=True)
class Space:
    """How much a customer's recordings take; `max_mb` None: as much as there is."""

    used: int
    max_mb: int | None

    @property
    def percent(self) -> int:
        """How much of it is used."""
        return 0 if self.max_mb is None else min(100, 100 * self.used // (self.max_mb * MB))

    @property
    def is_full(self) -> bool:
        """Whether nothing more is recorded."""
        return self.max_mb is not None and self.used >= self.max_mb * MB

    @property
    def is_nearly_full(self) -> bool:
        """Whether it is time to warn."""
        return self.percent >= NEARLY_FULL_PERCENT


def find_policy(*, tenant: Tenant) -> Policy:
    """Return what holds for a customer; of whom nothing was said, the rule: not allowed."""
    return Policy.objects.filter(tenant=tenant).first() or Policy(tenant=tenant)


def get_space(*, policy: Policy) -> Space:
    """Return the space a customer's recordings take."""
    rows = Recording.objects.filter(tenant=policy.tenant_id)
    return Space(rows.aggregate(total=Sum("size"))["total"] or 0, policy.max_mb)


def list_recordings(*, actor: Actor) -> QuerySet[Recording]:
    """Return the recordings, newest first."""
    return Recording.objects.visible_to(actor).select_related("tenant", "circuit")


def get_recording(*, actor: Actor, recording_id: int, lock: bool = False) -> Recording:
    """Return a recording, or raise NotFound."""
    return _only(Recording.objects.visible_to(actor), recording_id, lock)


def list_of_call(*, actor: Actor, call_ids: tuple[str, ...]) -> QuerySet[Recording]:
    """Return the recordings of a conversation; the call with which it began is among these."""
    return list_recordings(actor=actor).filter(first_call_id__in=call_ids).order_by("at")


def hears_own(*, actor: Actor) -> bool:
    """Whether somebody who uses an extension may hear the recordings of his own calls."""
    circuit = find_own_circuit(actor=actor)
    return circuit is not None and find_policy(tenant=circuit.tenant).own_listen


def list_own_recordings(*, actor: Actor) -> QuerySet[Recording]:
    """Return those of the extension that the actor uses, where he may hear them."""
    rows = list_recordings(actor=actor)
    circuit = find_own_circuit(actor=actor)
    if circuit is None or not find_policy(tenant=circuit.tenant).own_listen:
        return rows.none()
    return rows.filter(circuit=circuit)


def list_rules(*, actor: Actor) -> QuerySet[Rule]:
    """Return whose calls are recorded."""
    return Rule.objects.visible_to(actor).select_related("tenant", "circuit", "queue", "did")


def get_rule(*, actor: Actor, rule_id: int, lock: bool = False) -> Rule:
    """Return a rule, or raise NotFound."""
    return _only(Rule.objects.visible_to(actor), rule_id, lock)


def _only(rows: QuerySet[M], pk: int, lock: bool) -> M:
    rows = rows.filter(pk=pk)
    found = (rows.select_for_update(of=("self",)) if lock else rows).first()
    if found is None:
        kind = rows.model._meta.verbose_name
        raise NotFound(_("There is no such %(kind)s.") % {"kind": kind}, details={"id": pk})
    return found

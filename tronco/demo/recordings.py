"""The clinic records what its group answers, and both sides hear that it does."""

from __future__ import annotations

from tronco.demo.people import People
from tronco.pbx.models import Queue
from tronco.recordings.rules import allowance_set, manner_set, rule_create
from tronco.tenancy.access import SYSTEM, Actor

KEEP_DAYS, SPACE_MB = 90, 200


def recordings_load(people: People) -> None:
    """Let the clinic record, as its seller would, and say whom, as it would itself."""
    clinic = people.tenants["clinica"]
    allowance_set(
        actor=SYSTEM,
        tenant_id=clinic.pk,
        is_allowed=True,
        keep_days=KEEP_DAYS,
        max_mb=SPACE_MB,
    )
    itself = Actor(name=clinic.name, scopes=(clinic.path,), may=frozenset({"recordings.edit"}))
    for queue in Queue.objects.filter(tenant=clinic):
        rule_create(actor=itself, queue_id=queue.pk)
    manner_set(actor=itself, announces=True, own_listen=True)

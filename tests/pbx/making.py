"""Small things that answer calls, for tests."""

from __future__ import annotations

from datetime import UTC, datetime, time
from typing import Any

from tronco.circuits.models import Circuit
from tronco.pbx.destinations import TargetValues
from tronco.pbx.models import Menu, Prompt, Queue, Schedule, Voicemail
from tronco.pbx.queue_services import MemberValues, queue_create
from tronco.pbx.schedule_services import WindowValues, schedule_create
from tronco.tenancy.access import SYSTEM
from tronco.tenancy.models import Tenant

WORKDAYS = (0, 1, 2, 3, 4)
OFFICE = WindowValues(WORKDAYS, time(8), time(18))


def make_schedule(owner: Tenant, name: str = "Comercial", **facts: Any) -> Schedule:
    windows = facts.pop("windows", [OFFICE])
    return schedule_create(actor=SYSTEM, tenant_id=owner.pk, name=name, windows=windows, **facts)


def make_queue(owner: Tenant, name: str = "Vendas", *lines: Circuit, **facts: Any) -> Queue:
    return queue_create(
        actor=SYSTEM,
        tenant_id=owner.pk,
        name=name,
        overflow=facts.pop("overflow", TargetValues()),
        members=[MemberValues(line.pk) for line in lines],
        **facts,
    )


def make_prompt(owner: Tenant, name: str = "Saudação", sound: bytes = b"RIFF") -> Prompt:
    return Prompt.objects.create(
        tenant=owner, name=name, sound=sound, sha256=f"{hash(name):064x}"[-64:], duration_ms=1000
    )


def make_menu(owner: Tenant, name: str = "Atendimento", **facts: Any) -> Menu:
    return Menu.objects.create(tenant=owner, name=name, **facts)


def make_voicemail(line: Circuit, caller: str = "+5511988887777") -> Voicemail:
    return Voicemail.objects.create(
        tenant=line.tenant,
        circuit=line,
        call_id=f"node1-{Voicemail.objects.count()}.1",
        caller=caller,
        at=datetime(2026, 11, 20, 12, tzinfo=UTC),
        duration_ms=4000,
        sound=b"RIFF" + bytes(range(96)),
    )

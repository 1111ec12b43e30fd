"""What makes e-mails leave by themselves: a suspension, a task that failed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from tests.support.smtp import own_mail_server
from tests.support.world import World, make_world
from tronco.charging.services import account_change
from tronco.circuits.services import circuit_resume, circuit_suspend
from tronco.customers.services import customer_change
from tronco.mail.models import Email, Notices
from tronco.mail.tasks import deliver_due, tell_failed
from tronco.tenancy.access import SYSTEM
from tronco.tenancy.models import Tenant

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    world = make_world()
    Tenant.objects.update(email="contato@exemplo.com.br")
    return world


def test_a_suspension_is_told_as_often_as_it_happens(world: World, settings: Any) -> None:
    line = world.circuit(tenant=world.customer_a)
    for _again in range(2):
        circuit_suspend(actor=SYSTEM, circuit_id=line.pk)
        circuit_suspend(actor=SYSTEM, circuit_id=line.pk)
        circuit_resume(actor=SYSTEM, circuit_id=line.pk)
    with own_mail_server(settings) as server:
        assert deliver_due(0) == 2
    assert server.taken[0]["Subject"] == f"A linha {line.number} foi suspensa"
    assert server.taken[0]["To"] == "contato@exemplo.com.br"


def test_who_does_not_want_to_know_is_not_told(world: World) -> None:
    Notices.objects.create(tenant=world.customer_a, suspension=False)
    circuit_suspend(actor=SYSTEM, circuit_id=world.circuit(tenant=world.customer_a).pk)
    assert not Email.objects.exists()


def test_a_customer_who_becomes_inactive_is_told_once(world: World) -> None:
    for status in ("active", "inactive", "inactive", "active"):
        customer_change(
            actor=SYSTEM, tenant_id=world.customer_a.pk, name="Cliente A", status=status,
            email="contato@exemplo.com.br",
        )  # fmt: skip
    email = Email.objects.get()
    assert (email.tenant, email.kind) == (world.customer_a, "services_blocked")
    assert email.subject == "Os serviços de Cliente A foram suspensos"
    assert "Fale com Revenda A para reativá-los" in email.text


def test_a_reseller_whose_account_is_suspended_is_told(world: World) -> None:
    account = world.reseller_account(world.reseller_a1)
    for status in ("suspended", "suspended", "active"):
        account_change(actor=SYSTEM, account_id=account.pk, status=status)
    assert Email.objects.get().tenant == world.reseller_a1
    Notices.objects.create(tenant=world.reseller_a1, suspension=False)
    account_change(actor=SYSTEM, account_id=account.pk, status="suspended")
    assert Email.objects.count() == 1


def failed(task: str, at: datetime) -> None:
    """A background task that ran and failed, as the queue remembers it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO procrastinate_jobs (queue_name, task_name, status)"
            " VALUES ('default', %s, 'failed') RETURNING id",
            [task],
        )
        job = cursor.fetchone()[0]
        cursor.execute(
            "INSERT INTO procrastinate_events (job_id, type, at) VALUES (%s, 'failed', %s)",
            [job, at],
        )


def test_a_task_that_failed_is_told_the_master_once_an_hour(world: World, settings: Any) -> None:
    now = datetime.now(UTC)
    for task, ago_min in (("dids.age", 1), ("dids.age", 1.01), ("calls.old", 30)):
        failed(task, now - timedelta(minutes=ago_min))
    tell_failed(0)
    tell_failed(0)
    with own_mail_server(settings) as server:
        deliver_due(0)
    [message] = server.taken
    assert message["Subject"] == "A tarefa dids.age falhou"
    assert Email.objects.get().tenant == world.master

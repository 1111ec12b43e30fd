"""The warning of a low balance: once each time the balance falls, as the customer wants it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.urls import reverse

from tests.support.smtp import own_mail_server
from tests.support.web import administrator, make_user, signed_in
from tests.support.world import World, make_world
from tronco.charging.models import Account
from tronco.circuits.balance_alerts import alert_set, alerts_tell
from tronco.circuits.models import BalanceAlert, Circuit
from tronco.core.errors import NotAllowed, NotFound
from tronco.core.money import MICRO
from tronco.identity.roles import Role
from tronco.mail.models import Email
from tronco.mail.tasks import deliver_due
from tronco.tenancy.access import SYSTEM
from tronco.tenancy.models import Tenant

pytestmark = pytest.mark.django_db
START = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture
def world() -> World:
    world = make_world()
    Tenant.objects.update(email="contato@exemplo.com.br")
    return world


def has(circuit: Circuit, reais: str, **fields: Any) -> None:
    """Let the account have that much."""
    balance_u = int(float(reais) * MICRO)
    Account.objects.filter(pk=circuit.account_id).update(balance_u=balance_u, **fields)


def test_each_fall_is_told_once(world: World, settings: Any) -> None:
    circuit = world.circuit(balance_u=0)
    alert_set(actor=SYSTEM, circuit_id=circuit.pk, threshold_u=5 * MICRO)
    # (balance, e-mails by then): at the line is not below it.
    story = [("10", 0), ("5", 0), ("4.9", 1), ("4.8", 1), ("0", 1), ("20", 1), ("4.99", 2)]
    for minute, (balance, told) in enumerate(story):
        has(circuit, balance)
        for again in (0, 30):
            alerts_tell(now=START + timedelta(minutes=minute, seconds=again))
        assert (balance, Email.objects.count()) == (balance, told)
    with own_mail_server(settings) as server:
        assert deliver_due(0) == 2
    subjects = sorted(message["Subject"] for message in server.taken)
    assert subjects == ["Seu saldo está baixo: R$ 4,90", "Seu saldo está baixo: R$ 4,99"]
    link = f"{reverse('topups:topup_add')}?account={circuit.account_id}"
    for message in server.taken:
        lines = message.get_body(("plain",)).get_content().splitlines()
        assert any(line.endswith(link) for line in lines), lines
    world.circuit(balance_u=0)
    page = administrator(world, world.customer).get(link).content.decode()
    assert f'<option value="{circuit.account_id}" selected' in page


@pytest.mark.parametrize(
    ("plan", "limit_u", "balance", "is_low"),
    [
        ("prepaid", 0, "4", True),
        ("control", 100 * MICRO, "-94", False),
        ("control", 100 * MICRO, "-96", True),
        ("postpaid", None, "-900", False),
    ],
)
def test_what_is_left_is_what_counts(
    world: World, plan: str, limit_u: int | None, balance: str, is_low: bool
) -> None:
    circuit = world.circuit(plan=plan, limit_u=limit_u, balance_u=0)
    alert_set(actor=SYSTEM, circuit_id=circuit.pk, threshold_u=5 * MICRO)
    has(circuit, balance, held_u=0)
    assert alerts_tell(now=START) == int(is_low)


def test_what_running_calls_hold_does_not_count(world: World) -> None:
    circuit = world.circuit()
    alert_set(actor=SYSTEM, circuit_id=circuit.pk, threshold_u=5 * MICRO)
    has(circuit, "6", held_u=5 * MICRO)
    assert alerts_tell(now=START) == 0


def test_a_customer_draws_his_own_line_and_nobody_else_s(world: World) -> None:
    mine, theirs = world.circuit(), world.circuit(tenant=world.customer_a)
    boss = make_user(world.customer, Role.CUSTOMER_ADMINISTRATOR, username="chefe")
    client = signed_in(boss)
    url = reverse("circuits:circuit_alert", args=[mine.pk])
    assert client.post(url, {"threshold_u": "7,50"}).status_code == 302
    assert BalanceAlert.objects.get().threshold_u == 7_500_000
    assert 'value="7,50"' in client.get(url).content.decode()
    assert client.post(url, {"threshold_u": "-1"}).status_code == 422
    assert client.post(url, {"threshold_u": ""}).status_code == 302
    assert not BalanceAlert.objects.exists()
    assert client.get(reverse("circuits:circuit_alert", args=[theirs.pk])).status_code == 404
    with pytest.raises(NotFound):
        alert_set(actor=boss.actor, circuit_id=theirs.pk, threshold_u=1)
    reader = make_user(world.master, Role.READ_ONLY, username="leitor")
    with pytest.raises(NotAllowed):
        alert_set(actor=reader.actor, circuit_id=mine.pk, threshold_u=1)


def test_another_line_is_told_of_anew(world: World) -> None:
    circuit = world.circuit(balance_u=4 * MICRO)
    for threshold in (5, 5, 6):
        alert_set(actor=SYSTEM, circuit_id=circuit.pk, threshold_u=threshold * MICRO)
        alerts_tell(now=START + timedelta(minutes=threshold))
    assert Email.objects.count() == 2

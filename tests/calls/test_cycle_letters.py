"""*Fatura*: what a customer is told of a cycle that closed, and that he is told once."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from tests.calls.making import START, made
from tests.support.smtp import own_mail_server
from tests.support.world import World, make_world
from tronco.calls.cycle_letters import cycle_letters_queue
from tronco.charging.models import Account, LedgerEntry
from tronco.charging.services import cycles_close_due
from tronco.circuits.models import Circuit
from tronco.core.money import MICRO
from tronco.customers.models import Subscription
from tronco.mail.models import Email, Notices
from tronco.mail.tasks import deliver_due
from tronco.tenancy.models import Tenant

pytestmark = pytest.mark.django_db
OPENED = datetime(2026, 1, 15, tzinfo=UTC)
# The calls of `making` are of 2 March; the cycle ends on the 10th.
CLOSES = datetime(2026, 3, 10, 4, 5, tzinfo=UTC)
SOON = CLOSES + timedelta(minutes=15)


@pytest.fixture
def world() -> World:
    world = make_world()
    Tenant.objects.update(email="contato@exemplo.com.br")
    Subscription.objects.create(tenant=world.customer, due_day=20)
    for plan in world.plans.values():
        plan.monthly_fee_u = 50 * MICRO
        plan.save()
    return world


def line(world: World, plan: str, *, opened: datetime = OPENED, **fields: Any) -> Circuit:
    circuit = world.circuit(plan=plan, limit_u=100 * MICRO, balance_u=0, **fields)
    Account.objects.filter(pk=circuit.account_id).update(
        cycle_day=10, cycle_start=date(2026, 2, 10), created_at=opened
    )
    return circuit


def letter() -> str:
    """The text of the one e-mail there is."""
    return str(Email.objects.get().text)


def test_what_the_letter_says(world: World, settings: Any) -> None:
    first, second = line(world, "postpaid"), line(world, "postpaid")
    controlled, prepaid = line(world, "control"), world.circuit()
    for circuit in (first, first, second, controlled, prepaid):
        made(world, circuit, talks_s=60)  # R$ 0,10
    made(world, second, "11988887777", talks_s=120)  # R$ 0,60
    assert cycles_close_due(CLOSES) > 0
    assert cycle_letters_queue(at=SOON) == 1
    assert cycle_letters_queue(at=SOON + timedelta(hours=1)) == 0
    with own_mail_server(settings) as server:
        deliver_due(0)
    [message] = server.taken
    assert "fechamento do ciclo de 10/02/2026 - 09/03/2026" in message["Subject"]
    text = message.get_body(("plain",)).get_content()
    for told in (
        "Mensalidades: R$ 150,00",
        "Chamadas pós-pagas: R$ 0,90",
        "Total: R$ 150,90",
        "Vencimento: 20/03/2026",
        "Chamadas cobertas pelos planos controle: R$ 0,10",
        "since=2026-02-10T00%3A00&until=2026-03-10T00%3A00",
        "não um documento fiscal",
    ):
        assert told in text, told
    lines = {one.strip() for one in text.splitlines()}
    assert {"Local Fixo: 3 chamadas, R$ 0,30", "Local Móvel: 1 chamada, R$ 0,60"} <= lines


def test_it_is_what_left_the_balances(world: World) -> None:
    """Also in the second cycle, whose calls lie after the first's closing."""
    circuit = line(world, "postpaid")
    made(world, circuit, talks_s=60)
    cycles_close_due(CLOSES)
    cycle_letters_queue(at=SOON)
    made(world, circuit, talks_s=180, at=START + timedelta(days=20))
    cycles_close_due(CLOSES + timedelta(days=31))
    assert cycle_letters_queue(at=SOON + timedelta(days=31)) == 1
    moved = LedgerEntry.objects.filter(kind="cycle").order_by("pk").values_list("amount_u")
    assert [*moved] == [(100_000,), (300_000,)]
    newest = Email.objects.order_by("pk").last()
    assert newest is not None
    assert "Chamadas pós-pagas: R$ 0,30" in newest.text
    assert "10/03/2026 - 09/04/2026" in newest.subject


def test_in_the_customer_s_language(world: World) -> None:
    Notices.objects.create(tenant=world.customer, language="en")
    made(world, line(world, "postpaid"), talks_s=60)
    cycles_close_due(CLOSES)
    cycle_letters_queue(at=SOON)
    assert "Local fixed: 1 call, R$ 0,10" in letter()
    assert "Postpaid calls: R$ 0,10" in letter()


def test_not_before_all_of_that_day_are_closed(world: World) -> None:
    line(world, "postpaid")
    other = line(world, "postpaid")
    cycles_close_due(CLOSES)
    Account.objects.filter(pk=other.account_id).update(cycle_start=date(2026, 2, 10))
    assert cycle_letters_queue(at=SOON) == 0
    cycles_close_due(CLOSES)
    assert cycle_letters_queue(at=SOON) == 1
    assert "Mensalidades: R$ 100,00" in letter()


@pytest.mark.parametrize(
    ("case", "told"),
    [
        ("closed", 1),
        ("opened since", 0),
        ("prepaid", 0),
        ("disabled", 0),
        ("long ago", 0),
        ("not wanted", 0),
        ("no fee and no calls", 0),
        ("no address", 0),
    ],
)
def test_who_is_told(world: World, case: str, told: int) -> None:
    since = CLOSES + timedelta(hours=9)
    circuit = line(
        world,
        "prepaid" if case == "prepaid" else "postpaid",
        opened=since if case == "opened since" else OPENED,
        status="disabled" if case == "disabled" else "active",
    )
    if case == "not wanted":
        Notices.objects.create(tenant=world.customer, invoice=False)
    if case == "no fee and no calls":
        type(circuit.account.plan).objects.update(monthly_fee_u=0)
    if case == "no address":
        Tenant.objects.update(email="")
    cycles_close_due(CLOSES)
    at = SOON + timedelta(days=5 if case == "long ago" else 0)
    assert cycle_letters_queue(at=at) == Email.objects.count() == told


def test_an_address_that_is_none_does_not_hold_up_the_others(world: World) -> None:
    Tenant.objects.filter(pk=world.customer.pk).update(email="ninguém")
    for customer in (None, world.customer_b):
        line(world, "postpaid", tenant=customer)
    cycles_close_due(CLOSES)
    assert cycle_letters_queue(at=SOON) == 1
    assert Email.objects.get().tenant == world.customer_b


def test_the_calls_of_a_line_that_is_disabled_by_now_are_told(world: World) -> None:
    circuit = line(world, "postpaid")
    made(world, circuit, talks_s=60)
    Circuit.objects.update(status="disabled")
    cycles_close_due(CLOSES)
    cycle_letters_queue(at=SOON)
    assert "Mensalidades: R$ 0,00" in letter() and "Total: R$ 0,10" in letter()

"""Screens of circuits: what every list and form does, and S0's own: balance, password, latency."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from tests.support.web import WebClient, administrator, make_user, signed_in
from tests.support.world import World, make_world
from tests.ui.cases import ResourceCase
from tronco.charging.models import Account
from tronco.circuits.models import Circuit, LatencySample, Registration
from tronco.circuits.views import Circuits
from tronco.core.money import MICRO
from tronco.dids.models import Did
from tronco.identity.roles import Role
from tronco.ui.bulk import as_typed


class TestCircuits(ResourceCase):
    resource = Circuits
    changes = {"description": "Recepção", "max_calls": "7"}
    bulk = {"max_calls": ""}

    def make(self, world: World, name: str = "Primeiro") -> Circuit:
        return world.circuit(description=name, balance_u=0)

    def typed(self, world: World) -> dict[str, Any]:
        return {
            "tenant": str(world.customer.pk),
            "number": "5511999",
            "central": str(world.central.pk),
            "plan": str(world.plan(world.master).pk),
            "cycle_day": "5",
            "own_ddd": "11",
            "allowed_classes": ["local_fixed", "ldi"],
            "max_calls": "2",
            "max_contacts": "1",
            "codecs": "alaw",
        }


@pytest.fixture
def world(db: None) -> World:
    return make_world()


@pytest.fixture
def client(world: World) -> WebClient:
    return administrator(world)


def test_an_empty_list_says_how_to_begin_to_who_may(world: World, client: WebClient) -> None:
    url, how = reverse("circuits:circuit_list"), "Cadastre primeiro um cliente e um plano"
    assert how in client.get(url).content.decode()
    page = administrator(world, world.customer).get(url).content.decode()
    assert "Nada aqui ainda" in page
    assert how not in page


def credit_url(circuit: Circuit) -> str:
    return reverse("circuits:circuit_credit", args=[circuit.pk])


def balance_of(circuit: Circuit) -> int:
    return Account.objects.get(pk=circuit.account_id).balance_u


def test_the_list_has_the_manuals_columns(world: World, client: WebClient) -> None:
    prepaid = world.circuit(balance_u=12_345_678)
    postpaid = world.circuit(plan="postpaid", limit_u=None, balance_u=0)
    Account.objects.filter(pk=postpaid.account_id).update(used_u=5 * MICRO)
    Registration.objects.create(
        circuit=prepaid, tenant=prepaid.tenant, online=True, address="203.0.113.9", port=5060,
        rtt_us=23_400, changed_at=timezone.now(),
    )  # fmt: skip
    page = client.get(reverse("circuits:circuit_list")).content.decode()
    for text in (
        prepaid.number, "Cliente", "Varejo prepaid", "node1", "R$ 12,35", "203.0.113.9", "24 ms",
        "R$ 5,00",
    ):  # fmt: skip
        assert text in page, text
    assert page.count("data-live-cell") == 6


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("online=true", ["1001"]),
        ("online=false", ["1002", "1003"]),
        ("kind=control", ["1002"]),
        ("status=suspended", ["1003"]),
        ("balance_below_u=2,00", ["1002", "1003"]),
        ("q=1003", ["1003"]),
        ("q=203.0.113", ["1001"]),
        ("q=revenda", []),
    ],
)
def test_filters(world: World, client: WebClient, query: str, found: list[str]) -> None:
    online = world.circuit(balance_u=5 * MICRO)
    world.circuit(plan="control", limit_u=MICRO, balance_u=0)
    world.circuit(status="suspended", balance_u=MICRO)
    Registration.objects.create(
        circuit=online, tenant=online.tenant, online=True, address="203.0.113.9",
        changed_at=timezone.now(),
    )  # fmt: skip
    page = client.get(f"{reverse('circuits:circuit_options')}?{query}").json()
    assert [item["text"] for item in page["items"]] == found


def test_no_two_columns_have_one_name(world: World, client: WebClient) -> None:
    answer: Any = client.get(reverse("circuits:circuit_export"), {"format": "csv", "scope": "all"})
    headings = b"".join(answer.streaming_content).decode().splitlines()[0].split(";")
    assert len(set(headings)) == len(headings)


def test_the_page_leads_to_plan_and_price_list(world: World, client: WebClient) -> None:
    circuit = world.circuit()
    page = reverse("circuits:circuit_detail", args=[circuit.pk])
    plan = circuit.account.plan
    links = [
        f'href="{reverse("catalog:plan_detail", args=[plan.pk])}"',
        f'href="{reverse("catalog:tariff_detail", args=[plan.tariff_id])}"',
    ]
    assert all(link in client.get(page).content.decode() for link in links)
    seen = administrator(world, circuit.tenant).get(page).content.decode()
    assert plan.name in seen
    assert not any(link in seen for link in links), "a customer has no such pages"


def test_the_password_is_shown_in_the_answer_and_nowhere_else(
    world: World, client: WebClient
) -> None:
    answer = client.post(reverse("circuits:circuit_add"), TestCircuits().typed(world))
    page = answer.content.decode()
    assert answer["Cache-Control"] == "no-store"
    password = page.split("data-password>")[1].split("<")[0]
    assert len(password) == 16
    circuit = Circuit.objects.get(number="5511999")
    for url in (
        reverse("circuits:circuit_detail", args=[circuit.pk]),
        reverse("circuits:circuit_history", args=[circuit.pk]),
        reverse("circuits:circuit_edit", args=[circuit.pk]),
    ):
        assert password not in client.get(url).content.decode()
    new = client.post(reverse("circuits:circuit_password", args=[circuit.pk])).content.decode()
    assert "data-password>" in new
    assert password not in new


def test_credit_and_its_line_in_the_history(world: World, client: WebClient) -> None:
    circuit = world.circuit(balance_u=10 * MICRO)
    page = client.get(credit_url(circuit)).content.decode()
    token = page.split('name="token" value="')[1].split('"')[0]
    typed = {"direction": "credit", "amount_u": "25,50", "note": "PIX de maio", "token": token}
    for _ in range(2):  # a double click
        assert client.post(credit_url(circuit), typed).status_code == 302
    assert balance_of(circuit) == 35_500_000
    page = client.get(credit_url(circuit)).content.decode()
    for text in ("R$ 10,00", "R$ 25,50", "R$ 35,50", "PIX de maio", "Pessoa administrator"):
        assert text in page, text


def test_a_debit_below_zero_asks_first(world: World, client: WebClient) -> None:
    circuit = world.circuit(balance_u=10 * MICRO)
    typed = {
        "direction": "debit",
        "amount_u": "15,00",
        "token": "11111111-1111-4111-8111-111111111111",
    }
    asked = client.post(credit_url(circuit), typed)
    assert asked.status_code == 200
    assert "-R$ 5,00" in asked.content.decode()
    assert balance_of(circuit) == 10 * MICRO
    # Agreed to another balance than it would be by now: asked again.
    again = client.post(credit_url(circuit), {**typed, "agreed_u": "-4000000"})
    assert again.status_code == 200
    assert client.post(credit_url(circuit), {**typed, "agreed_u": "-5000000"}).status_code == 302
    assert balance_of(circuit) == -5 * MICRO


@pytest.mark.parametrize("amount", ["", "0", "-1", "1.234", "abc", "99999999999999999999"])
def test_an_amount_that_is_none_posts_nothing(world: World, client: WebClient, amount: str) -> None:
    circuit = world.circuit(balance_u=MICRO)
    typed = {
        "direction": "credit",
        "amount_u": amount,
        "token": "11111111-1111-4111-8111-111111111111",
    }
    answer = client.post(credit_url(circuit), typed)
    assert answer.status_code == 422
    assert "invalid-feedback" in answer.content.decode()
    assert balance_of(circuit) == MICRO


def test_who_may_adjust_a_balance(world: World) -> None:
    circuit = world.circuit(tenant=world.customer_a, balance_u=MICRO)
    typed = {
        "direction": "credit",
        "amount_u": "1,00",
        "token": "11111111-1111-4111-8111-111111111111",
    }
    tries = [
        (world.master, Role.READ_ONLY, 200, 403),
        (world.master, Role.SUPPORT, 200, 403),
        (world.customer_a, Role.CUSTOMER_ADMINISTRATOR, 200, 404),
        (world.reseller_b, Role.ADMINISTRATOR, 404, 404),
        (world.reseller_a, Role.FINANCE, 200, 302),
    ]
    for tenant, role, sees, posts in tries:
        client = signed_in(make_user(tenant, role))
        assert client.get(credit_url(circuit)).status_code == sees, role
        assert client.post(credit_url(circuit), typed).status_code == posts, role
    assert balance_of(circuit) == 2 * MICRO


def test_suspending_says_why_in_the_history(world: World, client: WebClient) -> None:
    circuit = world.circuit()
    url = reverse("circuits:circuit_do", args=[circuit.pk, "suspend"])
    assert client.get(url).status_code == 200
    assert client.post(url, {"reason": "fatura em atraso"}).status_code == 302
    circuit.refresh_from_db()
    assert circuit.status == "suspended"
    history = client.get(reverse("circuits:circuit_history", args=[circuit.pk])).content.decode()
    assert "fatura em atraso" in history
    client.post(reverse("circuits:circuit_do", args=[circuit.pk, "resume"]))
    circuit.refresh_from_db()
    assert circuit.status == "active"


def test_suspending_a_selection(world: World, client: WebClient) -> None:
    circuits = [world.circuit(), world.circuit()]
    url = reverse("circuits:circuit_bulk_do", args=["suspend"])
    answer = client.post(url, {"pk": [c.pk for c in circuits], "confirmed": "1"})
    assert answer.status_code == 302
    assert set(Circuit.objects.values_list("status", flat=True)) == {"suspended"}


@pytest.mark.parametrize(("limit_u", "shown"), [(None, ""), (0, "0,00"), (30 * MICRO, "30,00")])
def test_the_limit_of_a_postpaid_line_stays_when_something_else_changes(
    world: World, client: WebClient, limit_u: int | None, shown: str
) -> None:
    """Zero is a limit, and empty is none."""
    circuit = world.circuit(plan="postpaid", limit_u=limit_u)
    url = reverse("circuits:circuit_edit", args=[circuit.pk])
    form = client.get(url).context["form"]
    assert form["limit_u"].as_widget().count(f'value="{shown}"') == (limit_u is not None)
    typed = {name: as_typed(form[name].value()) for name in form.fields}
    client.post(url, {**typed, "limit_u": shown, "description": "Recepção"})
    bulk = {"pk": circuit.pk, "confirmed": "1", "_set": "max_calls", "max_calls": "7"}
    client.post(reverse("circuits:circuit_bulk_edit"), bulk)
    circuit.refresh_from_db()
    assert (circuit.description, circuit.max_calls) == ("Recepção", 7)
    assert Account.objects.get(pk=circuit.account_id).limit_u == limit_u


def test_latency_in_milliseconds(world: World, client: WebClient) -> None:
    circuit = world.circuit()
    now = timezone.now()
    for minutes, sample in ((10, (2, 10_000, 30_000, 40_000)), (5, (0, None, None, 0))):
        samples, least, most, total = sample
        LatencySample.objects.create(
            circuit=circuit, tenant=circuit.tenant, at=now - timedelta(minutes=minutes),
            samples=samples, min_us=least, max_us=most, sum_us=total, lost=2 - samples,
        )  # fmt: skip
    LatencySample.objects.create(
        circuit=circuit, tenant=circuit.tenant, at=now - timedelta(days=2), samples=1, sum_us=1
    )
    data = client.get(reverse("circuits:circuit_latency", args=[circuit.pk])).json()
    assert [one["values"] for one in data["series"]] == [
        [10.0, None],
        [20.0, None],
        [30.0, None],
    ]


def test_a_customer_sees_his_own_and_no_more(world: World) -> None:
    own, foreign = world.circuit(tenant=world.customer_a), world.circuit(tenant=world.customer_a1)
    client = administrator(world, world.customer_a)
    page = client.get(reverse("circuits:circuit_list")).content.decode()
    assert own.number in page
    assert foreign.number not in page
    assert "Varejo prepaid" in page
    assert client.get(reverse("circuits:circuit_detail", args=[own.pk])).status_code == 200
    for name in ("circuit_detail", "circuit_credit", "circuit_latency", "circuit_password"):
        url = reverse(f"circuits:{name}", args=[foreign.pk])
        assert client.get(url).status_code in {403, 404}, name


def test_deleting_names_the_numbers_left_without_it(world: World, client: WebClient) -> None:
    circuit = world.circuit(balance_u=0)
    for number in ("1130001000", "1130001001"):
        Did.objects.create(tenant=circuit.tenant, raw=number, e164=f"+55{number}", circuit=circuit)
    page = client.get(reverse("circuits:circuit_delete", args=[circuit.pk])).content.decode()
    assert "Números que ficam sem ele (toca no circuito): 2" in page

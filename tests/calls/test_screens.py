"""Screens of calls: the records and their totals, who sees which price, the story of a price."""

from __future__ import annotations

import csv
import io
import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from tests.calls.making import START, authorised, made
from tests.support.web import WebClient, administrator, make_user, signed_in
from tests.support.world import World, make_world
from tronco.calls.addresses import call_url, key_of
from tronco.calls.models import Cdr
from tronco.calls.selectors import get_call_by_id, list_calls, list_linked_calls, total_calls
from tronco.calls.templatetags.calls import exact_money, reais
from tronco.charging.models import Authorization
from tronco.core.errors import NotFound
from tronco.dids.services import did_create
from tronco.identity.roles import Role
from tronco.tenancy.access import SYSTEM
from tronco.tenancy.models import Tenant

pytestmark = pytest.mark.django_db
LIST = "calls:cdr_list"


@pytest.fixture
def world() -> World:
    return make_world()


@pytest.fixture
def client(world: World) -> WebClient:
    return administrator(world)


def deep_call(world: World) -> Cdr:
    """61 s of a customer two resellers down: 0,11 at retail, 0,077, 0,055, and 0,033 of cost."""
    return made(world, world.circuit(tenant=world.customer_a1), talks_s=61)


# Who looks: what he sold it for (or pays), what he bought it for, who paid what he may see.
VIEWS: list[tuple[str, Role, int, int | None, list[str]]] = [
    ("master", Role.ADMINISTRATOR, 55_000, 33_000, ["Cliente A1", "Revenda A1", "Revenda A"]),
    ("master", Role.READ_ONLY, 55_000, 33_000, ["Cliente A1", "Revenda A1", "Revenda A"]),
    ("reseller_a", Role.FINANCE, 77_000, 55_000, ["Cliente A1", "Revenda A1", "Revenda A"]),
    ("reseller_a1", Role.ADMINISTRATOR, 110_000, 77_000, ["Cliente A1", "Revenda A1"]),
    ("customer_a1", Role.CUSTOMER_ADMINISTRATOR, 110_000, None, ["Cliente A1"]),
]


@pytest.mark.parametrize(("where", "role", "sale_u", "purchase_u", "buyers"), VIEWS)
def test_each_level_sees_its_own_prices_and_those_below(
    world: World,
    where: str,
    role: Role,
    sale_u: int,
    purchase_u: int | None,
    buyers: list[str],
) -> None:
    call = deep_call(world)
    tenant: Tenant = getattr(world, where)
    totals = total_calls(list_calls(actor=world.actor(tenant, role)))
    assert (totals.sale_u, totals.purchase_u) == (sale_u, purchase_u)
    if purchase_u is not None:
        assert totals.margin_u == sale_u - purchase_u

    client = signed_in(make_user(tenant, role))
    page = client.get(call_url(call)).content.decode()
    told = {name: f"{name} " in page for name in ("Cliente A1", "Revenda A1", "Revenda A")}
    assert [name for name, seen in told.items() if seen and f"{name} paga" in page] == buyers
    assert ("Vizinha" in page) == (where == "master")
    listed = client.get(reverse(LIST)).content.decode()
    assert ("Margem" in listed) == (purchase_u is not None)


def test_a_user_given_customers_sees_what_they_pay(world: World) -> None:
    deep_call(world)
    made(world, world.circuit(tenant=world.customer_a), talks_s=61)
    user = make_user(world.reseller_a, Role.SUPPORT)
    user.customers.set([world.customer_a, world.customer_a1])
    totals = total_calls(list_calls(actor=user.actor))
    assert (totals.calls, totals.sale_u, totals.purchase_u) == (2, 220_000, None)


def test_another_tenants_call_does_not_exist(world: World) -> None:
    call = deep_call(world)
    for tenant in (world.reseller_b, world.customer_a, world.customer_b):
        client = administrator(world, tenant)
        assert client.get(call_url(call)).status_code == 404
        assert client.get(reverse("calls:cdr_by_id", args=[call.call_id])).status_code == 404
        assert key_of(call) not in client.get(reverse(LIST)).content.decode()


def test_the_story_of_a_price(world: World, client: WebClient) -> None:
    call = made(world, world.circuit(), talks_s=61)
    page = client.get(call_url(call)).content.decode()
    for text in ("1 × 30 s", "6 × 6 s", "66", "R$ 0,11", "Varejo v1", "R$ 0,033", "Vizinha"):
        assert text in page, text


def test_a_conversation_s_legs_lead_to_each_other(world: World, client: WebClient) -> None:
    """From the first call to all, from each leg to the first and the other; each sees his own."""
    owner, payer = world.circuit(tenant=world.customer_a), world.circuit(tenant=world.customer_b)
    first = made(world, owner, talks_s=61)
    one = made(world, owner, talks_s=30, linked=first.call_id)
    other = made(world, payer, talks_s=30, linked=first.call_id)
    alone = made(world, owner, talks_s=30)

    def shown(viewer: WebClient, cdr: Cdr) -> tuple[bool, bool, set[str]]:
        page = viewer.get(call_url(cdr)).content.decode()
        calls = {name for name, call in known.items() if f'href="{call_url(call)}"' in page}
        return "Chamada de origem" in page, "Chamadas ligadas" in page, calls

    known = {"first": first, "one": one, "other": other, "alone": alone}
    assert shown(client, first) == (False, True, {"one", "other"})
    assert shown(client, one) == (True, True, {"first", "other"})
    assert shown(client, other) == (True, True, {"first", "one"})
    assert shown(client, alone) == (False, False, set())
    theirs = administrator(world, world.customer_b)
    assert shown(theirs, other) == (False, False, set())
    theirs = administrator(world, world.customer_a)
    assert shown(theirs, first) == (False, True, {"one"})


def test_legs_are_found_by_the_index(world: World) -> None:
    call = made(world, world.circuit(), talks_s=30)
    with connection.cursor() as cursor:
        cursor.execute("""
            INSERT INTO calls_cdr
            SELECT (jsonb_populate_record(c, jsonb_build_object('identity', place))).*
              FROM calls_cdr c, generate_series(1, 5000) place
        """)
        cursor.execute("ANALYZE calls_cdr")
    assert "expr_idx" in list_linked_calls(actor=SYSTEM, cdr=call).explain()


@pytest.mark.parametrize(("where", "links"), [("master", 4), ("reseller_a", 2), ("customer_a1", 0)])
def test_only_price_lists_that_the_viewer_may_open_are_links(
    world: World, where: str, links: int
) -> None:
    viewer = administrator(world, getattr(world, where))
    page = viewer.get(call_url(deep_call(world))).content.decode()
    found = re.findall(r'href="(/catalog/tariffs/\d+/)"', page)
    assert len(found) == links
    assert {viewer.get(url).status_code for url in found} <= {200}


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"outcome": "refused", "reason": "no-credit", "hangup_cause": 21}, "Não há crédito"),
        ({"outcome": "busy", "hangup_cause": 17}, "Ninguém atendeu"),
    ],
)
def test_why_a_call_cost_nothing(
    world: World, client: WebClient, fields: dict[str, Any], text: str
) -> None:
    call = made(world, world.circuit(), talks_s=None, **fields)
    assert text in client.get(call_url(call)).content.decode()


def test_filters(world: World, client: WebClient) -> None:
    first, second = world.circuit(balance_u=10**9), world.circuit(tenant=world.customer_a)
    long_ = made(world, first, talks_s=600)
    mobile = made(world, first, "021999998888", talks_s=5, at=START + timedelta(hours=1))
    busy = made(world, second, talks_s=None, outcome="busy", at=START + timedelta(days=1))
    every = {key_of(long_), key_of(mobile), key_of(busy)}
    cases: list[tuple[dict[str, Any], set[str]]] = [
        ({}, every),
        ({"circuit": first.pk}, {key_of(long_), key_of(mobile)}),
        ({"tenant": world.reseller_a.pk}, {key_of(busy)}),
        ({"outcome": "busy"}, {key_of(busy)}),
        ({"call_class": "ldn_mobile"}, {key_of(mobile)}),
        ({"number": "(21) 99999-8888"}, {key_of(mobile)}),
        ({"number": "1133334444"}, {key_of(long_), key_of(busy)}),
        ({"at_least_s": "60"}, {key_of(long_)}),
        ({"since": "2026-03-03T00:00"}, {key_of(busy)}),
        ({"until": "2026-03-02T10:30"}, {key_of(long_)}),
        ({"trunk": world.trunk.pk}, every),
        ({"direction": "in"}, set()),
        ({"reason": "no-credit"}, set()),
    ]
    for query, expected in cases:
        page = client.get(reverse(LIST), query).content.decode()
        assert {key for key in every if f'data-key="{key}"' in page} == expected, query


def test_totals_are_of_all_that_match_not_of_the_page(world: World, client: WebClient) -> None:
    circuit = world.circuit(balance_u=10**9)
    for number in range(30):
        made(world, circuit, talks_s=61, at=START + timedelta(minutes=number))
    client.post(reverse("calls:cdr_columns"), {"per_page": "25"})
    page = client.get(reverse(LIST), {"circuit": circuit.pk})
    assert page.context["totals"].calls == 30
    assert page.context["totals"].sale_u == 30 * 110_000
    assert page.content.decode().count("data-key=") == 25


def test_export_streams_what_is_filtered(world: World, client: WebClient) -> None:
    circuit = world.circuit(balance_u=10**9)
    made(world, circuit, talks_s=61)
    made(world, circuit, talks_s=None, outcome="busy", at=START + timedelta(minutes=5))
    url = reverse("calls:cdr_export")
    answer: Any = client.get(url, {"format": "csv", "scope": "all", "outcome": "answered"})
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    heading, row = csv.reader(io.StringIO(text), delimiter=";")
    cells = dict(zip(heading, row, strict=True))
    assert cells["Preço"] == "0,11"
    assert cells["Custo"] == "0,033"
    assert cells["Sentido"] == "Saída"
    assert "+551133334444" in row


def test_running_calls_are_exported_as_words(world: World, client: WebClient) -> None:
    circuit = world.circuit(balance_u=10**9)
    authorised(world, circuit, at=timezone.now())
    answer: Any = client.get(reverse("calls:live_export"), {"format": "csv", "scope": "all"})
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    heading, row = csv.reader(io.StringIO(text), delimiter=";")
    cells = dict(zip(heading, row, strict=True))
    assert (cells["Status"], cells["Circuito"], cells["Sentido"]) == (
        "tocando", circuit.number, "Saída"
    )  # fmt: skip
    assert str(timezone.localtime().year) in cells["Início"]


def test_a_customers_export_has_no_cost(world: World) -> None:
    made(world, world.circuit(tenant=world.customer_a), talks_s=61)
    client = administrator(world, world.customer_a)
    answer: Any = client.get(reverse("calls:cdr_export"), {"format": "csv", "scope": "all"})
    heading = b"".join(answer.streaming_content).decode("utf-8-sig").splitlines()[0]
    for secret in ("Custo", "Margem", "Tronco"):
        assert secret not in heading


@pytest.mark.parametrize("column", ["purchase_u", "-margin_u", "trunk", "nonsense"])
def test_nobody_orders_by_what_he_does_not_see(world: World, column: str) -> None:
    circuit = world.circuit(tenant=world.customer_a)
    made(world, circuit, talks_s=61)
    made(world, circuit, talks_s=7)
    client = administrator(world, world.customer_a)
    list_url = reverse("calls:cdr_list")
    usual = client.get(list_url).context["table"].data.data
    answer = client.get(list_url, {"sort": column})
    assert answer.status_code == 200
    assert list(answer.context["table"].data.data) == list(usual)


def test_the_way_from_a_posting_to_its_call(world: World, client: WebClient) -> None:
    circuit = world.circuit()
    call = made(world, circuit, talks_s=61)
    statement = client.get(reverse("circuits:circuit_credit", args=[circuit.pk])).content.decode()
    url = reverse("calls:cdr_by_id", args=[call.call_id])
    assert url in statement
    assert "(11) 3333-4444" in statement
    assert client.get(url)["Location"] == call_url(call)


@pytest.mark.parametrize("call_id", ["", "node1", "node1-x.1", "node1-99999999999.1", "x-1.1"])
def test_an_id_that_is_no_calls(world: World, call_id: str) -> None:
    with pytest.raises(NotFound):
        get_call_by_id(actor=SYSTEM, call_id=call_id)


@pytest.mark.parametrize(
    "key", ["x", "1_2", "_", "99999999999999999999999_1", f"1_{1 << 70}", "-1_1"]
)
def test_an_address_that_is_no_calls(client: WebClient, key: str) -> None:
    assert client.get(reverse("calls:cdr_detail", args=[key])).status_code == 404


def test_live_calls_and_who_may_end_one(world: World, client: WebClient) -> None:
    circuit = world.circuit(tenant=world.customer_a)
    call = authorised(world, circuit, at=timezone.now() - timedelta(seconds=75))
    Authorization.objects.filter(pk=call.pk).update(
        answered_at=timezone.now() - timedelta(seconds=65)
    )
    url = reverse("calls:live_list")
    page = client.get(url).content.decode()
    assert "1:05" in page or "1:06" in page
    assert circuit.number in page
    card = client.get(reverse("calls:circuit_live", args=[circuit.pk])).content.decode()
    assert "(11) 3333-4444" in card

    end = reverse("calls:live_do", args=[call.call_id, "hang-up"])
    for tenant, role, status in (
        (world.reseller_b, Role.ADMINISTRATOR, 404),
        (world.customer_a, Role.CUSTOMER_ADMINISTRATOR, 403),
        (world.master, Role.FINANCE, 403),
        (world.reseller_a, Role.SUPPORT, 302),
    ):
        assert signed_in(make_user(tenant, role)).post(end).status_code == status, role
    stranger = administrator(world, world.customer_b)
    assert call.call_id not in stranger.get(url).content.decode()


def test_hanging_up_tells_the_switch(world: World, client: WebClient) -> None:
    call = authorised(world, world.circuit())
    sql: list[str] = []

    def note(execute: Any, query: str, params: Any, many: bool, context: Any) -> Any:
        sql.append(f"{query} {params}")
        return execute(query, params, many, context)

    with connection.execute_wrapper(note):
        client.post(reverse("calls:live_do", args=[call.call_id, "hang-up"]))
    told = [one for one in sql if "pg_notify" in one]
    assert len(told) == 1
    assert "tronco_hangup" in told[0]
    assert call.call_id in told[0]


def test_cards_of_a_circuit(world: World) -> None:
    circuit = world.circuit(tenant=world.customer_a)
    call = made(world, circuit, talks_s=61)
    client = administrator(world, world.customer_a)
    card = client.get(reverse("calls:circuit_recent", args=[circuit.pk])).content.decode()
    assert call_url(call) in card
    foreign = administrator(world, world.customer_b)
    for name in ("circuit_recent", "circuit_live", "circuit_calls"):
        assert foreign.get(reverse(f"calls:{name}", args=[circuit.pk])).status_code == 404


def test_a_call_leads_to_its_customer(world: World, client: WebClient) -> None:
    call = made(world, world.circuit(tenant=world.customer_a))
    link = f'href="{reverse("tenancy:customer_detail", args=[world.customer_a.pk])}"'
    assert link in client.get(call_url(call)).content.decode()
    own = administrator(world, world.customer_a).get(call_url(call)).content.decode()
    assert "Cliente A" in own
    assert link not in own, "a customer has no such page"


def test_a_number_leads_to_its_calls(world: World) -> None:
    circuit = world.circuit(tenant=world.customer_a)
    did = did_create(
        actor=SYSTEM, tenant_id=world.customer_a.pk, raw="1133334444", circuit_id=circuit.pk
    ).did
    of_it, other = made(world, circuit), made(world, circuit)
    Cdr.objects.filter(call_id=of_it.call_id).update(caller=did.e164)
    Cdr.objects.filter(call_id=other.call_id).update(
        caller="+551133335555", called="+5511999990000"
    )
    url = reverse("calls:did_calls", args=[did.pk])
    page = administrator(world, world.customer_a).get(url, follow=True).content.decode()
    assert call_url(of_it) in page
    assert call_url(other) not in page
    assert administrator(world, world.customer_b).get(url).status_code == 404


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("0.11", "R$ 0,11"),
        ("0.10989", "R$ 0,10989"),
        ("2", "R$ 2,00"),
        ("1/3", "≈ R$ 0,333333333333"),
        ("0.0000001", "R$ 0,0000001"),
    ],
)
def test_exact_amounts_are_told_exactly(text: str, shown: str) -> None:
    assert reais(text) == shown


def test_money_shows_no_needless_zeros() -> None:
    assert [exact_money(u) for u in (110_000, 33_000, 1_000_000, 1)] == [
        "R$ 0,11",
        "R$ 0,033",
        "R$ 1,00",
        "R$ 0,000001",
    ]


def test_the_list_asks_as_often_for_many_calls(world: World, client: WebClient) -> None:
    from django.test.utils import CaptureQueriesContext

    circuit = world.circuit(balance_u=10**9)
    made(world, circuit, talks_s=61)
    client.get(reverse(LIST))
    with CaptureQueriesContext(connection) as few:
        client.get(reverse(LIST))
    for number in range(5):
        made(world, circuit, talks_s=61, at=START + timedelta(minutes=number))
    with CaptureQueriesContext(connection) as many:
        client.get(reverse(LIST))
    assert len(many) == len(few) <= 25

"""Screens of requests for credit: who buys asks, who sells decides, nobody else sees anything."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from tests.support.web import WebClient, administrator, make_user, signed_in
from tests.support.world import World, make_world
from tests.topups.making import A_PDF, a_photo, make_topup
from tests.ui.cases import ResourceCase
from tronco.charging.models import Account
from tronco.circuits.models import Circuit
from tronco.core.money import MICRO
from tronco.identity.roles import Role
from tronco.topups.models import Receipt, TopUp
from tronco.topups.views import TopUps


class TestTopUps(ResourceCase):
    resource = TopUps

    @pytest.fixture
    def client(self, world: World) -> WebClient:
        return administrator(world, world.customer)

    def make(self, world: World, name: str = "Primeiro") -> TopUp:
        return make_topup(world, world.circuit().account)

    def typed(self, world: World) -> dict[str, Any]:
        return {"account": str(world.circuit().account_id), "amount_u": "50,00", "note": "Pix"}


@pytest.fixture
def world(db: None) -> World:
    return make_world()


@pytest.fixture
def circuit(world: World) -> Circuit:
    return world.circuit(tenant=world.customer_a, number="1133334444", balance_u=MICRO)


@pytest.fixture
def buyer(world: World) -> WebClient:
    return administrator(world, world.customer_a)


@pytest.fixture
def seller(world: World) -> WebClient:
    return signed_in(make_user(world.reseller_a, Role.FINANCE))


def url(screen: str, *args: Any) -> str:
    return reverse(f"topups:topup_{screen}", args=args)


def ask(client: WebClient, circuit: Circuit, **typed: Any) -> Any:
    fields = {"account": str(circuit.account_id), "amount_u": "50,00", "note": "Pix de hoje"}
    return client.post(url("add"), {**fields, **typed})


def text(answer: Any) -> str:
    return str(answer.content.decode())


def test_from_the_button_to_the_statement(
    circuit: Circuit, buyer: WebClient, seller: WebClient
) -> None:
    wanted = f"{url('add')}?account={circuit.account_id}"
    for page in ("circuit_detail", "circuit_credit"):
        assert wanted in text(buyer.get(reverse(f"circuits:{page}", args=[circuit.pk])))
        assert url("add") not in text(seller.get(reverse(f"circuits:{page}", args=[circuit.pk])))
    assert "1133334444 (R$ 1,00 disponível)" in text(buyer.get(wanted))
    file = SimpleUploadedFile("virus.exe", A_PDF, "application/x-msdownload")
    assert ask(buyer, circuit, receipt_file=file).status_code == 302
    topup = TopUp.objects.get()
    assert topup.asked_by == "Pessoa customer_admin-" + str(circuit.tenant_id)

    listed = text(seller.get(url("list")))
    assert 'text-primary-fg ms-auto">1<' in listed
    assert "text-primary-fg" not in text(buyer.get(url("list")))
    page = text(seller.get(url("decide", topup.pk)))
    assert 'value="50,00"' in page
    typed = {"amount_u": "50,00", "approve": "1"}
    for _click in range(2):
        answer = seller.post(url("decide", topup.pk), typed)
        assert answer["Location"] == url("detail", topup.pk)
    assert Account.objects.get(pk=circuit.account_id).balance_u == 51 * MICRO
    statement = text(buyer.get(reverse("circuits:circuit_credit", args=[circuit.pk])))
    assert f'href="{url("detail", topup.pk)}">Pedido de crédito nº {topup.pk}</a>' in statement
    assert "Aprovado" in text(buyer.get(url("detail", topup.pk)))


def test_refusing_needs_a_reason_which_the_buyer_reads(
    circuit: Circuit, buyer: WebClient, seller: WebClient
) -> None:
    ask(buyer, circuit)
    topup = TopUp.objects.get()
    answer = seller.post(url("decide", topup.pk), {"amount_u": "50,00", "refuse": "1"})
    assert answer.status_code == 422
    assert "reason" in answer.context["form"].errors
    typed = {"amount_u": "", "refuse": "1", "reason": "Pix não localizado"}
    assert seller.post(url("decide", topup.pk), typed).status_code == 302
    assert "Pix não localizado" in text(buyer.get(url("detail", topup.pk)))
    answer = seller.post(url("decide", topup.pk), {"amount_u": "50,00", "approve": "1"})
    assert answer.status_code == 422
    assert "já foi decidido" in text(answer)


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"amount_u": ""}, "amount_u"),
        ({"amount_u": "0"}, "amount_u"),
        ({"amount_u": "-5"}, "amount_u"),
        ({"amount_u": "0,001"}, "amount_u"),
        ({"amount_u": "100.000,01"}, "amount_u"),
        ({"amount_u": "muito"}, "amount_u"),
        ({"account": "9999999"}, "account"),
        ({"account": ""}, "account"),
        ({"note": "x" * 201}, "note"),
        ({"receipt_file": SimpleUploadedFile("a.pdf", b"MZ")}, "receipt_file"),
    ],
)
def test_bad_input_is_told_beside_its_field(
    circuit: Circuit, buyer: WebClient, typed: dict[str, Any], field: str
) -> None:
    answer = ask(buyer, circuit, **typed)
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == [field]
    assert not TopUp.objects.exists()


def test_a_second_one_is_refused_while_one_waits(circuit: Circuit, buyer: WebClient) -> None:
    assert ask(buyer, circuit).status_code == 302
    answer = ask(buyer, circuit)
    assert answer.status_code == 422
    assert "já existe um pedido" in text(answer).lower()
    topup = TopUp.objects.get()
    assert buyer.post(url("do", topup.pk, "cancel")).status_code == 302
    assert ask(buyer, circuit).status_code == 302


@pytest.mark.parametrize(
    ("data", "media_type"), [(A_PDF, "application/pdf"), (a_photo(), "image/jpeg")]
)
def test_a_receipt_leaves_only_as_a_download_for_its_two_ends(
    world: World, circuit: Circuit, buyer: WebClient, seller: WebClient, data: bytes,
    media_type: str,
) -> None:  # fmt: skip
    topup = make_topup(world, circuit.account, receipt=data)
    for client in (buyer, seller):
        answer = client.get(url("receipt", topup.pk))
        assert answer.status_code == 200
        assert answer["Content-Type"] == media_type
        assert answer["Content-Disposition"].startswith("attachment")
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert "sandbox" in answer["Content-Security-Policy"]
    for place in (world.customer, world.reseller_b, world.reseller_a1):
        assert administrator(world, place).get(url("receipt", topup.pk)).status_code == 404
    Receipt.objects.all().delete()
    assert buyer.get(url("receipt", topup.pk)).status_code == 404


def test_a_reseller_asks_above_and_does_not_decide_for_himself(world: World) -> None:
    own = administrator(world, world.reseller_a1)
    account = world.reseller_account(world.reseller_a1)
    page = text(own.get(reverse("charging:reseller_account_credit", args=[account.pk])))
    assert url("add") in page
    assert own.post(url("add"), {"account": account.pk, "amount_u": "500"}).status_code == 302
    topup = TopUp.objects.get()
    assert url("decide", topup.pk) not in text(own.get(url("detail", topup.pk)))
    assert own.get(url("decide", topup.pk)).status_code == 403
    typed = {"amount_u": "500,00", "approve": "1"}
    assert own.post(url("decide", topup.pk), typed).status_code == 403
    above = administrator(world, world.reseller_a)
    assert above.post(url("decide", topup.pk), typed).status_code == 302
    account.refresh_from_db()
    assert account.balance_u == 1500 * MICRO


@pytest.mark.parametrize(
    ("query", "found"),
    [("", 2), ("q=1133334444", 1), ("status=pending", 1), ("q=cliente", 2), ("q=nada", 0)],
)
def test_the_list_is_searched_and_filtered(
    world: World, circuit: Circuit, buyer: WebClient, query: str, found: int
) -> None:
    make_topup(world, circuit.account)
    other = make_topup(world, world.circuit(tenant=world.customer_a).account)
    buyer.post(url("do", other.pk, "cancel"))
    assert text(buyer.get(f"{url('list')}?{query}")).count("data-key=") == found
    assert text(buyer.get(f"{url('list')}?q=%23{other.pk}")).count("data-key=") == 1


def test_of_a_customer_or_of_all_below_a_reseller(
    world: World, circuit: Circuit, seller: WebClient
) -> None:
    make_topup(world, circuit.account)
    make_topup(world, world.circuit(tenant=world.customer_a1).account)
    for tenant, found in (("customer_a", 1), ("reseller_a1", 1), ("reseller_a", 2)):
        asked = f"{url('list')}?tenant={getattr(world, tenant).pk}"
        assert text(seller.get(asked)).count("data-key=") == found, tenant

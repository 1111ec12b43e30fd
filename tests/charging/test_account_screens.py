"""Screens of resellers' accounts: who sells to a reseller keeps his balance, never he himself."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse

from tests.support.web import administrator, make_user, signed_in
from tests.support.world import World, make_tenant, make_world
from tests.ui.cases import ResourceCase
from tronco.charging.models import Account
from tronco.charging.views import ResellerAccounts
from tronco.core.money import MICRO
from tronco.tenancy.models import Tenant


class TestResellerAccounts(ResourceCase):
    resource = ResellerAccounts
    changes = {"cycle_day": "9"}
    bulk = {"limit_u": ""}

    def make(self, world: World, name: str = "Primeiro") -> Account:
        tenant = make_tenant(world.master, Tenant.Kind.RESELLER, f"Revenda {name}")
        plan = world.plan(world.master, "postpaid")
        return Account.objects.create(
            tenant=tenant, plan=plan, role=Account.Role.RESELLER, limit_u=5 * MICRO
        )

    def typed(self, world: World) -> dict[str, Any]:
        tenant = make_tenant(world.master, Tenant.Kind.RESELLER, f"Nova {Tenant.objects.count()}")
        return {
            "tenant": str(tenant.pk),
            "plan": str(world.plan(world.master, "wholesale").pk),
            "cycle_day": "5",
            "opening_u": "100,00",
        }


@pytest.fixture
def world(db: None) -> World:
    return make_world(reseller_balance_u=10 * MICRO)


def credit(world: World, who: Tenant, whose: Tenant, amount: str = "5,00") -> int:
    """Post a credit as an administrator; return the status of the answer."""
    account = world.reseller_account(whose)
    url = reverse("charging:reseller_account_credit", args=[account.pk])
    typed = {
        "direction": "credit",
        "amount_u": amount,
        "token": "22222222-2222-4222-8222-222222222222",
    }
    return administrator(world, who).post(url, typed).status_code


def test_who_sells_to_a_reseller_keeps_his_balance(world: World) -> None:
    assert credit(world, world.master, world.reseller_a) == 302
    assert world.reseller_account(world.reseller_a).balance_u == 15 * MICRO
    assert credit(world, world.reseller_a, world.reseller_a1) == 302
    assert world.reseller_account(world.reseller_a1).balance_u == 15 * MICRO


def test_nobody_keeps_his_own_or_a_strangers(world: World) -> None:
    assert credit(world, world.reseller_a, world.reseller_a) == 403
    assert credit(world, world.reseller_b, world.reseller_a) == 404
    assert credit(world, world.customer_a, world.reseller_a) == 404
    assert world.reseller_account(world.reseller_a).balance_u == 10 * MICRO
    account = world.reseller_account(world.reseller_a)
    url = reverse("charging:reseller_account_credit", args=[account.pk])
    own = signed_in(make_user(world.reseller_a, username="dono"))
    page = own.get(url).content.decode()
    assert "R$ 10,00" in page
    assert "Ajuste de Saldo" not in page


def test_the_way_from_a_reseller_to_his_balance(world: World) -> None:
    client = administrator(world)
    account = world.reseller_account(world.reseller_a)
    url = reverse("charging:reseller_balance", args=[world.reseller_a.pk])
    assert client.get(url)["Location"] == reverse(
        "charging:reseller_account_credit", args=[account.pk]
    )
    newcomer = make_tenant(world.master, Tenant.Kind.RESELLER, "Sem conta")
    url = reverse("charging:reseller_balance", args=[newcomer.pk])
    assert client.get(url)["Location"].endswith(f"?tenant={newcomer.pk}")
    page = client.get(reverse("tenancy:reseller_detail", args=[newcomer.pk])).content.decode()
    assert url in page


def test_a_plan_of_another_seller_is_refused_beside_its_field(world: World) -> None:
    client = administrator(world)
    tenant = make_tenant(world.reseller_a, Tenant.Kind.RESELLER, "Revenda A2")
    typed = {
        "tenant": str(tenant.pk),
        "plan": str(world.plan(world.master, "wholesale").pk),
        "cycle_day": "1",
    }
    answer = client.post(reverse("charging:reseller_account_add"), typed)
    assert answer.status_code == 422
    assert "plan" in answer.context["form"].errors


def test_suspending_a_reseller(world: World) -> None:
    client = administrator(world)
    account = world.reseller_account(world.reseller_a)
    for action, status in (("suspend", "suspended"), ("resume", "active")):
        client.post(reverse("charging:reseller_account_do", args=[account.pk, action]))
        account.refresh_from_db()
        assert account.status == status


@pytest.mark.parametrize(
    ("query", "amounts"),
    [
        ("", ["5", "10"]),
        ("kind=credit", ["5"]),
        ("until=2020-01-01T00:00", []),
        ("q=tests", ["10"]),
    ],
)
def test_a_statement_as_a_file_holds_what_its_filters_leave(
    world: World, query: str, amounts: list[str]
) -> None:
    account = world.reseller_account(world.reseller_a)
    url = reverse("charging:reseller_account_credit", args=[account.pk])
    client = administrator(world, world.master)
    token = "22222222-2222-4222-8222-222222222222"
    client.post(url, {"direction": "credit", "amount_u": "5,00", "token": token})

    answer = client.get(f"{url}?{query}&format=csv")

    lines = b"".join(answer.streaming_content).decode().splitlines()  # type: ignore[attr-defined]
    place = lines[0].split(";").index("Valor")
    assert [line.split(";")[place] for line in lines[1:]] == amounts
    assert not any("<" in line for line in lines)

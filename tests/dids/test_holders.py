"""Who held a number before is told to whoever sells it, and never to who holds it now."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse

from tests.support.web import WebClient, administrator
from tests.support.world import World, make_world
from tronco.dids import states
from tronco.dids.models import Did, Tenure
from tronco.dids.services import did_change, did_create
from tronco.tenancy.access import SYSTEM
from tronco.tenancy.models import Tenant

FORMER, SUPPLIER, TAG = "Padaria Estrela", "Fornecedora Secreta", "Balcão da Estrela"
DOCUMENT = "11222333000181"


@pytest.fixture
def world(db: None) -> World:
    return make_world()


@pytest.fixture
def number(world: World) -> Did:
    """Held by one customer of reseller A's, and now by another."""
    former = Tenant.objects.create(
        parent=world.reseller_a, kind="customer", name=FORMER, document=DOCUMENT, path="?"
    )
    Tenant.objects.filter(pk=former.pk).update(path=f"{world.reseller_a.path}{former.pk}/")
    facts: dict[str, Any] = {"supplier": SUPPLIER, "raw": "1140001234"}
    did = did_create(actor=SYSTEM, tenant_id=world.reseller_a.pk, **facts).did
    states.did_reserve(actor=SYSTEM, did_id=did.pk, reserved_for=FORMER)
    states.did_assign(actor=SYSTEM, did_id=did.pk, tenant_id=former.pk)
    did_change(actor=SYSTEM, did_id=did.pk, caller_tag=TAG)
    states.did_give_back(actor=SYSTEM, did_id=did.pk)
    states.did_free(actor=SYSTEM, did_id=did.pk)
    return states.did_assign(actor=SYSTEM, did_id=did.pk, tenant_id=world.customer_a.pk)


def pages_about(did: Did, tenure: Tenure) -> list[str]:
    """Every address that may tell of a number."""
    found = f"?number={did.e164.lstrip('+')}"
    return [
        reverse("dids:did_list"),
        reverse("dids:did_detail", args=[did.pk]),
        reverse("dids:did_history", args=[did.pk]),
        reverse("dids:tenure_list"),
        reverse("dids:tenure_list") + found,
        reverse("dids:tenure_list") + f"?tenant={tenure.tenant_id}",
        reverse("dids:tenure_options"),
    ]


def read(client: WebClient, url: str) -> str:
    answer = client.get(url)
    assert answer.status_code in (200, 404), url
    return answer.content.decode()


def test_a_customer_is_told_nothing_of_who_held_his_number_before(
    world: World, number: Did
) -> None:
    client = administrator(world, world.customer_a)
    tenure = Tenure.objects.exclude(tenant=world.customer_a).get()
    assert tenure.holder == FORMER
    told = {url: read(client, url) for url in pages_about(number, tenure)}
    assert "(11) 4000-1234" in told[reverse("dids:did_detail", args=[number.pk])]
    for url, page in told.items():
        for secret in (FORMER, DOCUMENT, SUPPLIER, TAG):
            assert secret not in page, (secret, url)
    assert "4000-1234" not in read(client, reverse("dids:did_list") + f"?q={FORMER}")


def test_his_seller_is_told(world: World, number: Did) -> None:
    client = administrator(world, world.reseller_a)
    page = read(client, reverse("dids:did_detail", args=[number.pk]))
    assert FORMER in page
    assert SUPPLIER in read(client, reverse("dids:did_history", args=[number.pk]))
    other = administrator(world, world.reseller_b)
    assert other.get(reverse("dids:did_detail", args=[number.pk])).status_code == 404


@pytest.mark.parametrize(
    ("viewer", "sees"),
    [
        ("master", "Operadora › Revenda A › Revenda A1"),
        ("reseller_a", "Revenda A › Revenda A1"),
        ("reseller_a1", "Revenda A1"),
    ],
)
def test_nobody_is_told_who_sells_above_him(world: World, viewer: str, sees: str) -> None:
    did = did_create(actor=SYSTEM, tenant_id=world.customer_a1.pk, raw="1140001235").did
    assert Tenure.objects.get(e164=did.e164).sellers == ["Operadora", "Revenda A", "Revenda A1"]
    client = administrator(world, getattr(world, viewer))
    rows = list(client.get(reverse("dids:tenure_list")).context["table"].rows)
    assert [row.get_cell("sellers") for row in rows] == [sees]
    page = read(administrator(world, world.customer_a1), reverse("dids:tenure_list"))
    assert "Operadora" not in page and "Revenda A<" not in page

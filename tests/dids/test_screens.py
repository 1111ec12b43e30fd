"""Screens of numbers."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse

from tests.support.web import WebClient, administrator, make_user, signed_in
from tests.support.world import World, make_world
from tests.ui.cases import ResourceCase
from tronco.dids.models import Did, NumberRange, Tenure
from tronco.dids.range_views import Ranges, Tenures
from tronco.dids.ranges import range_create
from tronco.dids.services import did_create
from tronco.identity.roles import Role
from tronco.routing.number_views import Numbers
from tronco.tenancy.access import SYSTEM
from tronco.ui.resource import Resource


class TestDids(ResourceCase):
    resource = Numbers
    changes = {"supplier": "Vizinha"}
    bulk = {"supplier": "Vizinha"}

    def make(self, world: World, name: str = "Primeiro") -> Did:
        raw = f"11333{Did.objects.count():05}"
        return did_create(actor=SYSTEM, tenant_id=world.customer.pk, raw=raw, supplier=name).did

    def typed(self, world: World) -> dict[str, Any]:
        return {
            "raw": "1144445555",
            "e164": "",
            "subscriber": str(world.customer.pk),
            "is_active": "on",
            "allowed_callers": ["fixed", "mobile"],
        }

    def test_export(self, *args: Any) -> None:
        """Its own below: a number is shown as people write it, and exported whole."""


class TestRanges(ResourceCase):
    resource = Ranges
    changes = {"supplier": "Vizinha"}
    bulk = {"supplier": "Vizinha"}

    def make(self, world: World, name: str = "Primeiro") -> NumberRange:
        first = f"3333{NumberRange.objects.count() * 10:04}"
        made, _plan = range_create(
            actor=SYSTEM, tenant_id=world.master.pk, name=name, area="5511", first=first,
            last=str(int(first) + 4), sent_as="digits",
        )  # fmt: skip
        return made

    def typed(self, world: World) -> dict[str, Any]:
        return {
            "tenant": str(world.master.pk),
            "name": "Novo",
            "area": "5511",
            "first": "44440000",
            "last": "44440009",
            "sent_as": "e164",
        }

    def test_create(self, world: World, client: WebClient, screens: Resource) -> None:
        """What would be made is looked at first."""
        url = self.url(screens, "add")
        page = client.post(url, self.typed(world))
        assert page.status_code == 200
        assert not NumberRange.objects.exists()
        assert "+551144440000" in page.content.decode()
        answer = client.post(url, {**self.typed(world), "confirmed": "1"})
        assert answer.status_code == 302
        assert NumberRange.objects.get().numbers.count() == 10
        wrong = client.post(url, {**self.typed(world), "name": "Outro", "last": "1"})
        assert "last" in wrong.context["form"].errors


class TestTenures(ResourceCase):
    resource = Tenures

    def make(self, world: World, name: str = "Primeiro") -> Tenure:
        raw = f"11333{Did.objects.count():05}"
        did = did_create(actor=SYSTEM, tenant_id=world.customer.pk, raw=raw).did
        return Tenure.objects.get(e164=did.e164)


@pytest.mark.django_db
def test_a_number_is_shown_as_people_write_it_and_exported_whole() -> None:
    world = make_world()
    client = administrator(world)
    did_create(actor=SYSTEM, tenant_id=world.customer.pk, raw="11933334444")
    assert "(11) 93333-4444" in client.get(reverse("dids:did_list")).content.decode()
    answer: Any = client.get(reverse("dids:did_export"), {"format": "csv"})
    assert "+5511933334444" in b"".join(answer.streaming_content).decode()


@pytest.mark.django_db
def test_a_customer_exports_his_numbers_and_not_who_supplies_them() -> None:
    world = make_world()
    did_create(
        actor=SYSTEM, tenant_id=world.customer.pk, raw="1133334444", supplier="Vizinha",
        host="sip.vizinha.example",
    )  # fmt: skip
    did_create(actor=SYSTEM, tenant_id=world.customer_b.pk, raw="1133335555")
    client = signed_in(make_user(world.customer, Role.CUSTOMER_ADMINISTRATOR))
    columns = ["e164", "mode", "supplier", "host"]
    client.post(reverse("dids:did_columns"), {"columns": columns})
    answer: Any = client.get(reverse("dids:did_export"), {"format": "csv"})
    heading, *rows = b"".join(answer.streaming_content).decode("utf-8-sig").splitlines()
    assert "Número" in heading and "Fornecedor" not in heading
    assert len(rows) == 1 and "+551133334444" in rows[0]
    assert "izinha" not in rows[0]


@pytest.mark.django_db
def test_a_number_that_reads_otherwise_is_saved_with_a_warning() -> None:
    world = make_world()
    client = administrator(world)
    typed = {
        "raw": "1133334444",
        "e164": "1133335555",
        "subscriber": str(world.customer.pk),
        "allowed_callers": ["fixed"],
    }
    answer = client.post(reverse("dids:did_add"), typed, follow=True)
    page = answer.content.decode()
    assert Did.objects.get().e164 == "+551133335555"
    assert "+551133334444" in page
    assert "alert-warning" in page

"""Screens of customers."""

from __future__ import annotations

from typing import Any

from django.db import models

from tests.support.web import WebClient
from tests.support.world import World
from tests.ui.cases import ResourceCase
from tronco.customers import services
from tronco.customers.views import Customers
from tronco.tenancy.access import SYSTEM
from tronco.tenancy.models import Tenant
from tronco.ui.resource import Resource


class TestCustomers(ResourceCase):
    resource: type[Resource] = Customers
    changes = {"name": "Padaria Nova", "status": "inactive"}
    bulk = {"status": "inactive"}

    def make(self, world: World, name: str = "Padaria") -> Tenant:
        return services.customer_create(
            actor=SYSTEM,
            parent_id=world.reseller_a.pk,
            name=name,
            email=f"{name.lower().replace(' ', '')}@exemplo.com.br",
            plan_id=world.plan(world.reseller_a).pk,
        )

    def typed(self, world: World) -> dict[str, Any]:
        return {
            "name": "Mercado Bom Preço",
            "person": "company",
            "document": "12.ABC.345/01DE-35",
            "status": "active",
            "parent": world.reseller_a.pk,
            "email": "contato@exemplo.com.br",
            "plan": world.plan(world.reseller_a).pk,
            "due_day": "15",
            "max_calls": "10",
        }

    def test_an_address_breaks_on_the_page_and_is_whole_in_a_file(
        self, world: World, client: WebClient, screens: Resource
    ) -> None:
        self.make(world)
        page = client.get(self.url(screens, "list")).content.decode()
        assert "padaria@<wbr>exemplo.<wbr>com.<wbr>br" in page
        answer: Any = client.get(self.url(screens, "export"), {"format": "csv"})
        assert "padaria@exemplo.com.br" in b"".join(answer.streaming_content).decode()

    def is_gone(self, screens: Resource, obj: models.Model) -> bool:
        return Tenant.objects.get(pk=obj.pk).status == Tenant.Status.REMOVED

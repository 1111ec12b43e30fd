"""Screens of resellers."""

from __future__ import annotations

from typing import Any

from django.db import models

from tests.support.world import World
from tests.ui.cases import ResourceCase
from tronco.tenancy import services
from tronco.tenancy.access import SYSTEM
from tronco.tenancy.models import Tenant
from tronco.tenancy.views import Resellers
from tronco.ui.resource import Resource


class TestResellers(ResourceCase):
    resource: type[Resource] = Resellers
    changes = {"name": "Revenda Nova"}
    bulk = {"status": "inactive"}

    def make(self, world: World, name: str = "Revenda C") -> Tenant:
        return services.tenant_create(
            actor=SYSTEM, parent_id=world.reseller_a.pk, kind="reseller", name=name
        )

    def typed(self, world: World) -> dict[str, Any]:
        return {
            "name": "Voz do Vale",
            "person": "company",
            "document": "12.ABC.345/01DE-35",
            "status": "active",
            "parent": world.reseller_a.pk,
            "email": "contato@exemplo.com.br",
            "max_calls": "10",
        }

    def is_gone(self, screens: Resource, obj: models.Model) -> bool:
        return Tenant.objects.get(pk=obj.pk).status == Tenant.Status.REMOVED

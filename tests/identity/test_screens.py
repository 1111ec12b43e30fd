"""Screens of users."""

from __future__ import annotations

from typing import Any

from tests.support.web import make_user
from tests.support.world import PASSWORD, World
from tests.ui.cases import ResourceCase
from tronco.identity.models import User
from tronco.identity.roles import Role
from tronco.identity.views import Users


class TestUsers(ResourceCase):
    resource = Users
    changes = {"name": "Outro Nome", "role": "finance"}
    bulk = {"role": "read_only"}

    def make(self, world: World, name: str = "Primeiro") -> User:
        return make_user(world.reseller_a, Role.SUPPORT, username=name.lower().replace(" ", "-"))

    def typed(self, world: World) -> dict[str, Any]:
        return {
            "username": "joana",
            "name": "Joana Prado",
            "tenant": world.reseller_a.pk,
            "role": "support",
            "is_active": "on",
            "password": PASSWORD,
        }

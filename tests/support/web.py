"""A browser for tests: its requests run under the web processes' database role."""

from __future__ import annotations

from typing import Any

from django.db import connection
from django.test import Client

from tests.support.world import PASSWORD, World
from tronco.identity.models import User
from tronco.identity.roles import Role
from tronco.tenancy.models import Tenant
from tronco.tenancy.rls import WEB_ROLE


class WebClient(Client):
    """As Django's, but row-level security binds it, as it does the real web processes."""

    def request(self, **request: Any) -> Any:
        with connection.cursor() as cursor:
            cursor.execute(f"SET ROLE {WEB_ROLE}")
        try:
            response: Any = super().request(**request)
            if response.streaming:
                # What streams reads the database as it goes.
                response.streaming_content = list(response.streaming_content)
            return response
        finally:
            with connection.cursor() as cursor:
                cursor.execute("RESET ROLE")


def make_user(
    tenant: Tenant, role: Role = Role.ADMINISTRATOR, *, username: str = "", **fields: Any
) -> User:
    """A user of `tenant`; his password is PASSWORD."""
    name = username or f"{role.value}-{tenant.pk}"
    user = User(username=name, name=f"Pessoa {name}", tenant=tenant, role=role, **fields)
    user.set_password(PASSWORD)
    user.save()
    return user


def signed_in(user: User) -> WebClient:
    """A browser in which the user has signed in."""
    client = WebClient()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def administrator(world: World, tenant: Tenant | None = None) -> WebClient:
    """A browser of an administrator of the master, or of another tenant."""
    owner = tenant or world.master
    role = Role.CUSTOMER_ADMINISTRATOR if owner.kind == Tenant.Kind.CUSTOMER else Role.ADMINISTRATOR
    return signed_in(make_user(owner, role))

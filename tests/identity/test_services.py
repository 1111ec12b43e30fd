"""Users: who may make whom, what a user reaches, and what closes his access."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from django.db import connection

from config import settings as product_settings
from tests.support.web import make_user, signed_in
from tests.support.world import PASSWORD, World, make_world
from tronco.core.errors import Conflict, InvalidInput, NotAllowed, NotFound
from tronco.identity import services
from tronco.identity.models import User
from tronco.identity.roles import Role
from tronco.tenancy.access import NOBODY, SYSTEM, bind_scope
from tronco.tenancy.models import Tenant
from tronco.tenancy.rls import WEB_ROLE


@pytest.fixture
def world(db: None) -> World:
    return make_world()


# Sees everything and changes nothing.
READER = replace(SYSTEM, may=frozenset({"identity.view"}))


def create(world: World, who: str = "master", **changes: Any) -> User:
    facts: dict[str, Any] = {
        "actor": READER if who == "reader" else world.actor(getattr(world, who)),
        "username": "joana",
        "name": "Joana",
        "tenant_id": world.reseller_a.pk,
        "role": Role.SUPPORT,
        "password": PASSWORD,
    }
    return services.user_create(**{**facts, **changes})


def test_a_user_is_made_with_a_password_to_change(world: World) -> None:
    user = create(world)
    assert user.check_password(PASSWORD)
    assert user.must_change_password


@pytest.mark.parametrize(
    ("who", "changes", "refusal", "field"),
    [
        ("reseller_b", {}, NotFound, None),
        ("customer", {}, NotFound, None),
        ("reader", {}, NotAllowed, None),
        ("master", {"password": "12345"}, InvalidInput, "password"),
        ("master", {"password": "joana"}, InvalidInput, "password"),
        ("master", {"role": "dono"}, InvalidInput, "role"),
        ("master", {"role": Role.CUSTOMER_ADMINISTRATOR}, InvalidInput, "role"),
        ("master", {"username": "ANA"}, InvalidInput, "username"),
        ("master", {"email": "isto não"}, InvalidInput, "email"),
        ("master", {"name": " "}, InvalidInput, "name"),
    ],
)
def test_what_is_refused(
    world: World,
    who: str,
    changes: dict[str, Any],
    refusal: type[Exception],
    field: str | None,
) -> None:
    make_user(world.reseller_b, username="ana")
    with pytest.raises(refusal) as raised:
        create(world, who, **changes)
    assert getattr(raised.value, "field", None) == field


def test_only_customers_below_can_be_given(world: World) -> None:
    with pytest.raises(InvalidInput) as refusal:
        create(world, customer_ids=[world.customer_b.pk])
    assert refusal.value.field == "customers"
    user = create(world, customer_ids=[world.customer_a1.pk])
    assert user.actor.scopes == (world.customer_a1.path,)


def test_a_customer_makes_users_of_his_own_and_no_others(world: World) -> None:
    dona = make_user(world.customer_a, Role.CUSTOMER_ADMINISTRATOR, username="dona")
    client = signed_in(dona)
    page = client.get("/identity/users/add/").content.decode()
    assert 'name="tenant"' not in page
    assert 'name="customers"' not in page
    assert 'value="administrator"' not in page
    typed = {"username": "ramal", "name": "Ramal", "is_active": "on", "password": PASSWORD}
    refused = {**typed, "role": "administrator"}
    assert client.post("/identity/users/add/", refused).status_code == 422
    # What the form does not ask is not taken either.
    sent = {**typed, "role": "extension_user", "tenant": world.customer_b.pk}
    assert client.post("/identity/users/add/", sent).status_code == 302
    made = User.objects.get(username="ramal")
    assert (made.tenant, made.role) == (world.customer_a, "extension_user")
    others = make_user(world.customer_a1, Role.CUSTOMER_ADMINISTRATOR, username="outra")
    for way in ("", "edit/", "delete/", "do/password/"):
        assert client.get(f"/identity/users/{others.pk}/{way}").status_code == 404
    assert client.post(f"/identity/users/{made.pk}/delete/").status_code == 302


def test_nobody_takes_away_his_own_access(world: World) -> None:
    user = make_user(world.master, username="ana")
    who = {"actor": user.actor, "user_id": user.pk}
    same: dict[str, Any] = {**who, "username": "ana", "name": "Ana"}
    with pytest.raises(Conflict):
        services.user_change(**same, role=Role.READ_ONLY)
    with pytest.raises(Conflict):
        services.user_change(**same, role=Role.ADMINISTRATOR, is_active=False)
    with pytest.raises(Conflict):
        services.user_remove(actor=user.actor, user_id=user.pk)


def test_ones_own_password_needs_no_permission_anothers_does(world: World) -> None:
    reader = make_user(world.master, Role.READ_ONLY, username="ana", must_change_password=True)
    services.user_set_password(actor=reader.actor, user_id=reader.pk, password="girafa-azul-77")
    reader.refresh_from_db()
    assert reader.check_password("girafa-azul-77")
    assert not reader.must_change_password
    other = make_user(world.master, username="bia")
    with pytest.raises(NotAllowed):
        services.user_set_password(actor=reader.actor, user_id=other.pk, password=PASSWORD)


@pytest.mark.parametrize("closed", ["user", "own tenant", "tenant above"])
def test_who_is_closed_or_stands_below_somebody_closed_is_nobody(world: World, closed: str) -> None:
    user = make_user(world.customer_a1, Role.CUSTOMER_ADMINISTRATOR, username="ana")
    client = signed_in(user)
    assert client.get("/identity/profile/").status_code == 200
    if closed == "user":
        User.objects.filter(pk=user.pk).update(is_active=False)
    else:
        tenant = world.customer_a1 if closed == "own tenant" else world.reseller_a
        Tenant.objects.filter(pk=tenant.pk).update(status=Tenant.Status.INACTIVE)
    assert User.objects.get(pk=user.pk).actor == NOBODY
    answer = client.get("/identity/profile/")
    assert "/sign-in/" in answer["Location"]
    denied = client.post("/identity/sign-in/", {"username": "ana", "password": PASSWORD})
    assert denied.status_code == 422


def test_customers_given_are_all_that_is_reached(world: World) -> None:
    user = make_user(world.master, Role.SUPPORT, username="ana")
    user.customers.set([world.customer_a, world.customer_b])
    client = signed_in(user)
    page = client.get("/tenancy/customers/").content.decode()
    assert f'data-key="{world.customer_a.pk}"' in page
    assert f'data-key="{world.customer_b.pk}"' in page
    assert f'data-key="{world.customer.pk}"' not in page
    assert client.get(f"/tenancy/customers/{world.customer.pk}/").status_code == 404


@pytest.mark.parametrize("role", [Role.ADMINISTRATOR, Role.SUPPORT])
def test_who_is_given_customers_has_nothing_of_their_seller(world: World, role: Role) -> None:
    user = make_user(world.master, role, username="ana")
    user.customers.set([world.customer_a])
    client = signed_in(user)
    for address in ("routing/routes", "routing/trunks", "centrals", "catalog/plans", "branding"):
        assert client.get(f"/{address}/").status_code == 404
        assert f'href="/{address}/"' not in client.get("/tenancy/customers/").content.decode()
    assert not any(name.startswith("demo.") for name in user.actor.may)


def test_reach_is_told_before_any_scope_and_nothing_else_is(world: World) -> None:
    user = make_user(world.reseller_a, username="ana")
    bind_scope(())
    with connection.cursor() as cursor:
        cursor.execute(f"SET ROLE {WEB_ROLE}")
    try:
        assert not Tenant.objects.exists()
        assert User.objects.get(pk=user.pk).actor.scopes == (world.reseller_a.path,)
    finally:
        with connection.cursor() as cursor:
            cursor.execute("RESET ROLE")


def test_a_request_leaves_no_scope_behind(world: World) -> None:
    client = signed_in(make_user(world.master))
    client.get("/tenancy/customers/")
    client.get("/tenancy/customers/export/")
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('tronco.scope')")
        assert cursor.fetchone() == ("",)


def test_signing_in_changes_the_session(world: World) -> None:
    make_user(world.master, username="ana")
    client = signed_in(make_user(world.reseller_a))
    before = client.session.session_key
    client.post("/identity/sign-out/")
    answer = client.post(
        "/identity/sign-in/", {"username": "ana", "password": PASSWORD, "next": "//evil.example/"}
    )
    assert answer["Location"] == "/"
    assert client.session.session_key != before
    cookie = client.cookies["sessionid"]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"


def test_every_page_forbids_what_ours_never_do(world: World) -> None:
    page = signed_in(make_user(world.master)).get("/tenancy/customers/")
    policy = page["Content-Security-Policy"]
    assert "script-src 'self';" in policy
    assert "unsafe" not in policy
    assert page["X-Frame-Options"] == "DENY"
    assert "<script>" not in page.content.decode()
    assert " style=" not in page.content.decode()


def test_passwords_are_kept_as_argon2() -> None:
    assert product_settings.PASSWORD_HASHERS == ["django.contrib.auth.hashers.Argon2PasswordHasher"]

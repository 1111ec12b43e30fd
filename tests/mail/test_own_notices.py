"""*Meus avisos*: a customer says himself of what he is told."""

from __future__ import annotations

import pytest
from django.urls import reverse

from tests.customers.test_services import meanwhile
from tests.support.web import administrator, make_user, signed_in
from tests.support.world import World, make_world
from tronco.core.errors import NotAllowed, NotFound
from tronco.identity.roles import Role
from tronco.mail.models import Notices
from tronco.mail.setup_services import notices_create, own_notices_set
from tronco.tenancy.access import SYSTEM, Actor

pytestmark = pytest.mark.django_db
URL = "mail:own_notices"


@pytest.fixture
def world() -> World:
    return make_world()


def test_he_sees_what_counts_and_changes_it(world: World) -> None:
    client = administrator(world, world.customer_a)
    page = client.get(reverse(URL))
    assert page.context["form"].initial["suspension"] is True
    assert "Meus avisos" in client.get("/").content.decode()
    typed = {"address": "ana@cliente.example", "language": "en", "missed_calls": "on"}
    for address in ("ana@cliente.example", "bia@cliente.example"):
        assert client.post(reverse(URL), {**typed, "address": address}).status_code == 302
        one = Notices.objects.get()
        assert (one.tenant, one.address, one.language) == (world.customer_a, address, "en")
        assert (one.missed_calls, one.suspension, one.invoice) == (True, False, False)


def test_an_address_that_is_none_is_named_at_its_field(world: World) -> None:
    answer = administrator(world, world.customer_a).post(
        reverse(URL), {"address": "ninguém", "language": "pt-br"}
    )
    assert answer.status_code == 422 and answer.context["form"].errors["address"]
    assert not Notices.objects.exists()


def test_sellers_and_users_of_extensions_have_no_such_page(world: World) -> None:
    others = [
        make_user(world.master),
        make_user(world.reseller_a),
        make_user(world.customer_a, Role.EXTENSION_USER),
    ]
    for user in others:
        assert signed_in(user).get(reverse(URL)).status_code == 404
        assert "Meus avisos" not in signed_in(user).get("/").content.decode()


def test_it_is_one_s_own_company_s(world: World) -> None:
    both = (world.customer_a.path, world.customer_b.path)
    for scopes in ((world.reseller_a.path,), both, ()):
        actor = Actor(name="x", scopes=scopes, may=frozenset({"notices.edit"}))
        with pytest.raises(NotFound):
            own_notices_set(actor=actor, language="en")
    with pytest.raises(NotAllowed):
        own_notices_set(actor=world.actor(world.reseller_a), language="en")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("by_seller", [True, False])
def test_what_is_said_twice_at_once_is_said_once(transactional_db: None, by_seller: bool) -> None:
    world = make_world()
    actor = world.actor(world.customer_a)

    def say(address: str) -> Notices:
        return own_notices_set(actor=actor, language="en", address=address)

    def first() -> Notices:
        if by_seller:
            customer_id = world.customer_a.pk
            return notices_create(actor=SYSTEM, tenant_id=customer_id, language="pt-br")
        return say("ana@cliente.example")

    assert meanwhile(first, lambda: say("bia@cliente.example")) == Notices.objects.get()
    assert Notices.objects.get().address == "bia@cliente.example"

"""*Painel do usuário*: who enters whose panel, what he may there, and what is remembered."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from tests.support.web import WebClient, make_user, signed_in
from tests.support.world import World, make_world
from tronco.circuits.models import Circuit
from tronco.core.errors import Conflict, InvalidInput, NotAllowed, NotFound
from tronco.identity import visits
from tronco.identity.models import User, Visit
from tronco.identity.roles import PANEL_ONLY, Role, permissions_for
from tronco.tenancy.models import Tenant

END = "/identity/visit/end/"
BANNER = "visit-banner"


@pytest.fixture
def world(db: None) -> World:
    return make_world()


@pytest.fixture
def ana(world: World) -> User:
    return make_user(world.reseller_a, Role.SUPPORT, username="ana")


def begin(tenant: Tenant) -> str:
    return f"/tenancy/customers/{tenant.pk}/panel/"


def inside(world: World, user: User) -> WebClient:
    """A browser of the user, in customer A's panel."""
    client = signed_in(user)
    assert client.post(begin(world.customer_a))["Location"] == "/"
    return client


def test_in_and_out(world: World, ana: User) -> None:
    client = inside(world, ana)
    for address in ("/", "/circuits/", "/nada-disso/"):
        page = client.get(address).content.decode()
        assert BANNER in page, address
        assert "Pessoa ana" in page
        assert "Cliente A" in page
    answer = client.post(END)
    assert answer["Location"] == f"/tenancy/customers/{world.customer_a.pk}/"
    assert BANNER not in client.get("/circuits/").content.decode()
    visit = Visit.objects.get()
    assert (visit.tenant, visit.user, visit.visitor) == (world.customer_a, ana, "Pessoa ana")
    assert visit.ended_at is not None


def test_the_reach_is_the_customers_and_no_more(world: World, ana: User) -> None:
    theirs = world.circuit(tenant=world.customer_a)
    others = world.circuit(tenant=world.customer_a1)
    client = signed_in(ana)
    assert client.get(f"/circuits/{others.pk}/").status_code == 200
    client = inside(world, ana)
    assert client.get(f"/circuits/{theirs.pk}/").status_code == 200
    assert client.get(f"/circuits/{others.pk}/").status_code == 404
    assert client.get("/tenancy/customers/").status_code == 404


@pytest.mark.parametrize(
    "role", [Role.ADMINISTRATOR, Role.FINANCE, Role.SUPPORT, Role.READ_ONLY], ids=str
)
def test_nobody_may_there_what_he_may_not_here(world: World, role: Role) -> None:
    actor = world.actor(world.reseller_a, role)
    if not actor.can(visits.PERMISSION):
        with pytest.raises(NotAllowed):
            visits.visit_begin(actor=actor, tenant_id=world.customer_a.pk)
        return
    visit = visits.visit_begin(actor=actor, tenant_id=world.customer_a.pk)
    there = visits.visitor(actor, visit)
    customers = permissions_for(Role.CUSTOMER_ADMINISTRATOR, "customer")
    assert there.scopes == (world.customer_a.path,)
    assert there.may <= customers
    assert all(actor.can(PANEL_ONLY.get(permission, permission)) for permission in there.may)
    # What is done in a panel alone is done by who may do its like outside.
    assert there.may.isdisjoint(PANEL_ONLY) != actor.can("circuits.edit")
    assert there.may.isdisjoint({"identity.edit", "identity.delete"})


def test_a_permission_of_the_customer_alone_is_not_lent(world: World) -> None:
    poor = replace(world.actor(world.reseller_a), may=frozenset({"tenancy.operate", "calls.view"}))
    visit = visits.visit_begin(actor=poor, tenant_id=world.customer_a.pk)
    assert visits.visitor(poor, visit).may == {"calls.view"}


@pytest.mark.parametrize(
    ("whom", "refusal"),
    [
        ("customer_b", NotFound),
        ("customer", NotFound),
        ("reseller_a1", InvalidInput),
        ("removed", Conflict),
    ],
)
def test_who_has_no_panel_to_enter(world: World, whom: str, refusal: type[Exception]) -> None:
    tenant = getattr(world, whom, world.customer_a)
    if whom == "removed":
        Tenant.objects.filter(pk=tenant.pk).update(status="removed")
    with pytest.raises(refusal):
        visits.visit_begin(actor=world.actor(world.reseller_a), tenant_id=tenant.pk)


def test_from_a_panel_nobody_enters_another(world: World, ana: User) -> None:
    client = inside(world, ana)
    assert client.post(begin(world.customer_a1)).status_code == 404
    assert client.post(begin(world.customer_a)).status_code == 404
    assert Visit.objects.count() == 1


@pytest.mark.parametrize("page", ["profile", "password", "second-factor", "sessions/end"])
def test_what_is_about_oneself_waits_outside(world: World, ana: User, page: str) -> None:
    client = inside(world, ana)
    address = f"/identity/{page}/"
    answers = [client.post(address, {"password": "girafa-azul-77", "step": "begin"})]
    if page != "sessions/end":
        answers.append(client.get(address))
    assert [answer["Location"] for answer in answers] == ["/"] * len(answers)


def test_the_customers_users_keep_their_passwords(world: World) -> None:
    theirs = make_user(world.customer_a, Role.CUSTOMER_ADMINISTRATOR, username="dona")
    client = inside(world, make_user(world.reseller_a, username="chefe"))
    assert client.get(f"/identity/users/{theirs.pk}/").status_code == 200
    for way in ("do/password", "do/password-link", "do/second-factor", "edit", "delete"):
        answer = client.post(f"/identity/users/{theirs.pk}/{way}/", {"password": "girafa-azul-77"})
        assert answer.status_code == 403, way


@pytest.mark.parametrize("lost", ["permission", "customer", "removed", "ended"])
def test_a_visit_ends_with_what_it_rests_on(world: World, ana: User, lost: str) -> None:
    client = inside(world, ana)
    if lost == "permission":
        User.objects.filter(pk=ana.pk).update(role=Role.READ_ONLY)
    elif lost == "customer":
        ana.customers.set([world.customer_a1])
    elif lost == "removed":
        Tenant.objects.filter(pk=world.customer_a.pk).update(status="removed")
    else:
        Visit.objects.update(ended_at="2026-11-20T12:00:00Z")
    assert BANNER not in client.get("/circuits/").content.decode()
    assert client.get("/tenancy/customers/").status_code == 200


def test_a_visit_ends_after_two_hours_and_says_until_when(world: World, ana: User) -> None:
    client = inside(world, ana)
    visit = Visit.objects.get()
    until = timezone.localtime(visit.began_at) + timedelta(hours=2)
    assert f"até às {until:%H:%M}." in client.get("/circuits/").content.decode()
    for minutes, lasts in ((119, True), (121, False)):
        Visit.objects.update(began_at=timezone.now() - timedelta(minutes=minutes))
        page = client.get("/circuits/").content.decode()
        assert (BANNER in page) is lasts
    assert "terminou" in page
    visit.refresh_from_db()
    assert visit.ended_at == visit.until, "not when it was noticed"
    assert client.get("/tenancy/customers/").status_code == 200


def test_what_is_sent_too_late_is_not_done_outside(world: World, ana: User) -> None:
    world.circuit(tenant=world.customer_a)
    world.circuit(tenant=world.customer_a1)
    client = inside(world, ana)
    Visit.objects.update(began_at=timezone.now() - timedelta(minutes=121))
    suspend = "/circuits/bulk/do/suspend/"
    for _click in range(2):
        answer = client.post(suspend, {"all": "1", "confirmed": "1"})
        assert (answer.status_code, answer["Location"]) == (302, "/")
        assert not Circuit.objects.exclude(status="active").exists()
    assert "terminou" in client.get("/").content.decode()
    client.post(suspend, {"all": "1", "confirmed": "1"})
    assert not Circuit.objects.filter(status="active").exists(), "as himself he may"


@pytest.mark.parametrize("part", [{"HX-Request": "true"}, {"Sec-Fetch-Dest": "empty"}], ids=str)
def test_what_an_open_page_asks_for_by_itself_does_not_end_the_visit_unseen(
    world: World, ana: User, part: dict[str, str]
) -> None:
    world.circuit(tenant=world.customer_a)
    client = inside(world, ana)
    Visit.objects.update(began_at=timezone.now() - timedelta(minutes=121))
    for _turn in range(2):
        answer = client.get("/circuits/", {"_live": "1"}, headers=part)
        assert (answer.content, answer["HX-Refresh"]) == (b"", "true")
    assert client.post("/circuits/bulk/do/suspend/", {"all": "1", "confirmed": "1"})["Location"]
    assert not Circuit.objects.exclude(status="active").exists()
    restored = {"HX-Request": "true", "HX-History-Restore-Request": "true"}
    assert "terminou" in client.get("/circuits/", headers=restored).content.decode()
    assert "<tr" in client.get("/circuits/", headers=part).content.decode()


def test_signing_out_leaves_the_panel(world: World, ana: User) -> None:
    client = inside(world, ana)
    client.post("/identity/sign-out/")
    assert Visit.objects.get().ended_at is not None


def test_both_names_are_in_the_history(world: World) -> None:
    chefe = make_user(world.reseller_a, username="chefe")
    client = inside(world, chefe)
    client.post(END)
    page: Any = signed_in(chefe).get(f"/tenancy/customers/{world.customer_a.pk}/history/")
    text = page.content.decode()
    assert "Pessoa chefe" in text
    assert "Visita ao painel" in text
    visit = Visit.objects.get()
    there = visits.visitor(world.actor(world.reseller_a), visit)
    assert there.name == "administrator de Revenda A (painel de Cliente A)"

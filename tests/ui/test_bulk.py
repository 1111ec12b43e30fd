"""Many rows at once: all or nothing, only what is within reach, and errors that name the row."""

from __future__ import annotations

import pytest
from django.test import Client

from tests.support.web import WebClient, administrator
from tests.support.world import World, make_world
from tronco.tenancy import services
from tronco.tenancy.access import SYSTEM
from tronco.tenancy.models import Tenant

LIST = "/tenancy/customers/"
EDIT = f"{LIST}bulk/edit/"
DELETE = f"{LIST}bulk/delete/"
CHANGE = {"confirmed": "1", "_set": "status", "status": "inactive"}


@pytest.fixture
def world(db: None) -> World:
    return make_world()


@pytest.fixture
def client(world: World) -> WebClient:
    return administrator(world)


def inactive() -> set[str]:
    return set(Tenant.objects.filter(status="inactive").values_list("name", flat=True))


def test_all_that_match_is_what_the_filter_of_the_address_says(
    world: World, client: WebClient
) -> None:
    question = client.post(f"{EDIT}?q=cliente a", {"all": "1"})
    assert "2 linhas selecionadas" in question.content.decode()
    client.post(f"{EDIT}?q=cliente a", {"all": "1", **CHANGE})
    assert inactive() == {"Cliente A", "Cliente A1"}


def test_what_came_meanwhile_is_asked_about(world: World, client: WebClient) -> None:
    question = client.post(f"{EDIT}?q=cliente a", {"all": "1"}).content.decode()
    assert 'name="_count" value="2"' in question
    Tenant.objects.filter(pk=world.customer_b.pk).update(name="Cliente A2")
    answer = client.post(f"{EDIT}?q=cliente a", {"all": "1", "_count": "2", **CHANGE})
    assert (answer.status_code, inactive()) == (422, set())
    page = answer.content.decode()
    assert "A seleção mudou" in page
    assert "3 linhas selecionadas" in page
    client.post(f"{EDIT}?q=cliente a", {"all": "1", "_count": "3", **CHANGE})
    assert len(inactive()) == 3


def test_rows_of_others_in_the_selection_do_not_count(world: World) -> None:
    reseller = administrator(world, world.reseller_b)
    reseller.post(EDIT, {"pk": [world.customer_a.pk, world.customer_b.pk], **CHANGE})
    assert inactive() == {"Cliente B"}


def test_one_refusal_undoes_all_and_names_the_row(world: World, client: WebClient) -> None:
    child = services.tenant_create(
        actor=SYSTEM, parent_id=world.reseller_b.pk, kind="reseller", name="Revenda B1"
    )
    keys = [child.pk, world.reseller_b.pk]
    answer = client.post("/tenancy/resellers/bulk/delete/", {"pk": keys, "confirmed": "1"})
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "<strong>Revenda B</strong>: 2 abaixo de Revenda B" in page
    assert not Tenant.objects.filter(status="removed").exists()


def test_only_what_is_ticked_changes(world: World, client: WebClient) -> None:
    Tenant.objects.filter(pk=world.customer.pk).update(max_calls=7)
    typed = {**CHANGE, "max_calls": "99"}
    client.post(EDIT, {"pk": [world.customer.pk], **typed})
    world.customer.refresh_from_db()
    assert (world.customer.status, world.customer.max_calls) == ("inactive", 7)


def test_a_wrong_value_is_said_beside_its_field(world: World, client: WebClient) -> None:
    answer = client.post(
        EDIT, {"pk": [world.customer.pk], "confirmed": "1", "_set": "max_calls", "max_calls": "x"}
    )
    assert answer.status_code == 422
    assert "is-invalid" in answer.content.decode()


@pytest.mark.parametrize("address", [EDIT, DELETE])
def test_nothing_selected_says_so(client: WebClient, address: str) -> None:
    answer = client.post(address, {}, follow=True)
    assert "Nada selecionado" in answer.content.decode()


def test_a_filter_that_is_not_valid_selects_nothing(world: World, client: WebClient) -> None:
    answer = client.post(f"{EDIT}?status=feliz", {"all": "1", **CHANGE})
    assert answer.status_code == 400
    assert inactive() == set()


def test_a_page_that_was_open_too_long_says_so(world: World) -> None:
    strict = Client(enforce_csrf_checks=True)
    answer = strict.post("/identity/sign-in/", {"username": "ana", "password": "x"})
    assert answer.status_code == 403
    assert "aberta tempo demais" in answer.content.decode()

"""Another tenant's rows, and nonsense, by every way in but the front door.

Choices of forms and filters, selections, files: read from the URL configuration like the matrix of
permissions. Requests run as the tables' owner here, so that row-level security hides no mistake.
"""

from __future__ import annotations

from typing import Any

import pytest
from django import forms
from django.db import models
from django.http import QueryDict
from django.test import Client, RequestFactory

from tests.support.web import make_user
from tests.support.world import World, make_world
from tests.test_permission_matrix import Address, addresses, samples
from tronco.centrals.models import Central
from tronco.tenancy.access import Actor
from tronco.ui.bulk import BulkPage
from tronco.ui.lists import ResourcePage
from tronco.ui.resource import Resource

pytestmark = pytest.mark.django_db

# Everybody's circuits register on the master's centrals.
SHARED = {Central}
# What many pages may be asked with, and some only look whether it is there.
ALWAYS = ["page", "sort", "q", "format", "return_url"]
NONSENSE = ["²", "9" * 30, "-1", "'", "\x00", "9999-12-31"]


@pytest.fixture
def world() -> World:
    return make_world()


@pytest.fixture
def stranger(world: World) -> Actor:
    return make_user(world.reseller_b, username="estranha").actor


@pytest.fixture
def browser(stranger: Actor) -> Client:
    """As `support.web`'s, but under the owner's role."""
    from tronco.identity.models import User

    client = Client()
    user = User.objects.get(pk=stranger.user_id)
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def resources(found: list[Address]) -> list[Resource]:
    """Every resource that has an address, once."""
    each = {type(r): r for a in found if (r := a.options.get("resource")) is not None}
    return list(each.values())


def request_of(actor: Actor) -> Any:
    request: Any = RequestFactory().get("/")
    request.actor = actor
    return request


def forms_of(resource: Resource, actor: Actor) -> list[tuple[str, forms.BaseForm]]:
    """Every form by which something of the resource is chosen."""
    found: list[tuple[str, Any]] = []
    if resource.form is not None:
        found.append(("form", resource.form(actor=actor)))
    rows = resource.queryset(actor)
    found.append(("filters", resource.filters({}, queryset=rows, request=request_of(actor)).form))
    for action in resource.actions:
        if action.form is not None:
            found.append((action.name, action.form(actor=actor)))
    return found


@pytest.fixture
def theirs(world: World) -> dict[type[models.Model], Any]:
    """What belongs to reseller A's customers, to reseller A, or to the master, one of a kind."""
    return {**samples(world), type(world.customer_a): world.customer_a}


@pytest.fixture
def found(world: World, theirs: dict[type[models.Model], Any]) -> list[Address]:
    return addresses(world, theirs)


def test_no_form_nor_filter_offers_what_is_anothers(
    found: list[Address], theirs: dict[type[models.Model], Any], stranger: Actor
) -> None:
    wrong, tried = [], 0
    for resource in resources(found):
        for where, form in forms_of(resource, stranger):
            for name, one in form.fields.items():
                rows = one.queryset if isinstance(one, forms.ModelChoiceField) else None
                if rows is None or rows.model in SHARED:
                    continue
                tried += 1
                if rows.filter(pk=theirs[rows.model].pk).exists():
                    wrong.append((resource.app, resource.name, where, name))
    assert wrong == []
    assert tried > 15


def test_no_list_nor_export_nor_choice_holds_what_is_anothers(
    found: list[Address], theirs: dict[type[models.Model], Any], stranger: Actor
) -> None:
    wrong = [
        (resource.app, resource.name)
        for resource in resources(found)
        if resource.queryset(stranger).filter(pk=theirs[resource.model].pk).exists()
    ]
    assert wrong == []


def test_no_selection_reaches_what_is_anothers(
    found: list[Address], theirs: dict[type[models.Model], Any], browser: Client
) -> None:
    tried = 0
    for address in found:
        if issubclass(address.view, BulkPage):
            model = address.options["resource"].model
            rows = model._default_manager.filter(pk=theirs[model].pk)
            before = rows.values().get()
            typed = {"pk": [rows[0].pk], "confirmed": "1", "_set": ["status", "is_active"]}
            answer = browser.post(address.url, typed)
            assert answer.status_code in {302, 403, 404}, address
            assert rows.values().get() == before, address
            tried += 1
    assert tried > 10


def test_nonsense_is_no_error_of_ours(
    found: list[Address], client: Client, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = make_user(world.master, username="ana")
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    client.raise_request_exception = False
    read = note_what_is_read(monkeypatch)
    failed, singles = [], 0
    for address in found:
        if issubclass(address.view, BulkPage):
            tries = [client.post(address.url, {"pk": [value]}) for value in NONSENSE]
        elif not address.of_object and "get" in address.view.http_method_names:
            names = parameters(address, user.actor)
            read.clear()
            tries = [client.get(address.url, dict.fromkeys(names, value)) for value in NONSENSE]
            # One by one too: where a single one is refused, the others are not looked at. Those
            # that the page takes no notice of need not be tried again.
            alone = [name for name in names if name in read or name in ALWAYS]
            tries += [client.get(address.url, {name: "9" * 30}) for name in alone]
            singles += len(alone)
        else:
            continue
        failed += [answer.wsgi_request for answer in tries if answer.status_code >= 500]
    assert failed == []
    assert singles > 300


def note_what_is_read(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The names of parameters that pages have asked for since it was last cleared."""
    read: set[str] = set()
    for method in ("get", "getlist"):
        ask = getattr(QueryDict, method)

        def noting(self: QueryDict, key: str, *rest: Any, ask: Any = ask) -> Any:
            read.add(key)
            return ask(self, key, *rest)

        monkeypatch.setattr(QueryDict, method, noting)
    return read


def parameters(address: Address, actor: Actor) -> list[str]:
    """What an address may be asked with: filters where it has some, fields of its form."""
    names = [*ALWAYS]
    resource = address.options.get("resource")
    if resource is not None and issubclass(address.view, ResourcePage):
        names += [name for _where, form in forms_of(resource, actor) for name in form.fields]
    return names

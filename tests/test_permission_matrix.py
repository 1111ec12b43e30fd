"""Every address of the site × every role: nobody opens what is not his, and nobody is forgotten.

The addresses are read from the URL configuration, so that a new one is tried without being named
here. One that takes an argument of a kind not seen before needs a line in `samples`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.apps import apps
from django.db import connection, models
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from tests.callingcards.making import make_card
from tests.pbx.making import make_menu, make_prompt, make_queue, make_schedule, make_voicemail
from tests.recordings.making import make_recording, make_rule
from tests.support.web import WebClient, make_user, signed_in
from tests.support.world import World, make_world
from tests.topups.making import A_PDF, make_topup
from tronco.branding.models import Brand
from tronco.calls.models import Cdr
from tronco.catalog.models import Allowance, TariffVersion
from tronco.centrals.models import Ban, Central
from tronco.charging.models import Authorization
from tronco.circuits.models import Circuit
from tronco.core.ids import stable_hash64
from tronco.dids.models import Did, NumberRange, Tenure
from tronco.identity.models import User
from tronco.identity.roles import Role
from tronco.mail.models import Email, MailServer, Notices, Template
from tronco.pbx.models import QueueMember
from tronco.pbx.services import portal_caller_create
from tronco.recordings.models import Listening, Policy
from tronco.tenancy.access import SYSTEM, Actor, bind_scope
from tronco.tenancy.models import Tenant
from tronco.tenancy.rls import WEB_ROLE

pytestmark = pytest.mark.django_db

# What anybody may open, signed in or not.
PUBLIC = {
    "branding:colors",
    "branding:logo",
    "identity:sign_in",
    "identity:sign_in_code",
    "identity:sign_out",
    "identity:forgotten",
    "identity:link",
    "set_language",
}
# What everybody who signed in may send, since it changes only what is his own.
OWN = {
    "identity:profile",
    "identity:password",
    "identity:second_factor",
    "identity:session_end",
    "identity:visit_end",
}
ROLES = [
    ("master", Role.ADMINISTRATOR),
    ("master", Role.FINANCE),
    ("master", Role.SUPPORT),
    ("master", Role.READ_ONLY),
    ("reseller_a", Role.ADMINISTRATOR),
    ("reseller_a", Role.FINANCE),
    ("reseller_a", Role.SUPPORT),
    ("reseller_a", Role.READ_ONLY),
    ("customer_a", Role.CUSTOMER_ADMINISTRATOR),
    ("customer_a", Role.EXTENSION_USER),
]
NOW = datetime(2026, 11, 20, 15, tzinfo=UTC)


@dataclass(frozen=True)
class Address:
    """One way into the site: a view, the arguments of its address, and what it is about."""

    name: str
    url: str
    view: Any
    options: dict[str, Any]
    of_object: bool

    @property
    def permission(self) -> str:
        """What the view asks for."""
        view = self.view(**self.options)
        view.kwargs = {"action": self.url.rstrip("/").rpartition("/")[2]}
        view.request = type("Request", (), {"method": "GET"})()
        return str(view.required_permission())


def samples(world: World) -> dict[type[models.Model], Any]:
    """An object of reseller A's customer, or of reseller A, or of the master, of every kind."""
    circuit = world.circuit(tenant=world.customer_a)
    did = Did.objects.create(
        tenant=world.customer_a, raw="1133334444", e164="+551133334444", circuit=circuit
    )
    start = {"tenant": world.customer_a, "account": circuit.account, "started_at": NOW}
    ends = {"caller": "1133334444", "dialled": "1140044004", "called": "+551140044004"}
    plan = world.plan(world.reseller_a)
    version = TariffVersion.objects.get(tariff=plan.tariff)
    authorization = Authorization.objects.create(
        call_id="node1-1.1",
        circuit_id=circuit.pk,
        central="node1",
        direction="out",
        call_class="local_fixed",
        seen_at=NOW,
        **start,
        **ends,
    )
    call_id = f"node1-{int(NOW.timestamp())}.0"
    cdr = Cdr.objects.create(
        identity=stable_hash64("node1", call_id),
        call_id=call_id,
        circuit=circuit,
        central="node1",
        direction="out",
        call_class="local_fixed",
        ended_at=NOW + timedelta(minutes=1),
        outcome="answered",
        **start,
        **ends,
    )
    found: list[Any] = [
        circuit,
        did,
        authorization,
        cdr,
        circuit.account,
        circuit.account.entries.get(),
        plan,
        plan.tariff,
        version,
        version.rates.first(),
        Allowance.objects.create(
            tenant=plan.tenant, plan=plan, name="100 min", classes=["local_fixed"], amount=6000
        ),
        world.carrier,
        world.trunk,
        world.route,
        world.central,
        Ban.objects.create(
            tenant=world.master,
            central=world.central,
            address="203.0.113.9",
            attempts=5,
            expires_at=NOW,
        ),
        make_user(world.reseller_a, Role.SUPPORT, username="alvo"),
        Email.objects.create(
            tenant=world.customer_a,
            kind="voicemail",
            recipient="a@b.example",
            subject="Recado",
            html="<p>Recado</p>",
        ),
        Template.objects.create(
            tenant=world.reseller_a, kind="voicemail", subject="Recado", text="{caller}"
        ),
        MailServer.objects.create(
            tenant=world.reseller_a, host="smtp.a.example", sender="voz@a.example"
        ),
        Notices.objects.create(tenant=world.customer_a),
        Brand.objects.create(tenant=world.reseller_a, path=world.reseller_a.path, name="Voz A"),
        NumberRange.objects.create(
            tenant=world.reseller_a, name="Centro", area="5511", first="33330000", last="33339999"
        ),
        Tenure.objects.create(
            tenant=world.customer_a, e164=did.e164, holder=world.customer_a.name, since=NOW
        ),
        card := make_card(world, world.reseller_a),
        card.series,
        make_topup(world, circuit.account, receipt=A_PDF),
        recording := make_recording(circuit),
        make_rule(circuit),
        Policy.objects.get(),
        Listening.objects.create(tenant=circuit.tenant, recording=recording, who="Ana", at=NOW),
        *answering(circuit),
    ]
    return {type(one): one for one in found}


def answering(line: Circuit) -> list[Any]:
    """What answers instead of a person, of a line's customer."""
    schedule, menu = make_schedule(line.tenant), make_menu(line.tenant)
    queue = make_queue(line.tenant, "Vendas", line)
    caller = portal_caller_create(actor=SYSTEM, circuit_id=line.pk, number="11988887777")
    prompt = make_prompt(line.tenant)
    return [schedule, menu, queue, queue.members.get(), caller, make_voicemail(line), prompt]


def patterns(resolver: Any, namespace: str = "") -> Iterator[tuple[str, URLPattern]]:
    """Yield every named address of the site."""
    for entry in resolver.url_patterns:
        if isinstance(entry, URLResolver):
            inner = f"{namespace}{entry.namespace}:" if entry.namespace else namespace
            yield from patterns(entry, inner)
        else:
            yield f"{namespace}{entry.name}", entry


def addresses(world: World, objects: dict[type[models.Model], Any] | None = None) -> list[Address]:
    """Return every address of the site, filled in with samples."""
    objects = objects or samples(world)
    # Resources that show some objects of a model only.
    some: dict[str, models.Model] = {
        "customer": world.customer_a,
        "reseller": world.reseller_a1,
        "reseller_account": world.reseller_account(world.reseller_a1),
    }
    found = []
    for name, pattern in patterns(get_resolver()):
        view = getattr(pattern.callback, "view_class", None)
        if view is None or name in PUBLIC:
            assert name in PUBLIC, f"{name} is a function; make it a tronco.ui.pages.Page"
            continue
        options = getattr(pattern.callback, "view_initkwargs", {})
        resource = options.get("resource")
        for arguments in arguments_of(pattern, name, resource, objects, some):
            url = reverse(name, kwargs=arguments)
            found.append(Address(name, url, view, options, bool({"key", "call_id"} & {*arguments})))
    return found


def arguments_of(
    pattern: URLPattern,
    name: str,
    resource: Any,
    objects: dict[type[models.Model], Any],
    some: dict[str, models.Model],
) -> Iterator[dict[str, Any]]:
    """Yield values for the arguments of one address."""
    wanted = set(pattern.pattern.converters) or set(pattern.pattern.regex.groupindex)
    values: dict[str, Any] = {"call_id": objects[Cdr].call_id, "chart": "calls", "sound": "busy"}
    # The one of tests/demo/letters, and what came along with it.
    values |= {"letter": 1_700_000_000_000_000_000, "number": 0}
    if "key" in wanted:
        if resource is None:
            others = {
                "charging:reseller_balance": some["reseller"],
                "pbx:member_pause": objects[QueueMember],
            }
            values["key"] = others.get(name, objects[Circuit]).pk
        elif resource.name in some:
            values["key"] = some[resource.name].pk
        else:
            assert resource.model in objects, f"add a {resource.model.__name__} to `samples`"
            values["key"] = resource.key(objects[resource.model])
    unknown = wanted - set(values) - {"action"}
    assert not unknown, f"{name} takes {unknown}: say in `arguments_of` with which values to try it"
    if "action" in wanted:
        for action in resource.actions:
            if action.run and (action.bulk or "key" in wanted):
                yield {"action": action.name, **{k: values[k] for k in wanted if k != "action"}}
    else:
        yield {key: values[key] for key in wanted}


def user_for(world: World, place: str, role: Role) -> User:
    return make_user(getattr(world, place), role, username=f"{place}-{role.value}")


def attempt(client: WebClient, address: Address) -> int:
    """Open an address the harmless way it has: GET, or an empty POST."""
    if hasattr(address.view, "get") and "get" in address.view.http_method_names:
        return int(client.get(address.url).status_code)
    return int(client.post(address.url).status_code)


@pytest.mark.parametrize(("place", "role"), ROLES, ids=lambda one: str(getattr(one, "value", one)))
def test_each_role_opens_what_is_its_own_and_nothing_else(place: str, role: Role) -> None:
    world = make_world()
    user = user_for(world, place, role)
    actor: Actor = user.actor
    client = signed_in(user)
    nouns = {permission.partition(".")[0] for permission in actor.may}
    wrong = []
    for address in addresses(world):
        status = attempt(client, address)
        permission = address.permission
        if not permission or actor.can(permission):
            right = status in {200, 302, 422}
            # What stands above the actor is not there: the master's trunk for a reseller.
            right = right or (status == 404 and address.of_object and place != "master")
            # An action that this object does not offer now.
            right = right or (status == 403 and "/do/" in address.url)
        elif permission.partition(".")[0] in nouns:
            right = status in {403, 404}
        else:
            right = status == 404
        if not right:
            wrong.append((address.name, address.url, permission, status))
    assert wrong == []


def test_who_has_not_signed_in_opens_nothing() -> None:
    world = make_world()
    client = WebClient()
    for address in addresses(world):
        for answer in (client.get(address.url), client.post(address.url)):
            assert answer.status_code in {302, 405}, address
            if answer.status_code == 302:
                assert "/sign-in/" in answer["Location"], address


def test_another_tenants_objects_do_not_exist() -> None:
    world = make_world()
    seller = user_for(world, "reseller_b", Role.ADMINISTRATOR)
    customer = user_for(world, "customer_b", Role.CUSTOMER_ADMINISTRATOR)
    tried = 0
    for address in addresses(world):
        if address.of_object:
            tried += 1
            # What is a customer's alone is tried from another customer's.
            permission = address.permission
            user = seller if not permission or seller.actor.can(permission) else customer
            stranger = signed_in(user)
            assert attempt(stranger, address) == 404, address
            assert stranger.post(address.url).status_code in {404, 405}, address
    assert tried > 40


@pytest.mark.parametrize("place", ["master", "reseller_a"])
def test_who_only_reads_can_send_nothing(place: str) -> None:
    world = make_world()
    reader = signed_in(user_for(world, place, Role.READ_ONLY))
    for address in addresses(world):
        if address.name in OWN or address.name.endswith("_columns"):
            continue
        status = reader.post(address.url).status_code
        assert status in {403, 404, 405}, address


def owned_models() -> list[type[models.Model]]:
    return [
        model
        for model in apps.get_models()
        if model.__module__.startswith("tronco.") and hasattr(model._default_manager, "visible_to")
    ]


def test_row_level_security_shows_nothing_of_others_even_to_a_forgotten_filter() -> None:
    """As a view that asks for all rows would: the database itself holds them back."""
    world = make_world()
    objects = samples(world)
    theirs = {type(one): one.pk for one in objects.values()}
    bind_scope((world.reseller_b.path,))
    with connection.cursor() as cursor:
        cursor.execute(f"SET ROLE {WEB_ROLE}")
    seen = {}
    for model in owned_models():
        if model is User:
            continue  # sign-in reads it before anybody is known
        rows: list[Any] = list(model._default_manager.all())
        if model is Tenant:
            # Those above are seen, so that a page can say who sells.
            rows = [row for row in rows if not world.reseller_b.path.startswith(row.path)]
            assert {row.path for row in rows} == {world.customer_b.path}
        elif model in theirs and model is not Central:
            assert theirs[model] not in [row.pk for row in rows], model
        seen[model.__name__] = len(rows)
    assert seen["Plan"] >= 3  # his own are there: it is not that nothing is readable
    bind_scope(())
    others = [model for model in owned_models() if model not in {User, Central}]
    mine = [model.__name__ for model in others if model._default_manager.exists()]
    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE")
    assert mine == []


def test_row_level_security_refuses_to_write_for_others() -> None:
    world = make_world()
    circuit = world.circuit(tenant=world.customer_a)
    bind_scope((world.reseller_b.path,))
    with connection.cursor() as cursor:
        cursor.execute(f"SET ROLE {WEB_ROLE}")
    assert Circuit.objects.filter(pk=circuit.pk).update(description="meu") == 0
    assert Tenant.objects.filter(pk=world.master.pk).update(name="meu") == 0
    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE")
    circuit.refresh_from_db()
    assert circuit.description == ""

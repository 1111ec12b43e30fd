"""A customer's own extensions: whose account, within which bounds, how many, and how they end."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest
from django.conf import settings
from django.db import connection

from tests.extensions.making import allow, boss, extension
from tests.pbx.making import make_menu, make_queue, make_voicemail
from tests.support.web import make_user
from tests.support.world import World, make_world
from tests.topups.making import make_topup
from tronco.charging.models import Account, Authorization
from tronco.circuits import services as circuits
from tronco.circuits.digest import digests_of
from tronco.circuits.models import Circuit, Registration
from tronco.core.errors import Conflict, InvalidInput, NotAllowed, NotFound, TroncoError
from tronco.core.money import MICRO
from tronco.dids.models import Did
from tronco.extensions import services
from tronco.extensions.selectors import find_main_line, get_room, list_extensions
from tronco.identity.roles import Role
from tronco.pbx.models import LineService, MenuOption, QueueMember, Voicemail
from tronco.tenancy.access import SYSTEM
from tronco.tenancy.models import Tenant
from tronco.topups.services import topup_refuse

FIXED = ["local_fixed", "ldn_fixed"]


@pytest.fixture
def world(db: None) -> World:
    return make_world()


def test_an_extension_spends_the_account_of_the_customers_line(world: World) -> None:
    line = allow(world, 2, balance_u=7 * MICRO, own_ddd=51, max_calls=3, codecs="ulaw")
    accounts = Account.objects.count()
    made = services.extension_create(
        actor=boss(world), tenant_id=world.customer.pk, extension="201", description="Sala 1"
    )
    one = made.circuit
    assert (one.account_id, one.line, one.central) == (line.account_id, line, line.central)
    assert (one.own_ddd, one.max_calls, one.codecs) == (51, 3, "ulaw")
    assert Account.objects.count() == accounts
    assert Account.objects.get(pk=line.account_id).balance_u == 7 * MICRO
    assert LineService.objects.get(circuit=one).extension == "201"
    assert one.number.startswith(f"{world.customer.pk}-")
    expected = digests_of(one.number, made.password, realm=settings.TRONCO_SIP_REALM)
    assert (one.ha1_md5, one.ha1_sha256) == expected


def test_it_hangs_on_the_oldest_line_of_the_customers_plan(world: World) -> None:
    other = world.circuit(plan="postpaid", limit_u=None)
    line = allow(world, 1)
    world.circuit()
    assert find_main_line(world.customer) == line
    assert extension(world).account_id == line.account_id != other.account_id


@pytest.mark.parametrize(("most", "made"), [(None, 0), (0, 0), (1, 1), (3, 3)])
def test_no_more_than_the_seller_allows(world: World, most: int | None, made: int) -> None:
    allow(world, most)
    for number in range(made):
        extension(world, f"20{number}")
    with pytest.raises(Conflict) as refused:
        extension(world, "299")
    assert refused.value.code == "extensions-full"
    room = get_room(world.customer)
    assert (room.made, room.most, room.is_full) == (made, most or 0, True)


def test_one_that_was_taken_away_makes_room(world: World) -> None:
    allow(world, 1)
    services.extension_remove(actor=boss(world), circuit_id=extension(world).pk)
    assert extension(world, "201").line is not None


@pytest.mark.parametrize("status", ["suspended", "disabled"])
def test_without_a_line_that_calls_there_is_none(world: World, status: str) -> None:
    line = allow(world, 2)
    Circuit.objects.filter(pk=line.pk).update(status=status)
    with pytest.raises(Conflict) as refused:
        extension(world)
    assert refused.value.code == "no-line"


REFUSALS: list[tuple[dict[str, Any], type[TroncoError], str]] = [
    ({"number": "20"}, Conflict, "extension-taken"),
    ({"number": "1"}, InvalidInput, "invalid-input"),
    ({"number": "1234567"}, InvalidInput, "invalid-input"),
    ({"number": "2a"}, InvalidInput, "invalid-input"),
    ({"number": "190"}, InvalidInput, "number-emergency"),
    ({"allowed_classes": [*FIXED, "ldi"]}, InvalidInput, "wider-than-line"),
    ({"max_calls": 3}, InvalidInput, "wider-than-line"),
    ({"max_calls": None}, InvalidInput, "wider-than-line"),
    ({"caller_number": "+551130009999"}, InvalidInput, "number-not-owned"),
]


@pytest.mark.parametrize(("fields", "error", "code"), REFUSALS)
def test_an_extension_that_cannot_be(
    world: World, fields: dict[str, Any], error: type[TroncoError], code: str
) -> None:
    allow(world, 5, allowed_classes=FIXED, max_calls=2)
    extension(world, "20")
    Did.objects.create(tenant=world.customer_a, raw="1130009999", e164="+551130009999")
    with pytest.raises(error) as refused:
        extension(world, **{"number": "201", **fields})
    assert refused.value.code == code
    assert list_extensions(actor=boss(world)).count() == 2


def test_someone_elses_user_does_not_use_it(world: World) -> None:
    allow(world, 1)
    with pytest.raises(InvalidInput) as refused:
        extension(world, user=make_user(world.customer_a, Role.EXTENSION_USER))
    assert refused.value.code == "user-of-another"


def test_what_the_line_may_no_more_its_extensions_may_not(world: World) -> None:
    line = allow(world, 2, max_calls=None)
    one, two = extension(world), extension(world, "202", allowed_classes=["ldi"], max_calls=9)
    circuits.circuit_change(actor=SYSTEM, circuit_id=line.pk, allowed_classes=FIXED, max_calls=2)
    for made, classes in ((one, FIXED), (two, [])):
        made.refresh_from_db()
        assert (sorted(made.allowed_classes), made.max_calls) == (sorted(classes), 2)
    with pytest.raises(InvalidInput):
        circuits.circuit_change(actor=SYSTEM, circuit_id=one.pk, allowed_classes=["ldi"])


def test_change_and_what_stays_the_sellers(world: World) -> None:
    line = allow(world, 1)
    one = extension(world)
    Did.objects.create(
        tenant=world.customer, raw="1130001000", e164="+551130001000", state="in_use"
    )
    changed = services.extension_change(
        actor=boss(world), circuit_id=one.pk, extension="305", caller_number="+551130001000",
        description="Portaria", allowed_classes=FIXED, max_calls=1,
    )  # fmt: skip
    changed.refresh_from_db()
    assert (changed.description, changed.caller_number, changed.max_calls) == (
        "Portaria",
        "+551130001000",
        1,
    )
    assert LineService.objects.get(circuit=one).extension == "305"
    with pytest.raises(InvalidInput) as refused:
        services.extension_change(
            actor=boss(world), circuit_id=one.pk, extension="", caller_number=""
        )
    assert refused.value.code == "extension-missing"
    # His seller's line takes a name and a short number, and nothing that costs.
    own = services.extension_change(
        actor=boss(world), circuit_id=line.pk, extension="10", caller_number="",
        description="Recepção",
    )  # fmt: skip
    assert own.description == "Recepção"
    with pytest.raises(InvalidInput) as refused:
        services.extension_change(
            actor=boss(world), circuit_id=line.pk, extension="10", caller_number="", max_calls=99
        )
    assert refused.value.code == "line-of-seller"


def test_suspended_by_whom(world: World) -> None:
    allow(world, 1)
    one, me = extension(world), boss(world)

    def state() -> tuple[str, bool]:
        one.refresh_from_db()
        return one.status, one.is_paused

    circuits.circuit_pause(actor=me, circuit_id=one.pk)
    assert state() == ("suspended", True)
    circuits.circuit_unpause(actor=me, circuit_id=one.pk)
    assert state() == ("active", False)
    circuits.circuit_pause(actor=me, circuit_id=one.pk)
    circuits.circuit_suspend(actor=SYSTEM, circuit_id=one.pk)
    assert state() == ("suspended", False)
    with pytest.raises(Conflict) as refused:
        circuits.circuit_unpause(actor=me, circuit_id=one.pk)
    assert refused.value.code == "suspended-by-seller"
    circuits.circuit_pause(actor=me, circuit_id=one.pk)
    assert state() == ("suspended", False)


def test_a_new_password(world: World) -> None:
    allow(world, 1)
    one = extension(world)
    made = services.extension_new_password(actor=boss(world), circuit_id=one.pk)
    expected = digests_of(one.number, made.password, realm=settings.TRONCO_SIP_REALM)
    assert made.circuit.ha1_md5 == expected.ha1_md5 != one.ha1_md5


def call_of(circuit: Circuit, state: str) -> Authorization:
    now = datetime.now(UTC)
    return Authorization.objects.create(
        call_id=f"node1-{circuit.pk}.0", tenant=circuit.tenant, account_id=circuit.account_id,
        circuit_id=circuit.pk, central="node1", direction="out", caller="1", dialled="2",
        called="2", call_class="local_fixed", started_at=now, seen_at=now, state=state,
    )  # fmt: skip


def test_removed_without_a_trace_if_it_left_none(world: World) -> None:
    allow(world, 1, balance_u=MICRO)
    one = extension(world)
    services.extension_remove(actor=boss(world), circuit_id=one.pk)
    assert not Circuit.objects.filter(pk=one.pk).exists()
    assert Account.objects.get(pk=one.account_id).balance_u == MICRO


def test_a_line_for_which_credit_was_asked_is_disabled(world: World) -> None:
    line = allow(world, 1, balance_u=0)
    topup = make_topup(world, line.account)
    topup_refuse(actor=SYSTEM, topup_id=topup.pk, reason="Pix não localizado")
    one = extension(world)
    services.extension_remove(actor=boss(world), circuit_id=one.pk)
    assert not Circuit.objects.filter(pk=one.pk).exists()
    services.extension_remove(actor=world.actor(world.master), circuit_id=line.pk)
    line.refresh_from_db()
    assert line.status == "disabled"


@pytest.mark.parametrize("trace", ["call", "registration"])
def test_removed_but_for_its_record(world: World, trace: str) -> None:
    allow(world, 2)
    user = make_user(world.customer, Role.EXTENSION_USER)
    one, other = extension(world, user=user), extension(world, "202")
    queue = make_queue(world.customer, "Vendas", one, other)
    make_voicemail(one)
    did = Did.objects.create(
        tenant=world.customer, raw="1130001000", e164="+551130001000", circuit=one
    )
    if trace == "call":
        call_of(one, "settled")
    else:
        Registration.objects.create(circuit=one, tenant=one.tenant, changed_at=datetime.now(UTC))
    services.extension_remove(actor=boss(world), circuit_id=one.pk)
    one.refresh_from_db()
    did.refresh_from_db()
    assert (one.status, one.user, did.circuit) == ("disabled", None, None)
    assert [row.circuit for row in queue.members.all()] == [other]
    assert not Voicemail.objects.exists()
    assert one not in list_extensions(actor=boss(world))
    # Its short number and its user are free again.
    assert extension(world, "201", user=user).user == user


def test_what_keeps_an_extension(world: World) -> None:
    line = allow(world, 2)
    me, one, other = boss(world), extension(world), extension(world, "202")
    call = call_of(one, "open")
    menu = make_menu(world.customer)
    option = MenuOption.objects.create(
        tenant=world.customer, owner=menu, key="7", action="circuit", circuit=other
    )
    did = Did.objects.create(
        tenant=world.customer, raw="1130001000", e164="+551130001000", payer=other
    )
    for circuit, actor, code in (
        (one, me, "calls-running"),
        (other, me, "in-use"),
        (line, me, "line-of-seller"),
        (line, SYSTEM, "in-use"),
    ):
        with pytest.raises(Conflict) as refused:
            services.extension_remove(actor=actor, circuit_id=circuit.pk)
        assert refused.value.code == code
        if circuit == other:
            assert str(option) in str(refused.value)
    option.delete()
    with pytest.raises(Conflict) as refused:
        services.extension_remove(actor=me, circuit_id=other.pk)
    assert str(did) in str(refused.value)
    did.delete()
    Authorization.objects.filter(pk=call.pk).update(state="settled")
    for circuit in (one, other):
        services.extension_remove(actor=me, circuit_id=circuit.pk)
    # The first left a record behind, so the line it hung on does too.
    services.extension_remove(actor=SYSTEM, circuit_id=line.pk)
    assert set(Circuit.objects.values_list("pk", "status")) == {
        (one.pk, "disabled"),
        (line.pk, "disabled"),
    }


def test_who_may(world: World) -> None:
    allow(world, 5, world.customer_a)
    one = extension(world, customer=world.customer_a)
    seller = world.actor(world.reseller_a)
    with pytest.raises(NotAllowed):
        services.extension_create(
            actor=seller, tenant_id=world.customer_a.pk, extension="203", description="x"
        )
    with pytest.raises(NotAllowed):
        services.extension_new_password(actor=seller, circuit_id=one.pk)
    for stranger in (boss(world), boss(world, world.customer_b)):
        for service in (services.extension_new_password, services.extension_remove):
            with pytest.raises(NotFound):
                service(actor=stranger, circuit_id=one.pk)
        with pytest.raises(NotFound):
            services.extension_create(
                actor=stranger, tenant_id=world.customer_a.pk, extension="203", description="x"
            )
    services.extension_remove(actor=seller, circuit_id=one.pk)
    assert QueueMember.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_two_at_once_at_the_limit() -> None:
    """Several connections ask for the last place; one gets it."""
    world = make_world()
    allow(world, 3)
    extension(world)

    def one_more(number: int) -> str:
        try:
            return extension(world, f"30{number}").number
        except Conflict as refused:
            return refused.code
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        results = list(pool.map(one_more, range(6)))
    assert results.count("extensions-full") == 4
    assert get_room(Tenant.objects.get(pk=world.customer.pk)).made == 3

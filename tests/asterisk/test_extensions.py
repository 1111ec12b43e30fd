"""Extensions that a customer made himself: real telephones register, call, and are charged."""

from __future__ import annotations

import asyncio

import pytest

from tests.asterisk.conftest import Town
from tests.extensions.making import boss
from tests.support.asterisk import wait_until
from tests.support.hearing import Ears
from tests.support.stage import answer, dial
from tests.support.voice import call_in, make_did, make_menu, ref, wait_for_configuration
from tronco.calls.models import Cdr
from tronco.charging.models import Account, LedgerEntry
from tronco.circuits.models import Circuit
from tronco.circuits.services import NewCircuit, circuit_pause, circuit_suspend
from tronco.customers.models import Subscription
from tronco.demo.agent import Agent
from tronco.demo.call import Call
from tronco.dids.services import did_change, did_create
from tronco.extensions.services import extension_create, extension_new_password, extension_remove
from tronco.pbx.models import LineService
from tronco.tenancy.access import SYSTEM

pytestmark = pytest.mark.asterisk


def main_line(town: Town) -> Circuit:
    """A line of the seller's, on which the customer may hang extensions."""
    customer = town.world.customer
    Subscription.objects.update_or_create(
        tenant=customer,
        defaults={"plan": town.world.plan(town.world.master), "max_extensions": 9},
    )
    # The oldest counts; those of other tests are none of ours.
    Circuit.objects.filter(tenant=customer).update(status="disabled")
    LineService.objects.filter(tenant=customer).delete()
    return town.world.circuit()


def made(town: Town, number: str) -> NewCircuit:
    return extension_create(
        actor=boss(town.world),
        tenant_id=town.world.customer.pk,
        extension=number,
        description=f"Sala {number}",
    )


def phone_of(town: Town, new: NewCircuit, **options: object) -> Agent:
    return town.stage.phone(new.circuit, password=new.password, **options)  # type: ignore[arg-type]


def records(circuit: Circuit, count: int = 1) -> list[Cdr]:
    found = Cdr.objects.filter(circuit=circuit).order_by("started_at")
    wait_until(lambda: found.count() == count, f"{count} records of {circuit}")
    return list(found)


def test_it_registers_with_the_password_told_and_spends_the_lines_account(town: Town) -> None:
    line = main_line(town)
    did = did_create(
        actor=SYSTEM, tenant_id=line.tenant_id, raw="551130007777", circuit_id=line.pk
    ).did
    new = made(town, "201")
    phone = phone_of(town, new)

    call = town.stage.play(dial(phone, "1133334444", talk_s=3.2))

    (record,) = records(new.circuit)
    assert record.caller == "+551130007777"  # no number rings it, so it shows its line's
    did_change(actor=SYSTEM, did_id=did.pk, circuit_id=None)
    wait_for_configuration(town.exchange)
    assert town.stage.play(dial(phone, "1133334444", talk_s=0.1)).status == 200
    assert records(new.circuit, 2)[1].caller == ""
    assert (call.status, record.outcome, record.price_u) == (200, "answered", 50_000)
    entry = LedgerEntry.objects.get(account=line.account, kind="call")
    assert (entry.amount_u, entry.key) == (-50_000, f"call:{record.call_id}")
    assert Account.objects.get(pk=line.account_id).balance_u == 10_000_000 - 50_000


def test_colleagues_dial_short_numbers_and_see_them(town: Town) -> None:
    line = main_line(town)
    LineService.objects.create(circuit=line, tenant=line.tenant, extension="20")
    one, two = made(town, "201"), made(town, "202")
    wait_for_configuration(town.exchange)
    heard: list[tuple[str, str]] = []

    def pick_up(who: str) -> object:
        async def answer(call: Call) -> None:
            heard.append((who, call.caller))
            await call.accept()

        return answer

    town.stage.phone(line, on_call=pick_up("line"))  # type: ignore[arg-type]
    first = phone_of(town, one)
    phone_of(town, two, on_call=pick_up("two"))
    calls = [town.stage.play(dial(first, number, talk_s=0.2)) for number in ("202", "20", "299")]

    assert [call.status for call in calls][:2] == [200, 200]
    assert calls[2].status >= 400
    assert heard == [("two", "201"), ("line", "201")]
    inside = records(one.circuit, 3)[:2]
    assert [(record.direction, record.price_u) for record in inside] == [("internal", 0)] * 2


def test_a_caller_types_the_short_number_in_a_menu(town: Town, ears: Ears) -> None:
    main_line(town)
    new = made(town, "201")
    menu = make_menu(town.world.customer, {}, dials_extensions=True)
    did = make_did("menu", tenant=town.world.customer, menu=menu)
    rang: list[Call] = []

    async def pick_up(call: Call) -> None:
        rang.append(call)
        await answer(call)

    phone_of(town, new, on_call=pick_up)
    wait_for_configuration(town.exchange)

    async def scene() -> None:
        call = await call_in(town.carrier.agent, did.raw)
        assert await call.wait_answered(), call.status
        await ears.wait(call, ref(menu.greeting), start_s=0.3)
        await call.press("201")
        async with asyncio.timeout(20):
            while not rang:
                await asyncio.sleep(0.1)
        assert await rang[0].wait_answered()
        await asyncio.sleep(0.5)
        await call.hang_up()

    town.stage.play(scene())

    assert [call.caller for call in rang] == ["1140028922"]
    rung = Cdr.objects.filter(did=did, direction="internal", circuit=new.circuit)
    wait_until(rung.exists, "the record of what rang")
    assert (rung.get().outcome, rung.get().price_u) == ("answered", 0)


def test_it_stops_with_its_line_unless_the_customer_stopped_that(town: Town) -> None:
    line = main_line(town)
    new = made(town, "201")
    phone = phone_of(town, new)

    circuit_pause(actor=SYSTEM, circuit_id=line.pk)
    wait_for_configuration(town.exchange)
    assert town.stage.play(dial(phone, "1133334444", talk_s=0.1)).status == 200
    circuit_suspend(actor=SYSTEM, circuit_id=line.pk)
    wait_for_configuration(town.exchange)
    assert town.stage.play(dial(phone, "1133334444", talk_s=0.1)).status >= 400
    assert town.stage.play(dial(phone, "190", talk_s=0.1)).status == 200

    assert [(one.outcome, one.reason) for one in records(new.circuit, 3)][1] == (
        "refused",
        "suspended",
    )


def test_a_new_password_and_the_end(town: Town) -> None:
    main_line(town)
    new = made(town, "201")
    old = phone_of(town, new)
    again = extension_new_password(actor=boss(town.world), circuit_id=new.circuit.pk)
    wait_until(lambda: town.stage.play(old.register()) == 401, "the old one is refused")
    phone = phone_of(town, again)
    assert town.stage.play(dial(phone, "1133334444", talk_s=0.1)).status == 200
    records(new.circuit)

    extension_remove(actor=boss(town.world), circuit_id=new.circuit.pk)
    wait_until(lambda: town.stage.play(phone.register()) == 401, "it is gone")
    # Its calls stay on record, and say whose they were.
    assert records(new.circuit)[0].circuit == Circuit.objects.get(pk=new.circuit.pk)

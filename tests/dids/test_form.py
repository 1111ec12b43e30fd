"""The form of S1: what each way of working needs, what it is limited to, and what is refused."""

from __future__ import annotations

import io
from typing import Any

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from tests.support.web import WebClient, administrator
from tests.support.world import World, make_world
from tronco.core.errors import InvalidInput
from tronco.core.money import MICRO
from tronco.core.secrets import decrypt
from tronco.dids.closed import Closed
from tronco.dids.models import ClosedDestination, Did
from tronco.dids.services import SavedDid, did_change, did_create
from tronco.pbx.models import Menu, Prompt, Queue, Schedule
from tronco.tenancy.access import SYSTEM, Actor
from tronco.tenancy.models import Tenant

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return make_world()


def things(world: World, owner: Tenant) -> dict[str, Any]:
    """One of everything that a number can be pointed at."""
    return {
        "circuit_id": world.circuit(tenant=owner).pk,
        "payer_id": world.circuit(tenant=owner).pk,
        "menu_id": Menu.objects.create(tenant=owner, name="Menu").pk,
        "queue_id": Queue.objects.create(tenant=owner, name="Fila").pk,
        "schedule_id": Schedule.objects.create(tenant=owner, name="Horário").pk,
        "callback_audio_id": Prompt.objects.create(
            tenant=owner, name="Já ligamos", sound=b"", sha256="0" * 64, duration_ms=1
        ).pk,
        "ip_address": "203.0.113.7",
    }


def create(world: World, *, actor: Actor = SYSTEM, **facts: Any) -> SavedDid:
    return did_create(
        actor=actor, tenant_id=world.customer.pk, raw=f"11333{Did.objects.count():05}", **facts
    )


@pytest.mark.parametrize(
    ("mode", "needs", "keeps"),
    [
        ("ring", (), ("circuit",)),
        ("ip", ("payer_id", "ip_address"), ("payer", "ip_address")),
        ("portal", (), ()),
        ("card", (), ()),
        ("menu", ("menu_id",), ("menu",)),
        ("reverse_menu", ("menu_id", "payer_id"), ("menu", "callback_audio")),
        ("callback", ("payer_id",), ("callback_audio",)),
        ("callback_auth", (), ("callback_audio",)),
        ("queue", ("queue_id",), ("queue",)),
        ("voicemail", ("circuit_id",), ("circuit",)),
        ("test", (), ()),
    ],
)
def test_what_a_mode_needs_and_keeps(
    world: World, mode: str, needs: tuple[str, ...], keeps: tuple[str, ...]
) -> None:
    everything = things(world, world.customer)
    did = create(world, mode=mode, **everything).did
    of_modes = {"circuit", "menu", "queue", "callback_audio", "ip_address"}
    assert {name for name in of_modes if getattr(did, name)} == of_modes & {*keeps}
    assert did.payer is not None
    for name in needs:
        without = {k: v for k, v in everything.items() if k != name}
        with pytest.raises(InvalidInput) as refused:
            create(world, mode=mode, **without)
        assert (refused.value.code, refused.value.field) == (
            "mode-incomplete", name.removesuffix("_id")
        )  # fmt: skip


@pytest.mark.parametrize(
    "name",
    ["circuit_id", "payer_id", "menu_id", "queue_id", "schedule_id", "callback_audio_id"],
)
def test_what_is_anothers_is_refused(world: World, name: str) -> None:
    foreign = things(world, world.customer_a)
    with pytest.raises(InvalidInput) as refused:
        create(world, **{name: foreign[name]})
    assert refused.value.code.endswith("-of-another")
    assert refused.value.field == name.removesuffix("_id")


def test_a_plan_is_sold_by_whoever_sells_the_number(world: World) -> None:
    own, foreign = world.plan(world.master), world.plan(world.reseller_a)
    saved = create(world, plan_id=own.pk)
    assert saved.did.plan == own
    assert any("paga" in warning or "pays" in warning for warning in saved.warnings)
    with pytest.raises(InvalidInput) as refused:
        create(world, plan_id=foreign.pk)
    assert refused.value.code == "plan-not-sold"


@pytest.mark.parametrize("mode", sorted(Did.SPENDING_MODES))
def test_who_can_spend_begins_with_limits(world: World, mode: str) -> None:
    everything = things(world, world.customer)
    saved = create(world, mode=mode, **everything)
    assert (saved.did.max_calls, saved.did.max_day_u) == (2, 50 * MICRO)
    assert "ldi" not in saved.did.outgoing_classes
    assert len(saved.warnings) == 1, "it says which limits were set"
    given = create(world, mode=mode, max_calls=9, max_day_u=MICRO, **everything).did
    assert (given.max_calls, given.max_day_u) == (9, MICRO)
    off = did_change(
        actor=SYSTEM, did_id=given.pk, max_calls=None, max_day_u=None,
        outgoing_classes=["local_fixed", "ldi"],
    )  # fmt: skip
    assert (off.did.max_calls, off.did.max_day_u) == (None, None)
    assert len(off.warnings) == 3, "each limit that was taken off is warned of"


def test_a_plain_number_has_no_limits(world: World) -> None:
    saved = create(world)
    assert (saved.did.max_calls, saved.warnings) == (None, ())


@pytest.mark.parametrize(
    ("facts", "field"),
    [
        ({"registers": True}, "registers"),
        ({"registers": True, "host": "sip.a.example", "username": "u"}, "registers"),
        ({"registers": True, "username": "u", "password": "p"}, "registers"),
        ({"registers": True, "host": "sip.a.example", "password": "p"}, "registers"),
        ({"host": "sip.a.example\nx"}, "host"),
        ({"host": "sip.a.example", "username": "u;x"}, "username"),
        ({"host": "sip.a.example", "username": "u", "password": "p;x"}, "password"),
        ({"mode": "ip", "ip_address": "a b"}, "payer"),
        ({"techprefix": "9A", "mode": "ip", "ip_address": "203.0.113.7"}, "payer"),
        ({"host": "sip.a.example", "port": 65_536}, "port"),
        ({"mode": "ip", "ip_address": "203.0.113.7", "ip_port": 0}, "ip_port"),
        ({"caller_tag": "<b>"}, "caller_tag"),
        ({"allowed_callers": []}, "allowed_callers"),
    ],
)
def test_what_a_supplier_cannot_be(world: World, facts: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        create(world, **facts)
    assert refused.value.field == field


def test_only_the_master_trusts_an_address(world: World) -> None:
    """Its calls would be let in without a password."""
    reseller = world.actor(world.reseller_a)
    facts: dict[str, Any] = {
        "actor": reseller,
        "tenant_id": world.customer_a.pk,
        "raw": "1133334444",
    }
    with pytest.raises(InvalidInput) as refused:
        did_create(**facts, host="203.0.113.7")
    assert refused.value.code == "supplier-unproved"
    saved = did_create(
        **facts,
        host="203.0.113.7",
        username="u",
        password="segredo",
        registers=True,
    )
    assert saved.did.registers
    master = world.actor(world.master)
    did_create(actor=master, tenant_id=world.customer_a.pk, raw="1133335555", host="203.0.113.7")


def test_the_password_is_kept_and_never_shown(world: World, settings: Any) -> None:
    did = create(world, host="sip.a.example", username="u", password="s3gredo!", registers=True).did
    assert decrypt(did.password_encrypted, key=settings.SECRET_KEY) == "s3gredo!"
    did_change(actor=SYSTEM, did_id=did.pk, description="outra")
    did.refresh_from_db()
    assert decrypt(did.password_encrypted, key=settings.SECRET_KEY) == "s3gredo!"
    client = administrator(world)
    for name in ("detail", "edit", "history"):
        page = client.get(reverse(f"dids:did_{name}", args=[did.pk])).content.decode()
        assert "s3gredo!" not in page
        assert did.password_encrypted not in page
    answer: Any = client.get(reverse("dids:did_export"), {"format": "csv", "scope": "all"})
    assert did.password_encrypted not in b"".join(answer.streaming_content).decode()
    did_change(actor=SYSTEM, did_id=did.pk, registers=False, username="")
    did.refresh_from_db()
    assert did.password_encrypted == ""


@pytest.mark.parametrize(
    ("closed", "field"),
    [
        (Closed("circuit"), "closed_circuit"),
        (Closed("queue"), "closed_queue"),
        (Closed("number"), "closed_number"),
        (Closed("number", number="1133330000"), "payer"),
        (Closed("repeat"), "closed_action"),
        (Closed("back"), "closed_action"),
    ],
)
def test_a_closed_destination_is_said_in_full(world: World, closed: Closed, field: str) -> None:
    schedule = Schedule.objects.create(tenant=world.customer, name="Horário")
    with pytest.raises(InvalidInput) as refused:
        create(world, schedule_id=schedule.pk, closed=closed)
    assert refused.value.field == field
    assert not Did.objects.exists(), "nothing is half saved"


def test_a_schedule_has_a_closed_destination_and_takes_it_away(world: World) -> None:
    everything = things(world, world.customer)
    did = create(world, schedule_id=everything["schedule_id"]).did
    assert ClosedDestination.objects.get(did=did).action == "hangup"
    did_change(actor=SYSTEM, did_id=did.pk, closed=Closed("queue", queue_id=everything["queue_id"]))
    assert ClosedDestination.objects.get(did=did).queue_id == everything["queue_id"]
    foreign = things(world, world.customer_a)
    with pytest.raises(InvalidInput) as refused:
        did_change(
            actor=SYSTEM, did_id=did.pk, closed=Closed("queue", queue_id=foreign["queue_id"])
        )
    assert refused.value.field == "closed_queue"
    did_change(actor=SYSTEM, did_id=did.pk, schedule_id=None)
    assert not ClosedDestination.objects.exists()


# The screens.


def typed(world: World, **facts: Any) -> dict[str, Any]:
    return {
        "raw": "1133334000",
        "subscriber": str(world.customer.pk),
        "is_active": "on",
        "allowed_callers": ["fixed", "mobile"],
        **facts,
    }


def shown(page: Any) -> set[str]:
    """The fields of a form that are not hidden."""
    form = page.context["form"]
    return {name for name in form.fields if form.is_shown(name)}


def test_fields_appear_by_mode_without_a_script(world: World) -> None:
    client = administrator(world)
    add = reverse("dids:did_add")
    fields = shown(client.get(add))
    assert {"circuit", "quantity", "mode"} <= fields
    assert not fields & {"menu", "queue", "ip_address", "outgoing_classes", "closed_action"}
    page = client.post(add, typed(world, mode="ip"))
    assert page.status_code == 422
    assert {"ip_address", "techprefix", "backup_address"} <= shown(page)
    assert 'data-when="mode:ip"' in page.content.decode()
    page = client.post(add, typed(world, mode="portal", raw=""))
    assert "outgoing_classes" in shown(page)


def test_a_new_number_lies_in_ones_own_stock(world: World) -> None:
    page = administrator(world, world.reseller_a).get(reverse("dids:did_add"))
    assert page.context["form"]["owner"].value() == world.reseller_a.pk


def test_a_number_that_is_not_in_use_does_nothing(world: World) -> None:
    did_create(actor=SYSTEM, tenant_id=world.master.pk, raw="1133334000")
    did_create(actor=SYSTEM, tenant_id=world.customer.pk, raw="1133334001")
    page = administrator(world).get(reverse("dids:did_list"))
    stock, used = (str(row.get_cell("mode")) for row in page.context["table"].rows)
    assert stock == "—"
    assert "Tocar uma linha" in used


def test_deleting_names_what_a_number_does_and_nothing_of_one_in_stock(world: World) -> None:
    client = administrator(world)
    stock = did_create(actor=SYSTEM, tenant_id=world.master.pk, raw="1133334000").did
    card = did_create(
        actor=SYSTEM, tenant_id=world.master.pk, raw="1133334001", mode=Did.Mode.CARD
    ).did
    circuit = world.circuit(number="balcao")
    rings = did_create(
        actor=SYSTEM, tenant_id=world.customer.pk, raw="1133334002", circuit_id=circuit.pk
    ).did
    pages = [client.get(reverse("dids:did_delete", args=[one.pk])) for one in (stock, card, rings)]
    lost = [[str(line["count"]) for line in page.context["lost"]] for page in pages]
    assert lost == [[], ["Callingcard"], ["balcao"]]


def test_owner_and_subscriber_are_one_thing(world: World) -> None:
    client = administrator(world)
    add = reverse("dids:did_add")
    wrong = typed(world, owner=str(world.reseller_a.pk))
    page = client.post(add, wrong)
    assert "subscriber" in page.context["form"].errors
    page = client.post(add, {**typed(world), "subscriber": ""})
    assert "owner" in page.context["form"].errors
    client.post(add, {**typed(world), "subscriber": "", "owner": str(world.reseller_a.pk)})
    did = Did.objects.get()
    assert (did.tenant, did.state) == (world.reseller_a, "available")
    edit = reverse("dids:did_edit", args=[did.pk])
    answer = client.post(edit, typed(world, owner="", subscriber=str(world.customer_a.pk)))
    assert answer.status_code == 302
    did.refresh_from_db()
    assert (did.tenant, did.state) == (world.customer_a, "in_use")
    circuit = world.circuit(tenant=world.customer_a)
    back = {**typed(world), "subscriber": "", "owner": str(world.reseller_a.pk)}
    assert client.post(edit, {**back, "circuit": str(circuit.pk)}).status_code == 302
    did.refresh_from_db()
    assert (did.tenant, did.state, did.circuit) == (world.reseller_a, "quarantine", None)


def test_a_quantity_is_looked_at_first(world: World) -> None:
    client = administrator(world)
    add = reverse("dids:did_add")
    did_create(actor=SYSTEM, tenant_id=world.customer_b.pk, raw="1133334001")
    page = client.post(add, typed(world, quantity="3"))
    assert page.status_code == 200
    assert "no-store" in page["Cache-Control"]
    assert len(page.context["plan"].create) == 2
    assert "1133334001" in page.content.decode()
    assert Did.objects.count() == 1
    back = client.post(add, {**dict(page.context["typed"]), "back": "1"})
    assert back.context["form"]["raw"].value() == "1133334000", "what was typed is still there"
    assert Did.objects.count() == 1
    answer = client.post(add, {**dict(page.context["typed"]), "confirmed": "1"})
    assert answer.status_code == 302, answer.context["form"].errors
    assert Did.objects.filter(tenant=world.customer).count() == 2


def test_actions_from_the_page_and_on_a_selection(world: World) -> None:
    client = administrator(world)
    made = [
        did_create(actor=SYSTEM, tenant_id=world.master.pk, raw=f"113333400{n}").did
        for n in range(3)
    ]
    do = reverse("dids:did_do", args=[made[0].pk, "reserve"])
    client.post(do, {"reserved_for": "Padaria", "reason": "pedido"})
    made[0].refresh_from_db()
    assert (made[0].state, made[0].reserved_for) == ("reserved", "Padaria")
    history = client.get(reverse("dids:did_history", args=[made[0].pk])).content.decode()
    assert "pedido" in history
    bulk = reverse("dids:did_bulk_do", args=["assign"])
    keys = [did.pk for did in made]
    answer = client.post(bulk, {"pk": keys, "confirmed": "1", "tenant": world.customer.pk})
    assert answer.status_code == 302
    assert set(Did.objects.values_list("state", "tenant")) == {("in_use", world.customer.pk)}
    answer = client.post(do, {"reserved_for": ""})
    assert answer.status_code == 403, "what may not be is not offered"


def test_a_list_by_state_and_who_had_it_on_a_date(world: World) -> None:
    client = administrator(world)
    did = create(world).did
    did_create(actor=SYSTEM, tenant_id=world.master.pk, raw="1133335555")
    url = reverse("dids:did_list")
    for query, count in (
        ({"state": "in_use"}, 1), ({"state": "available"}, 1), ({"mode": "menu"}, 0),
        ({"tenant": world.customer.pk}, 1), ({"registration": "registered"}, 0), ({}, 2),
    ):  # fmt: skip
        assert len(client.get(url, query).context["table"].rows) == count, query
    holders = reverse("dids:tenure_list")
    today = did.created_at.date().isoformat()
    found = client.get(holders, {"number": did.display, "on": today})
    assert [row.record.holder for row in found.context["table"].rows] == ["Cliente"]
    assert not client.get(holders, {"on": "2020-01-01"}).context["table"].rows
    theirs = administrator(world, world.reseller_b)
    assert not theirs.get(holders).context["table"].rows


def upload(client: WebClient, rows: list[list[Any]], **extra: str) -> Any:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    file = io.BytesIO()
    book.save(file)
    sheet = SimpleUploadedFile("numeros.xlsx", file.getvalue())
    return client.post(reverse("dids:did_import"), {"file": sheet, **extra})


def test_a_spreadsheet_is_imported_after_a_look(world: World) -> None:
    client = administrator(world)
    rows: list[list[Any]] = [
        ["Número do DID", "Assinante dono do número", "Chamadas simultâneas"],
        [1133334444, "Cliente", 4],
        ["0800 123 4567", "Cliente A", None],
    ]
    page = upload(client, rows)
    assert page.status_code == 200, [row.errors for row in page.context.get("rows") or []]
    assert not Did.objects.exists()
    text = page.context["text"]
    answer = client.post(reverse("dids:did_import"), {"text": text, "confirmed": "1"})
    assert answer.status_code == 302
    assert Did.objects.get(raw="1133334444").max_calls == 4
    assert Did.objects.get(raw="0800 123 4567").e164 == "+558001234567"
    wrong = upload(client, [rows[0], ["1133336666", "Ninguém", 1]])
    assert wrong.status_code == 422
    assert "Ninguém" in wrong.content.decode()

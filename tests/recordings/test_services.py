"""Recordings come in once, are made small, kept for their days, and deleted with their sound."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from threading import Event
from typing import Any

import numpy as np
import pytest
import soundfile
from asgiref.sync import async_to_sync, sync_to_async
from django.db import connection
from django.forms.models import model_to_dict

from tests.customers.test_services import meanwhile
from tests.pbx.making import make_queue
from tests.recordings.making import AT, allow, make_recording, make_rule, tone
from tests.support.web import make_user
from tests.support.world import World, make_world
from tronco.core.errors import Conflict, InvalidInput, NotAllowed, NotFound
from tronco.dids.models import Did
from tronco.dids.services import did_change
from tronco.dids.states import did_give_back
from tronco.identity.roles import Role
from tronco.identity.visits import visit_begin, visitor
from tronco.recordings import audio, files, rules, selectors, services
from tronco.recordings.models import Listening, Policy, Recording, Rule
from tronco.sipcore.taping import Tapings
from tronco.tenancy.access import SYSTEM, Actor
from tronco.ui.history import event_models

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world(settings: Any, tmp_path: Path) -> World:
    settings.TRONCO_HOME = tmp_path
    return make_world()


def taped(call_id: str = "node1-1763640000.7", **facts: Any) -> services.TapedCall:
    told = {
        "first_call_id": call_id,
        "direction": "out",
        "caller": "+551140028922",
        "called": "+551133334444",
        "at": AT,
        "circuit_id": None,
    }
    return services.TapedCall(call_id=call_id, **{**told, **facts})


def recorders_of(did: Did) -> set[int]:
    """For whom call control records the calls of a number now."""

    def ask(query: str, parameters: Sequence[Any]) -> list[Any]:
        with connection.cursor() as cursor:
            cursor.execute(query, parameters)
            return list(cursor.fetchall())

    async def fetch(query: str, parameters: Sequence[object]) -> list[tuple[Any, ...]]:
        return await sync_to_async(ask)(query, parameters)

    return set(async_to_sync(Tapings(fetch).find)("did", did.pk).owners)


def test_a_file_comes_in_for_each_who_wanted_it_and_once(world: World, tmp_path: Path) -> None:
    tenants = [world.customer.pk, world.customer_a.pk]
    line = world.circuit(tenant=world.customer_a)
    for _again in range(2):
        source = tmp_path / "x.wav"
        source.write_bytes(tone(2))
        call = taped(circuit_id=line.pk)
        services.recording_store(tenant_ids=tenants, call=call, source=source)
        assert not source.exists()
    first, second = Recording.objects.order_by("pk")
    assert [first.tenant_id, second.tenant_id] == tenants
    assert [first.circuit, second.circuit] == [None, line], "nobody is told another's line"
    assert first.file == f"{world.customer.pk}/202611/node1-1763640000.7.wav"
    for one in (first, second):
        path = files.path_of(one.file)
        assert path.read_bytes() == tone(2)
        assert (one.duration_ms, one.size, one.sha256) == (2000, 32_044, files.digest_of(path))


def test_a_file_that_was_cut_off_says_how_long_it_is(world: World, tmp_path: Path) -> None:
    source = tmp_path / "x.wav"
    cut = bytearray(tone(3))
    cut[4:8] = cut[40:44] = bytes(4)
    source.write_bytes(bytes(cut))
    services.recording_store(tenant_ids=[world.customer.pk], call=taped(), source=source)
    recording = Recording.objects.get()
    assert recording.duration_ms == 3000
    assert soundfile.info(files.path_of(recording.file)).frames == 24_000


def test_a_call_of_a_line_that_was_deleted_since_comes_in(world: World, tmp_path: Path) -> None:
    line = world.circuit(balance_u=0)
    gone = line.pk
    line.delete()
    source = tmp_path / "x.wav"
    source.write_bytes(tone())
    call = taped(circuit_id=gone)
    services.recording_store(tenant_ids=[world.customer.pk], call=call, source=source)
    assert Recording.objects.get().circuit is None and not source.exists()


@pytest.mark.parametrize("sound", [b"", bytes(44)])
def test_a_call_that_never_came_about_leaves_nothing(
    world: World, tmp_path: Path, sound: bytes
) -> None:
    source = tmp_path / "x.wav"
    source.write_bytes(sound)
    services.recording_store(tenant_ids=[world.customer.pk], call=taped(), source=source)
    assert not source.exists() and not Recording.objects.exists()


def test_made_small_it_is_the_same_sound(world: World) -> None:
    recording = make_recording(world.circuit(), sound=tone(20))
    broken = make_recording(world.circuit(), sound=b"no sound at all")
    before = files.path_of(recording.file)

    assert services.recordings_compress() == 1

    recording.refresh_from_db()
    path = files.path_of(recording.file)
    assert path.suffix == ".mp3" and not before.exists()
    assert (recording.size, recording.sha256) == (path.stat().st_size, files.digest_of(path))
    assert recording.size < 320_000 / 4
    samples, rate = soundfile.read(path)
    assert rate == 8000 and len(samples) / rate == pytest.approx(20, abs=0.2)
    loudest = np.fft.rfftfreq(len(samples), 1 / rate)[np.abs(np.fft.rfft(samples)).argmax()]
    assert loudest == pytest.approx(440, abs=1)
    broken.refresh_from_db()
    assert broken.file.endswith(".wav"), "what cannot be made small stays as it is"


def test_two_workers_do_not_write_the_same_file(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    recording = make_recording(world.circuit(), sound=tone(2))
    begun, go_on = Event(), Event()
    compress = audio.compress

    def slowly(source: Path, target: Path) -> None:
        begun.set()
        assert go_on.wait(60)
        compress(source, target)

    def first() -> int:
        try:
            return services.recordings_compress()
        finally:
            connection.close()

    monkeypatch.setattr(audio, "compress", slowly)
    with ThreadPoolExecutor(1) as pool:
        early = pool.submit(first)
        assert begun.wait(60)
        monkeypatch.setattr(audio, "compress", compress)
        late = services.recordings_compress()
        go_on.set()
        assert (early.result(), late) == (1, 0)
    recording.refresh_from_db()
    assert recording.sha256 == files.digest_of(files.path_of(recording.file))
    make_recording(world.circuit(), sound=tone(2))
    assert services.recordings_compress() == 1, "whoever is done lets others"


def test_days_are_the_customer_s_and_what_is_kept_stays(world: World) -> None:
    line, other = world.circuit(), world.circuit(tenant=world.customer_a)
    allow(line.tenant, keep_days=30)
    rows = {
        name: make_recording(on, sound=tone(), at=AT - timedelta(days=days))
        for name, on, days in [
            ("over", line, 31),
            ("young", line, 29),
            ("kept", line, 300),
            ("rule of thumb", other, 89),
            ("beyond it", other, 91),
        ]
    }
    services.recording_keep(actor=world.actor(line.tenant), recording_id=rows["kept"].pk, kept=True)

    assert services.recordings_expire(now=AT) == 2

    left = set(Recording.objects.values_list("pk", flat=True))
    assert {name for name, row in rows.items() if row.pk in left} == {
        "young", "kept", "rule of thumb",
    }  # fmt: skip
    for row in rows.values():
        assert files.path_of(row.file).exists() == (row.pk in left)
    gone = event_models()[Recording].objects.get(pgh_label="delete", pgh_obj_id=rows["over"].pk)
    told = gone.pgh_context.metadata
    assert told["who"] == "sistema" and "30" in told["why"]


def test_what_is_kept_as_its_days_end_stays(world: World) -> None:
    recording = make_recording(world.circuit(), sound=tone(), at=AT - timedelta(days=91))
    actor = world.actor(world.customer)

    def keep() -> None:
        services.recording_keep(actor=actor, recording_id=recording.pk, kept=True)

    assert meanwhile(keep, lambda: services.recordings_expire(now=AT)) == 0
    assert Recording.objects.get().is_kept and files.path_of(recording.file).exists()


def test_what_is_kept_is_not_deleted_before_it_is_released(world: World) -> None:
    recording = make_recording(world.circuit(), sound=tone())
    actor = world.actor(world.customer)
    services.recording_keep(actor=actor, recording_id=recording.pk, kept=True)
    with pytest.raises(Conflict):
        services.recording_delete(actor=actor, recording_id=recording.pk)
    services.recording_keep(actor=actor, recording_id=recording.pk, kept=False)
    services.recording_delete(actor=actor, recording_id=recording.pk)
    assert not files.path_of(recording.file).exists()


def test_sounds_of_which_nothing_tells_go_after_a_day(world: World) -> None:
    named = make_recording(world.circuit(), sound=tone())
    lost, fresh = (files.path_of(named.file).with_name(name) for name in ("a.wav", ".b.mp3"))
    for path in (lost, fresh, files.path_of(named.file)):
        path.write_bytes(b"x")
    two_days_ago = time.time() - 2 * 86_400
    for path in (lost, files.path_of(named.file)):
        os.utime(path, (two_days_ago, two_days_ago))
    assert services.files_tidy() == 1
    assert [p.exists() for p in (lost, fresh, files.path_of(named.file))] == [False, True, True]


def test_space_that_is_used_up_is_noted_and_freed(world: World, tmp_path: Path) -> None:
    policy = allow(world.customer, max_mb=1)
    for number in range(2):
        source = tmp_path / "x.wav"
        source.write_bytes(tone(35))
        services.recording_store(
            tenant_ids=[world.customer.pk], call=taped(f"node1-1763640000.{number}"), source=source
        )
        policy.refresh_from_db()
        assert policy.is_full == bool(number)
    assert selectors.get_space(policy=policy).percent == 100
    first = Recording.objects.order_by("pk")[0]
    services.recording_delete(actor=world.actor(world.customer), recording_id=first.pk)
    policy.refresh_from_db()
    assert not policy.is_full
    rules.allowance_set(
        actor=SYSTEM, tenant_id=world.customer.pk, is_allowed=True, keep_days=1, max_mb=None
    )
    assert selectors.get_space(policy=Policy.objects.get()).percent == 0


def test_those_of_a_call_are_found_among_many(world: World) -> None:
    one = make_recording(world.circuit())
    facts = model_to_dict(one, exclude=["id", "tenant", "circuit", "call_id", "first_call_id"])
    Recording.objects.bulk_create(
        Recording(tenant=one.tenant, call_id=f"x{n}", first_call_id=f"x{n - n % 2}", **facts)
        for n in range(2000)
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE recordings_recording")
    # The page of a leg names itself and the call with which the conversation began.
    found = selectors.list_of_call(actor=SYSTEM, call_ids=("x7", "x6"))
    assert {row.call_id for row in found} == {"x6", "x7"}
    plan = found.explain()
    assert "recordings_first_call" in plan and "recordings_of_call" not in plan, plan


# -- who may what ---------------------------------------------------------------------------------


def test_nobody_records_before_his_seller_allows_it(world: World) -> None:
    line, actor = world.circuit(), world.actor(world.customer)
    with pytest.raises(Conflict):
        rules.rule_create(actor=actor, circuit_id=line.pk)
    with pytest.raises(NotAllowed):
        rules.allowance_set(
            actor=actor, tenant_id=world.customer.pk, is_allowed=True, keep_days=9, max_mb=None
        )
    rules.allowance_set(
        actor=world.actor(world.master),
        tenant_id=world.customer.pk,
        is_allowed=True,
        keep_days=9,
        max_mb=None,
    )
    assert rules.rule_create(actor=actor, circuit_id=line.pk).direction == "both"
    with pytest.raises(InvalidInput):
        rules.allowance_set(
            actor=SYSTEM, tenant_id=world.reseller_a.pk, is_allowed=True, keep_days=9, max_mb=None
        )


def test_what_seller_and_customer_say_at_once(world: World) -> None:
    def allow_it(allowed: bool) -> Policy:
        return rules.allowance_set(
            actor=SYSTEM, tenant_id=world.customer.pk, is_allowed=allowed, keep_days=9, max_mb=None
        )

    def choose() -> Policy:
        actor = world.actor(world.customer)
        return rules.manner_set(actor=actor, announces=False, own_listen=True)

    allowed = [lambda: allow_it(True)] * 2
    assert meanwhile(*allowed) == Policy.objects.get()
    assert meanwhile(lambda: allow_it(False), choose) is Conflict
    assert not Policy.objects.get().is_allowed
    allow_it(True)
    meanwhile(choose, lambda: allow_it(False))
    policy = Policy.objects.get()
    assert (policy.is_allowed, policy.announces, policy.own_listen) == (False, False, True)


def test_a_rule_names_one_thing_of_ones_own(world: World) -> None:
    line, actor = world.circuit(), world.actor(world.customer)
    allow(world.customer)
    queue = make_queue(world.customer, "Vendas", line)
    did = Did.objects.create(tenant=world.customer, raw="1133334444", e164="+551133334444")
    theirs = world.circuit(tenant=world.customer_a)
    named: list[dict[str, Any]] = [
        {"circuit_id": line.pk, "direction": "in"},
        {"queue_id": queue.pk, "direction": "in"},
        {"did_id": did.pk},
    ]
    made = [rules.rule_create(actor=actor, **one).direction for one in named]
    assert made == ["in", "both", "both"]
    for wrong in ({}, {"circuit_id": line.pk, "did_id": did.pk}, {"circuit_id": theirs.pk}):
        with pytest.raises(InvalidInput):
            rules.rule_create(actor=actor, **wrong)  # type: ignore[arg-type]
    with pytest.raises(Conflict):
        rules.rule_create(actor=actor, circuit_id=line.pk)
    with pytest.raises(NotFound):
        rules.rule_delete(actor=world.actor(world.customer_a), rule_id=Rule.objects.all()[0].pk)


@pytest.mark.parametrize("way", ["given back", "handed over"])
def test_who_gets_a_number_gets_nobody_s_wish_with_it(world: World, way: str) -> None:
    facts = {"tenant": world.customer, "raw": "1133334444", "e164": "+551133334444"}
    did = Did.objects.create(state=Did.State.IN_USE, **facts)
    other = Did.objects.create(tenant=world.customer, raw="1133334445", e164="+551133334445")
    for tenant in (world.customer, world.customer_a):
        allow(tenant)
    actor = world.actor(world.customer)
    for one in (did, other):
        rules.rule_create(actor=actor, did_id=one.pk)
    rules.rule_create(actor=actor, circuit_id=world.circuit().pk)
    assert recorders_of(did) == {world.customer.pk}

    if way == "given back":
        did_give_back(actor=SYSTEM, did_id=did.pk)
    else:
        did_change(actor=SYSTEM, did_id=did.pk, tenant_id=world.customer_a.pk)
    assert recorders_of(did) == set(), "from that moment on"
    assert (rules.rules_forget(), rules.rules_forget()) == (1, 0)
    assert not Rule.objects.filter(did=did).exists() and Rule.objects.count() == 2
    gone = event_models()[Rule].objects.get(pgh_label="delete")
    assert gone.pgh_context.metadata["who"] == "sistema"
    if way == "handed over":
        rules.rule_create(actor=world.actor(world.customer_a), did_id=did.pk)
        assert recorders_of(did) == {world.customer_a.pk}


def test_the_seller_neither_hears_nor_records_nor_deletes(world: World) -> None:
    """Not as himself, and not from within the customer's panel."""
    line = world.circuit(tenant=world.customer_a)
    rule, recording = make_rule(line), make_recording(line)
    seller = make_user(world.reseller_a, Role.ADMINISTRATOR).actor
    visiting = visitor(seller, visit_begin(actor=seller, tenant_id=world.customer_a.pk))
    for actor in (seller, visiting, world.actor(world.master)):
        assert actor.can("recordings.view")
        with pytest.raises(NotAllowed):
            services.listening_note(actor=actor, recording=recording, downloaded=False)
        with pytest.raises(NotAllowed):
            services.recording_delete(actor=actor, recording_id=recording.pk)
        with pytest.raises(NotAllowed):
            rules.rule_change(actor=actor, rule_id=rule.pk, direction="in")
        with pytest.raises(NotAllowed):
            rules.manner_set(actor=actor, announces=False, own_listen=True)
    assert not Listening.objects.exists()


def test_an_extension_s_owner_hears_his_own_where_it_is_allowed(world: World) -> None:
    user = make_user(world.customer, Role.EXTENSION_USER)
    line, colleague = world.circuit(user=user), world.circuit()
    own, other = make_recording(line), make_recording(colleague)
    actor: Actor = user.actor
    for allowed in (False, True):
        allow(world.customer, own_listen=allowed)
        heard = list(selectors.list_own_recordings(actor=actor))
        assert heard == ([own] if allowed else [])
        assert selectors.hears_own(actor=actor) == allowed
    services.listening_note(actor=actor, recording=own, downloaded=False)
    with pytest.raises(NotAllowed):
        services.listening_note(actor=actor, recording=other, downloaded=False)


def test_who_hears_is_written_down_once_a_while(world: World) -> None:
    recording = make_recording(world.circuit())
    actor = make_user(world.customer, Role.CUSTOMER_ADMINISTRATOR).actor
    for downloaded in (False, False, True):
        services.listening_note(actor=actor, recording=recording, downloaded=downloaded)
    assert sorted(Listening.objects.values_list("who", "downloaded")) == [
        (actor.name, False),
        (actor.name, True),
    ]
    Listening.objects.update(at=AT)
    services.listening_note(actor=actor, recording=recording, downloaded=False)
    assert Listening.objects.count() == 3
    noted = event_models()[Listening].objects.filter(
        pgh_label="insert", pgh_context__metadata__who=actor.name
    )
    assert noted.count() == 3

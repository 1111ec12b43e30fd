"""Screens of recordings: the list with its player, a page, whom to record, and one's own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.urls import reverse

from tests.calls.making import made
from tests.pbx.making import make_queue
from tests.recordings.making import allow, make_recording, make_rule, tone
from tests.support.web import WebClient, administrator, make_user, signed_in
from tests.support.world import World, make_world
from tests.ui.cases import ResourceCase
from tronco.identity.roles import Role
from tronco.recordings import files
from tronco.recordings.models import Listening, Policy, Recording, Rule
from tronco.recordings.playing import MOST_BYTES
from tronco.recordings.views import Recordings, Rules
from tronco.tenancy.models import Tenant
from tronco.ui.resource import Resource

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def place(settings: Any, tmp_path: Path) -> Path:
    settings.TRONCO_HOME = tmp_path
    return tmp_path


@pytest.fixture
def world() -> World:
    return make_world()


class OfTheCustomer:
    """What only the customer's own administrator changes."""

    @pytest.fixture
    def client(self, world: World) -> WebClient:
        return administrator(world, world.customer)

    def stranger(self, world: World) -> Tenant:
        return world.customer_a


class TestRecordings(OfTheCustomer, ResourceCase):
    resource = Recordings

    def make(self, world: World, name: str = "Primeiro") -> Recording:
        return make_recording(world.circuit(), sound=tone(0.2))

    def test_export(self, *args: Any) -> None:
        """A recording has no name of its own to look for."""

    def test_search_finds_and_does_not_find(
        self, world: World, client: WebClient, screens: Resource
    ) -> None:
        recording = self.make(world)
        url = screens.url("list") or ""
        for query, found in ({"q": "40028922"}, True), ({"q": "zzz"}, False):
            page = client.get(url, query).content.decode()
            assert (f'data-key="{recording.pk}"' in page) == found
        for query, found in (
            ({"number": "(11) 3333-4444"}, True),
            ({"number": "1133334445"}, False),
            ({"at_least_s": "1"}, False),
            ({"is_kept": "true"}, False),
            ({"until": "2026-11-20"}, True),
        ):
            page = client.get(url, query).content.decode()
            assert (f'data-key="{recording.pk}"' in page) == found, query


class TestRules(OfTheCustomer, ResourceCase):
    resource = Rules
    changes = {"direction": "in"}

    def make(self, world: World, name: str = "Primeiro") -> Rule:
        return make_rule(world.circuit())

    def typed(self, world: World) -> dict[str, Any]:
        allow(world.customer)
        circuit = str(world.circuit().pk)
        return {"target": "circuit", "circuit": circuit, "direction": "out"}

    def test_change_and_why_it_was(
        self, world: World, client: WebClient, screens: Resource
    ) -> None:
        rule = self.make(world)
        data = {**self.typed_over(screens, rule, self.changes), "_reason": "pedido"}
        answer = client.post(self.url(screens, "edit", rule.pk), data)
        assert answer.status_code == 302, self.errors(answer)
        rule.refresh_from_db()
        assert rule.direction == "in"
        history = client.get(self.url(screens, "history", rule.pk)).content.decode()
        assert "pedido" in history

    def test_a_group_and_a_number_are_recorded_whole(self, world: World, client: WebClient) -> None:
        allow(world.customer)
        queue = make_queue(world.customer, "Vendas", world.circuit())
        url = reverse("recordings:rule_add")
        typed = {"target": "queue", "queue": str(queue.pk), "direction": "in"}
        assert client.post(url, typed).status_code == 302
        assert Rule.objects.get().direction == "both"
        again = client.post(url, {"target": "did", "direction": "both"})
        assert again.status_code == 422 and "invalid-feedback" in again.content.decode()

    def test_who_may_not_record_is_told(self, world: World, client: WebClient) -> None:
        typed = {**self.typed(world)}
        Policy.objects.update(is_allowed=False)
        answer = client.post(reverse("recordings:rule_add"), typed)
        assert answer.status_code == 422
        assert "contrato" in answer.content.decode()


# -- hearing --------------------------------------------------------------------------------------


def test_a_recording_is_heard_in_parts_kept_and_noted(world: World) -> None:
    sound = tone(MOST_BYTES / 16_000 + 10)
    recording = make_recording(world.circuit(), sound=sound)
    client = administrator(world, world.customer)
    url = reverse("recordings:recording_sound", args=[recording.pk])

    first: Any = client.get(url, headers={"Range": "bytes=0-"})
    assert (first.status_code, first.content) == (206, sound[:MOST_BYTES])
    assert first["Content-Range"] == f"bytes 0-{MOST_BYTES - 1}/{len(sound)}"
    middle: Any = client.get(url, headers={"Range": "bytes=100-199"})
    assert middle.content == sound[100:200]
    whole: Any = client.get(f"{url}?download=1")
    assert b"".join(whole.streaming_content) == sound
    assert whole["Content-Disposition"].startswith('attachment; filename="551140028922-')
    assert whole["Content-Type"] == "audio/wav" and whole["Cache-Control"] == "no-store"

    assert sorted(Listening.objects.values_list("downloaded", flat=True)) == [False, True]
    page = client.get(reverse("recordings:recording_detail", args=[recording.pk]))
    assert page.content.decode().count("Pessoa customer_admin") >= 2
    history = client.get(reverse("recordings:recording_history", args=[recording.pk]))
    assert "Pessoa customer_admin" in history.content.decode()


def test_a_recording_whose_sound_is_gone_is_not_found(world: World) -> None:
    recording = make_recording(world.circuit())
    client = administrator(world, world.customer)
    url = reverse("recordings:recording_sound", args=[recording.pk])
    assert client.get(url).status_code == 404
    assert not Listening.objects.exists()


def test_the_seller_sees_that_there_is_one_and_no_more(world: World) -> None:
    recording = make_recording(world.circuit(tenant=world.customer_a), sound=tone())
    seller = administrator(world, world.reseller_a)
    page = seller.get(reverse("recordings:recording_list")).content.decode()
    assert f'data-key="{recording.pk}"' in page and "<audio" not in page
    sound = reverse("recordings:recording_sound", args=[recording.pk])
    assert seller.get(sound).status_code == 403
    assert "<audio" in administrator(world, world.customer_a).get(
        reverse("recordings:recording_list")
    ).content.decode()  # fmt: skip
    assert not Listening.objects.exists()


def test_keeping_many_with_a_reason_and_deleting_what_is_not_kept(world: World) -> None:
    line = world.circuit()
    rows = [make_recording(line, sound=tone(0.2)) for _ in range(3)]
    client = administrator(world, world.customer)
    keys = [row.pk for row in rows[:2]]
    url = reverse("recordings:recording_bulk_do", kwargs={"action": "keep"})
    client.post(url, {"pk": keys, "confirmed": "1", "reason": "processo 123"})
    assert Recording.objects.filter(is_kept=True).count() == 2
    history = client.get(reverse("recordings:recording_history", args=[keys[0]]))
    assert "processo 123" in history.content.decode()
    url = reverse("recordings:recording_delete", args=[keys[0]])
    assert client.post(url, {}).status_code == 422
    url = reverse("recordings:recording_delete", args=[rows[2].pk])
    assert client.post(url, {}).status_code == 302
    assert set(Recording.objects.values_list("pk", flat=True)) == set(keys)


def test_the_page_of_a_call_has_its_recordings(world: World) -> None:
    line = world.circuit()
    cdr = made(world, line)
    recording = make_recording(line, call_id=cdr.call_id, first_call_id=cdr.call_id)
    client = administrator(world, world.customer)
    page = client.get(reverse("calls:cdr_by_id", args=[cdr.call_id]), follow=True)
    sound = reverse("recordings:recording_sound", args=[recording.pk])
    assert sound in page.content.decode()
    back = client.get(reverse("recordings:call", args=[recording.pk]), follow=True)
    assert back.status_code == 200 and sound in back.content.decode()


# -- what is allowed, and how ---------------------------------------------------------------------


def test_the_seller_allows_it_on_the_customer_s_page(world: World) -> None:
    seller = administrator(world, world.reseller_a)
    url = reverse("recordings:allowance", args=[world.customer_a.pk])
    assert url in seller.get(f"/tenancy/customers/{world.customer_a.pk}/").content.decode()
    typed = {"is_allowed": "on", "keep_days": "180", "max_mb": ""}
    assert seller.post(url, {**typed, "keep_days": "0"}).status_code == 422
    assert seller.post(url, typed).status_code == 302
    policy = Policy.objects.get(tenant=world.customer_a)
    assert (policy.is_allowed, policy.keep_days, policy.max_mb) == (True, 180, None)
    reader = signed_in(make_user(world.reseller_a, Role.READ_ONLY))
    assert (reader.get(url).status_code, reader.post(url, typed).status_code) == (200, 403)
    assert administrator(world, world.reseller_b).get(url).status_code == 404
    assert administrator(world, world.customer_a).get(url).status_code == 404


def test_the_customer_says_how(world: World) -> None:
    client = administrator(world, world.customer)
    url = reverse("recordings:manner")
    assert "<form method" not in client.get(url).content.decode().partition("<main")[2]
    allow(world.customer)
    assert client.post(url, {"own_listen": "on"}).status_code == 302
    policy = Policy.objects.get(tenant=world.customer)
    assert (policy.announces, policy.own_listen) == (False, True)


@pytest.mark.parametrize(
    ("facts", "size", "said"),
    [
        (None, 0, "não faz parte do seu contrato"),
        ({"max_mb": 1}, 800_000, ""),
        ({"max_mb": 1}, 920_000, "92 %"),
        ({"max_mb": 1}, 1_000_000, "acabou"),
        ({"max_mb": None}, 9_000_000, ""),
    ],
)
def test_the_customer_is_warned_before_nothing_is_recorded(
    world: World, facts: dict[str, Any] | None, size: int, said: str
) -> None:
    if facts is not None:
        allow(world.customer, **facts)
    recording = make_recording(world.circuit())
    Recording.objects.filter(pk=recording.pk).update(size=size)
    client = administrator(world, world.customer)
    page = client.get(reverse("recordings:recording_list")).content.decode()
    main = page.partition("<main")[2]
    assert ("alert-" in main) == bool(said)
    assert said in main


def test_who_was_given_one_customer_is_not_told_of_his_contract(world: World) -> None:
    user = make_user(world.reseller_a, Role.SUPPORT)
    user.customers.set([world.customer_a])
    page = signed_in(user).get(reverse("recordings:recording_list")).content.decode()
    assert "alert-" not in page.partition("<main")[2]


def test_a_full_disk_is_told(world: World, settings: Any) -> None:
    allow(world.customer)
    settings.TRONCO_RECORDINGS_FREE_MB = 10**9
    client = administrator(world, world.customer)
    page = client.get(reverse("recordings:recording_list")).content.decode()
    assert "disco" in page


# -- one's own ------------------------------------------------------------------------------------


def test_own_recordings_are_there_where_the_administrator_allows_it(world: World) -> None:
    user = make_user(world.customer, Role.EXTENSION_USER)
    line = world.circuit(user=user)
    own = make_recording(line, sound=tone(0.2))
    other = make_recording(world.circuit(), sound=tone(0.2))
    client = signed_in(user)
    url = reverse("recordings:own_list")
    heard = reverse("recordings:own_sound", args=[own.pk])
    for allowed in (False, True):
        allow(world.customer, own_listen=allowed)
        assert (url in client.get(reverse("circuits:phone")).content.decode()) == allowed
        assert (heard in client.get(url).content.decode()) == allowed
        assert client.get(heard).status_code == (200 if allowed else 404)
    assert client.get(reverse("recordings:own_sound", args=[other.pk])).status_code == 404
    assert client.get(reverse("recordings:recording_sound", args=[own.pk])).status_code == 404
    assert Listening.objects.get().who == user.actor.name


def test_the_files_are_out_of_the_web_root(place: Path) -> None:
    assert files.recordings_root() == place / "recordings"

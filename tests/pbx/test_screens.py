"""Screens of schedules, groups, line services, the voice portal and voicemail."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.conf import settings
from django.urls import reverse

from tests.pbx.making import make_menu, make_queue, make_schedule, make_voicemail
from tests.support.web import WebClient, administrator, make_user, signed_in
from tests.support.world import World, make_world
from tests.ui.cases import ResourceCase
from tronco.circuits.models import Circuit
from tronco.core.pins import check_pin
from tronco.identity.roles import Role
from tronco.pbx.line_views import Lines
from tronco.pbx.models import (
    LineService,
    MemberState,
    PortalCaller,
    Queue,
    QueueCaller,
    Schedule,
    Voicemail,
)
from tronco.pbx.queue_views import Queues
from tronco.pbx.schedule_views import Schedules
from tronco.pbx.services import portal_caller_create
from tronco.pbx.views import PortalCallers, Voicemails
from tronco.tenancy.access import SYSTEM
from tronco.ui.resource import Resource


def rows(prefix: str, *of: dict[str, Any]) -> dict[str, Any]:
    """What a browser sends of the rows of a form."""
    sent: dict[str, Any] = {f"{prefix}-TOTAL_FORMS": str(len(of)), f"{prefix}-INITIAL_FORMS": "0"}
    for place, row in enumerate(of):
        sent.update({f"{prefix}-{place}-{name}": value for name, value in row.items()})
    return sent


OFFICE = {"weekdays": ["0", "1", "2"], "opens": "08:00", "closes": "18:00"}


class TestSchedules(ResourceCase):
    resource = Schedules
    changes = {"name": "Plantão"}
    bulk = {"timezone": "America/Manaus"}

    def make(self, world: World, name: str = "Primeiro") -> Schedule:
        return make_schedule(world.customer, name)

    def typed(self, world: World) -> dict[str, Any]:
        return {
            "tenant": str(world.customer.pk),
            "name": "Novo",
            "timezone": "America/Sao_Paulo",
            **rows("window", OFFICE),
            **rows("holiday", {"day": "2026-12-24", "name": "Véspera"}),
        }


class TestQueues(ResourceCase):
    resource = Queues
    changes = {"name": "Compras"}
    bulk = {"strategy": "linear"}

    def make(self, world: World, name: str = "Primeiro") -> Queue:
        return make_queue(world.customer, name, world.circuit())

    def typed(self, world: World) -> dict[str, Any]:
        line = world.circuit()
        return {
            "tenant": str(world.customer.pk),
            "name": "Novo",
            "extension": "200",
            "strategy": "ringall",
            "ring_s": "20",
            "wrapup_s": "0",
            "max_wait_s": "60",
            "max_callers": "5",
            "announce_every_s": "30",
            "overflow-action": "circuit",
            "overflow-circuit": str(line.pk),
            **rows("member", {"circuit": str(line.pk), "penalty": "1"}),
        }


class TestPortalCallers(ResourceCase):
    resource = PortalCallers
    changes = {"description": "Celular do dono"}
    bulk = {"is_active": ""}

    def make(self, world: World, name: str = "Primeiro") -> PortalCaller:
        number = f"119888{PortalCaller.objects.count():05}"
        return portal_caller_create(
            actor=SYSTEM, circuit_id=world.circuit().pk, number=number, description=name
        )

    def typed(self, world: World) -> dict[str, Any]:
        circuit = str(world.circuit().pk)
        return {"number": "11977776666", "circuit": circuit, "is_active": "on"}

    def test_export(self, *args: Any) -> None:
        """Its own below: a telephone is shown as people write it, and exported whole."""


class TestVoicemails(ResourceCase):
    resource = Voicemails

    def make(self, world: World, name: str = "Primeiro") -> Voicemail:
        return make_voicemail(world.circuit())

    def test_export(self, *args: Any) -> None:
        """A message has no name of its own to look for."""

    def test_search_finds_and_does_not_find(
        self, world: World, client: WebClient, screens: Resource
    ) -> None:
        message = self.make(world)
        found = client.get(screens.url("list") or "", {"q": message.circuit.number})
        assert f'data-key="{message.pk}"' in found.content.decode()
        found = client.get(screens.url("list") or "", {"q": "zzz"})
        assert "data-key" not in found.content.decode()


class TestLines(ResourceCase):
    resource = Lines

    def make(self, world: World, name: str = "Primeiro") -> Circuit:
        return world.circuit(description=name)

    def test_change_and_why_it_was(
        self, world: World, client: WebClient, screens: Resource
    ) -> None:
        circuit = self.make(world)
        url = self.url(screens, "edit", circuit.pk)
        assert client.get(url).status_code == 200
        typed = {
            "extension": "201",
            "ring_s": "15",
            "busy": "11 98888-7777",
            "voicemail": "on",
            "voicemail_email": "ana@example.com",
            "pickup_group": "vendas",
            "_reason": "pedido do cliente",
        }
        answer = client.post(url, typed)
        assert answer.status_code == 302, self.errors(answer)
        service = LineService.objects.get(circuit=circuit)
        assert (service.extension, service.busy, service.voicemail) == ("201", "11988887777", True)
        assert (
            "pedido do cliente"
            in client.get(self.url(screens, "history", circuit.pk)).content.decode()
        )
        card = client.get(reverse("pbx:circuit_services", args=[circuit.pk])).content.decode()
        assert "11988887777" in card


@pytest.mark.django_db
class TestPages:
    @pytest.fixture
    def world(self) -> World:
        return make_world()

    @pytest.fixture
    def client(self, world: World) -> WebClient:
        return administrator(world)

    def test_errors_of_rows_stand_beside_them_and_nothing_typed_is_lost(
        self, world: World, client: WebClient
    ) -> None:
        typed = {
            "tenant": str(world.customer.pk),
            "name": "Novo",
            "timezone": "America/Lua",
            **rows("window", OFFICE, {"opens": "25:00", "closes": "18:00"}),
            **rows("holiday", {"day": "2026-12-24", "name": "Véspera"}),
        }
        answer = client.post(reverse("pbx:schedule_add"), typed)
        page = answer.content.decode()
        assert answer.status_code == 422
        assert 'id="id_window-1-weekdays_error"' in page or "id_window-1-weekdays" in page
        for kept in ('value="25:00"', 'value="Véspera"', 'value="America/Lua"', 'value="08:00"'):
            assert kept in page
        assert not Schedule.objects.exists()

    def test_a_schedule_in_use_stays_and_says_where(self, world: World, client: WebClient) -> None:
        schedule = make_schedule(world.customer)
        make_menu(world.customer, "Recepção", schedule=schedule)
        make_queue(world.customer, "Suporte", schedule_id=schedule.pk)
        answer = client.post(reverse("pbx:schedule_delete", args=[schedule.pk]))
        page = answer.content.decode()
        assert answer.status_code == 422
        assert "Recepção" in page
        assert "Suporte" in page
        assert Schedule.objects.exists()

    def test_the_overflow_s_error_stands_beside_its_field(
        self, world: World, client: WebClient
    ) -> None:
        foreign = world.circuit(tenant=world.customer_a)
        typed = {
            **TestQueues().typed(world),
            "overflow-action": "circuit",
            "overflow-circuit": str(foreign.pk),
        }
        answer = client.post(reverse("pbx:queue_add"), typed)
        assert answer.status_code == 422
        assert answer.context["form"].overflow.errors.keys() == {"circuit"}
        assert not Queue.objects.exists()

    def test_live_view_and_pause(self, world: World, client: WebClient) -> None:
        line = world.circuit(number="1001")
        queue = make_queue(world.customer, "Vendas", line)
        member = queue.members.get()
        now = datetime.now(UTC)
        QueueCaller.objects.create(
            call_id="node1-1.1",
            tenant=world.customer,
            queue=queue,
            central="node1",
            caller="+5511988887777",
            since=now,
        )
        MemberState.objects.create(
            member=member, tenant=world.customer, state="talking", caller="+551133334444", since=now
        )
        page = client.get(reverse("pbx:queue_live", args=[queue.pk])).content.decode()
        assert "(11) 98888-7777" in page
        assert "(11) 3333-4444" in page
        pause = reverse("pbx:member_pause", args=[member.pk])
        assert "em pausa" in client.post(pause, {"pause": "1"}).content.decode().lower()
        member.refresh_from_db()
        assert member.is_paused
        client.post(pause, {"resume": "1"})
        member.refresh_from_db()
        assert not member.is_paused

    def test_who_only_reads_sees_no_pause_and_hears_no_message(self, world: World) -> None:
        queue = make_queue(world.customer, "Vendas", world.circuit())
        message = make_voicemail(world.circuit())
        reader = signed_in(make_user(world.master, Role.READ_ONLY))
        page = reader.get(reverse("pbx:queue_live", args=[queue.pk])).content.decode()
        assert "hx-post" not in page
        assert reader.get(reverse("pbx:voicemail_sound", args=[message.pk])).status_code == 403
        assert "<audio" not in reader.get(reverse("pbx:voicemail_list")).content.decode()
        assert (
            reader.post(
                reverse("pbx:member_pause", args=[queue.members.get().pk]), {"pause": "1"}
            ).status_code
            == 403
        )

    def test_a_customer_hears_marks_and_deletes_his_own_messages(self, world: World) -> None:
        message = make_voicemail(world.circuit())
        client = administrator(world, world.customer)
        answer = client.get(reverse("pbx:voicemail_sound", args=[message.pk]))
        assert answer["Content-Type"] == "audio/wav"
        assert answer.content == bytes(message.sound)
        part = client.get(
            reverse("pbx:voicemail_sound", args=[message.pk]), headers={"Range": "bytes=4-7"}
        )
        assert (part.status_code, part.content) == (206, bytes([0, 1, 2, 3]))
        assert client.post(reverse("pbx:voicemail_heard", args=[message.pk])).status_code == 200
        message.refresh_from_db()
        assert message.heard_at is not None
        client.post(reverse("pbx:voicemail_do", args=[message.pk, "new"]))
        message.refresh_from_db()
        assert message.heard_at is None
        client.post(reverse("pbx:voicemail_do", args=[message.pk, "delete"]))
        assert not Voicemail.objects.exists()

    def test_a_pin_is_told_once(self, world: World, client: WebClient) -> None:
        circuit = world.circuit()
        url = reverse("pbx:line_pin", args=[circuit.pk])
        assert client.get(url).status_code == 200
        assert client.post(url, {"pin": "1234"}).status_code == 422
        answer = client.post(url, {"pin": "730519"})
        assert "730519" in answer.content.decode()
        assert answer["Cache-Control"] == "no-store"
        service = LineService.objects.get(circuit=circuit)
        assert check_pin("730519", service.pin_hash, key=settings.SECRET_KEY)
        assert (
            "730519"
            not in client.get(reverse("pbx:line_detail", args=[circuit.pk])).content.decode()
        )
        client.post(url, {"pin": ""})
        service.refresh_from_db()
        assert not check_pin("730519", service.pin_hash, key=settings.SECRET_KEY)
        client.post(reverse("pbx:line_do", args=[circuit.pk, "pin-remove"]))
        service.refresh_from_db()
        assert service.pin_hash == ""

    def test_a_telephone_is_shown_as_people_write_it_and_exported_whole(
        self, world: World, client: WebClient
    ) -> None:
        portal_caller_create(actor=SYSTEM, circuit_id=world.circuit().pk, number="11 98888-7777")
        page = client.get(reverse("pbx:portalcaller_list")).content.decode()
        assert "(11) 98888-7777" in page
        answer: Any = client.get(reverse("pbx:portalcaller_export"), {"format": "csv"})
        assert "+5511988887777" in b"".join(answer.streaming_content).decode()

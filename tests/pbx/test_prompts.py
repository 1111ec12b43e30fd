"""Screens of prompts: sent, spoken, heard, replacing the system's, kept while in use."""

from __future__ import annotations

import io
import wave
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from tests.pbx.making import make_menu, make_queue
from tests.pbx.test_audio import as_file, tone
from tests.support.web import WebClient, administrator, make_user, signed_in
from tests.support.world import World, make_world
from tests.ui.cases import ResourceCase
from tronco.core.errors import Conflict, InvalidInput
from tronco.identity.roles import Role
from tronco.pbx.models import Prompt
from tronco.pbx.prompt_services import prompt_change, prompt_create, prompt_delete
from tronco.pbx.prompt_views import Prompts
from tronco.pbx.speech import SENTENCES, SYSTEM_PROMPTS
from tronco.pbx.synthesis import find_system_sounds, make_system_sounds
from tronco.tenancy.access import SYSTEM
from tronco.tenancy.models import Tenant


@pytest.fixture(autouse=True)
def _synthesiser() -> None:
    make_system_sounds()


@pytest.fixture
def world(db: None) -> World:
    return make_world()


@pytest.fixture
def client(world: World) -> WebClient:
    return administrator(world)


def make(owner: Tenant, name: str = "Saudação", **facts: Any) -> Prompt:
    return prompt_create(
        actor=SYSTEM, tenant_id=owner.pk, name=name, **{"text": f"Olá, {name}.", **facts}
    )


def sent(name: str = "saudacao.mp3", **options: Any) -> SimpleUploadedFile:
    data = as_file(tone(), format=name.rpartition(".")[2].upper(), **options)
    return SimpleUploadedFile(name, data, content_type="audio/mpeg")


class TestPrompts(ResourceCase):
    resource = Prompts
    changes = {"name": "Outra saudação"}

    def make(self, world: World, name: str = "Primeiro") -> Prompt:
        return make(world.customer, name)

    def typed(self, world: World) -> dict[str, Any]:
        return {"tenant": str(world.customer.pk), "name": "Novo", "text": "Boa tarde."}


def test_a_recording_is_sent_and_converted(world: World, client: WebClient) -> None:
    typed = {"tenant": world.customer.pk, "name": "Boas-vindas", "file": sent()}
    page = client.post(reverse("pbx:prompt_add"), typed)
    assert page.status_code == 302
    prompt = Prompt.objects.get(name="Boas-vindas")
    with wave.open(io.BytesIO(bytes(prompt.sound))) as sound:
        assert (sound.getframerate(), sound.getnchannels()) == (8000, 1)
        assert prompt.duration_ms == round(sound.getnframes() / 8)
    assert prompt.text == "" and len(prompt.sha256) == 64


def test_a_bad_file_is_named_beside_its_field_and_nothing_typed_is_lost(
    world: World, client: WebClient
) -> None:
    typed = {
        "tenant": world.customer.pk,
        "name": "Boas-vindas",
        "file": SimpleUploadedFile("foto.mp3", b"\xff\xd8\xff\xe0 isto e uma foto" * 99),
    }
    page = client.post(reverse("pbx:prompt_add"), typed)
    assert page.status_code == 422
    form = page.context["form"]
    assert "WAV, MP3, OGG" in form.errors["file"][0]
    assert 'value="Boas-vindas"' in page.content.decode()
    assert not Prompt.objects.exists()


@pytest.mark.parametrize(
    ("typed", "field"),
    [({}, "file"), ({"text": "Olá", "file": True}, "text"), ({"text": "..."}, "text")],
)
def test_a_prompt_is_one_or_the_other(
    world: World, client: WebClient, typed: dict[str, Any], field: str
) -> None:
    data = {"tenant": world.customer.pk, "name": "x", **typed}
    if data.get("file"):
        data["file"] = sent()
    page = client.post(reverse("pbx:prompt_add"), data)
    assert page.status_code == 422 and field in page.context["form"].errors


def test_what_it_says_changes_with_another_text_or_recording_only(world: World) -> None:
    prompt = make(world.customer, text="Bom dia.")
    spoken = prompt.sha256

    def change(**facts: Any) -> Prompt:
        return prompt_change(actor=SYSTEM, prompt_id=prompt.pk, **{"name": "a", **facts})

    assert change(text="Bom dia.").sha256 == spoken
    assert change(text="").text == "Bom dia.", "an emptied text takes nothing away"
    assert change(text="Boa noite.").sha256 != spoken
    recorded = change(file=as_file(tone()))
    assert (recorded.text, recorded.duration_ms) == ("", 1000)


def test_it_is_heard_in_parts_by_whom_may(world: World) -> None:
    prompt = make(world.customer_a)
    url = reverse("pbx:prompt_sound", args=[prompt.pk])
    client = administrator(world, world.reseller_a)
    whole = client.get(url)
    assert (whole.status_code, whole["Content-Type"]) == (200, "audio/wav")
    assert whole.content == bytes(prompt.sound)
    part = client.get(url, headers={"Range": "bytes=4-11"})
    assert (part.status_code, part.content) == (206, bytes(prompt.sound)[4:12])
    assert part["Content-Range"] == f"bytes 4-11/{len(prompt.sound)}"
    assert administrator(world, world.customer_a).get(url).status_code == 200
    assert administrator(world, world.reseller_b).get(url).status_code == 404
    assert administrator(world, world.customer).get(url).status_code == 404
    extension = signed_in(make_user(world.customer_a, Role.EXTENSION_USER))
    assert extension.get(url).status_code == 404
    assert WebClient().get(url).status_code == 302


def test_a_text_is_heard_before_it_is_saved(world: World, client: WebClient) -> None:
    url = reverse("pbx:prompt_speak")
    answer = client.post(url, {"text": "Olá, mundo."})
    assert (answer.status_code, answer["Content-Type"]) == (200, "audio/wav")
    assert answer.content == bytes(make(world.customer, text="Olá, mundo.").sound)
    refused = client.post(url, {"text": " "})
    assert refused.status_code == 422 and "Não há nada a dizer" in refused.content.decode()
    reader = signed_in(make_user(world.master, Role.READ_ONLY))
    assert reader.post(url, {"text": "Olá"}).status_code == 403
    assert client.get(url).status_code == 405


def test_a_prompt_in_use_stays_and_says_where(world: World, client: WebClient) -> None:
    prompt = make(world.customer)
    queue = make_queue(world.customer, "Vendas", music_id=prompt.pk)
    menu = make_menu(world.customer, "Principal", greeting_id=prompt.pk)
    with pytest.raises(Conflict) as told:
        prompt_delete(actor=SYSTEM, prompt_id=prompt.pk)
    assert told.value.code == "in-use"
    page = client.post(reverse("pbx:prompt_delete", args=[prompt.pk]))
    assert page.status_code == 422
    assert queue.name in page.content.decode() and menu.name in page.content.decode()
    assert queue.name in client.get(reverse("pbx:prompt_detail", args=[prompt.pk])).content.decode()
    assert Prompt.objects.filter(pk=prompt.pk).exists()


def test_the_system_s_prompts_are_listed_heard_and_replaced(
    world: World, client: WebClient
) -> None:
    mine = make(world.reseller_a, "Tchau", system_key="goodbye")
    page = client.get(reverse("pbx:system_prompts")).content.decode()
    for key in SYSTEM_PROMPTS:
        assert f'data-key="{key}"' in page
    assert SENTENCES["enter-pin"] in page
    assert reverse("pbx:prompt_detail", args=[mine.pk]) in page
    url = reverse("pbx:system_sound", args=["goodbye"])
    place = find_system_sounds()
    assert place and client.get(url).content == (place / "goodbye.wav").read_bytes()
    assert client.get(reverse("pbx:system_sound", args=["nada"])).status_code == 404
    add = client.get(reverse("pbx:prompt_add"), {"system_key": "goodbye"}).content.decode()
    assert '<option value="goodbye" selected>' in add
    other = administrator(world, world.reseller_b).get(reverse("pbx:system_prompts"))
    assert mine.name not in other.content.decode()


def test_one_prompt_replaces_a_system_prompt_of_an_owner(world: World) -> None:
    make(world.reseller_a, "Tchau", system_key="goodbye")
    with pytest.raises(InvalidInput, match="Tchau") as told:
        make(world.reseller_a, "Até logo", system_key="goodbye")
    assert told.value.field == "system_key"
    make(world.customer_a, "Até logo", system_key="goodbye")
    with pytest.raises(InvalidInput) as told:
        make(world.reseller_a, "Outro", system_key="nada")
    assert told.value.field == "system_key"

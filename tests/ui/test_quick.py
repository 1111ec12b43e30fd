"""Quick access: the names that the manuals tell people to type (S1-01, S1-24)."""

from __future__ import annotations

import pytest
from django.urls import reverse

from tests.support.web import administrator
from tests.support.world import make_world

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("typed", "url"),
    [
        ("Gerenciamento de DIDs", "dids:did_list"),
        ("[REV] Gerenciar Planos de Venda", "catalog:plan_list"),
        ("[REV] Gerenciar Portal de Voz", "pbx:portalcaller_list"),
        ("[REV] Gerenciamento de Linhas IP", "circuits:circuit_list"),
        ("[REV] Gerenciar CallingCards (Cartões)", "callingcards:card_list"),
        ("[REV] Gerenciar Blocos de URA (IVR)", "pbx:menu_list"),
        ("Cadastro › Circuitos", "circuits:circuit_list"),
        ("Histórico de Crédito", "circuits:circuit_list"),
        ("plano nacional", "catalog:plan_list"),
    ],
)
def test_a_screen_is_found_by_its_name_in_the_manuals(typed: str, url: str) -> None:
    answer = administrator(make_world()).get(reverse("quick"), {"q": typed})
    assert reverse(url) in [screen["url"] for screen in answer.context["screens"]]


def test_signs_alone_find_no_screen() -> None:
    answer = administrator(make_world()).get(reverse("quick"), {"q": "[]"})
    assert answer.context["screens"] == []


def test_before_anything_is_typed_there_are_screens_to_choose() -> None:
    answer = administrator(make_world()).get(reverse("quick"))
    assert reverse("dashboard:home") in [screen["url"] for screen in answer.context["screens"]]

"""`tronco tariff`, as an operator types it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.world import World
from tronco.catalog.models import Tariff
from tronco.cli import main, tariff

FILE = "5511;SAO PAULO;F;0,10;30;6;3;1\n55119;SAO PAULO;C;0,30;30;6;3;1\n"
Type = Callable[..., int]


@pytest.fixture
def type_(world: World, monkeypatch: pytest.MonkeyPatch) -> Type:
    monkeypatch.setattr(tariff, "open_instance", lambda: None)
    return lambda *words: main(["tariff", *words])


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "precos.csv"
    path.write_text(FILE)
    return path


def test_a_list_from_a_file_to_its_end(
    type_: Type, file: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert type_("import", "Nova", str(file), "--create") == 0
    assert "2 prices taken" in capsys.readouterr().out
    version = Tariff.objects.get(name="Nova").versions.get()
    assert (version.status, version.created_by.endswith("(tronco)")) == ("draft", True)
    assert type_("publish", "nova") == 0
    capsys.readouterr()
    assert type_("show", "Nova", "(11) 98888-7777") == 0
    assert "55119" in capsys.readouterr().out
    assert type_("export", "Nova", "--output", str(tmp_path / "out.csv")) == 0
    assert type_("import", "Nova", str(tmp_path / "out.csv"), "--merge", "--publish") == 0
    assert "2 unchanged" in capsys.readouterr().out
    assert type_("withdraw", "Nova") == 0
    assert type_("withdraw", "Nova", "--version", "1") == 1
    assert type_("withdraw", "Nova", "--version", "1", "--leave-unpriced") == 0
    capsys.readouterr()
    assert type_("versions", "Nova") == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[:2] for line in lines] == [["v2", "Retirada"], ["v1", "Retirada"]]


def test_bad_lines_are_told_and_not_published_unseen(
    type_: Type, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file.write_text(FILE + "5521;RIO;F;dez;30;6;3;1\n")
    assert type_("import", "Nova", str(file), "--create", "--publish") == 1
    assert "precos.csv: line 3, column D:" in capsys.readouterr().err
    assert Tariff.objects.get(name="Nova").versions.get().status == "draft"
    assert type_("publish", "Nova", "--accept-errors") == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["show", "Nenhuma"], "there is no price list 'Nenhuma'"),
        (["show", "Varejo"], "--owner"),
        (["import", "Atacado", "/nowhere.csv", "--owner", "Operadora"], "cannot be read"),
        (["publish", "Atacado", "--owner", "Operadora"], "no draft version"),
        (["withdraw", "Atacado", "--owner", "Ninguém"], "there is no one seller"),
        (["export", "Custo Vizinha", "--version", "9"], "no version 9"),
    ],
)
def test_what_cannot_be_is_told_in_a_sentence(
    type_: Type, words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert type_(*words) == 1
    assert said in capsys.readouterr().err


def test_lists_are_named_with_their_version(
    type_: Type, capsys: pytest.CaptureFixture[str]
) -> None:
    assert type_("list") == 0
    assert capsys.readouterr().out.count("v1") == Tariff.objects.count()


def test_a_date_that_is_none_is_refused(
    type_: Type, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    type_("import", "Nova", str(file), "--create")
    assert type_("publish", "Nova", "--from", "amanhã") == 1
    assert "2026-12-01T00:00" in capsys.readouterr().err
    assert type_("publish", "Nova", "--from", "2031-01-01") == 0
    version = Tariff.objects.get(name="Nova").versions.get()
    assert version.effective_at is not None
    assert version.effective_at.isoformat() == "2031-01-01T03:00:00+00:00"

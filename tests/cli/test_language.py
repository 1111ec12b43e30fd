"""The command line speaks the operator's Portuguese, and English when told to."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.world import World, make_world
from tronco.cli import main


def tronco(*words: str, language: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tronco", *words],
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, "TRONCO_LANGUAGE": language},
    )


def test_help_in_both_languages() -> None:
    said = tronco("circuit", "add", "--help").stdout
    assert said.startswith("uso: tronco circuit add")
    for text in ("argumentos:", "opções:", "mostra esta ajuda e termina", "nome ou id do cliente"):
        assert text in said
    assert tronco("circuit", "add", "--help", language="en").stdout.startswith("usage: ")


def test_a_command_says_what_it_has_to_say_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # The product's own: the tests' settings keep more of it silent.
    monkeypatch.setenv("DJANGO_SETTINGS_MODULE", "config.settings")
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody:nothing@127.0.0.1:9/none")
    done = tronco("doctor")
    assert "connection failed" in done.stdout
    assert done.stderr == ""


def test_what_is_typed_wrong_is_told_in_portuguese() -> None:
    done = tronco("rerate", "--from", "ontem", "--to", "2026-11-30")
    assert done.returncode == 2
    assert "erro: argumento --from: 'ontem' não é uma data como 2026-11-30" in done.stderr
    assert "opção inválida: 'cirkuit'" in tronco("cirkuit").stderr
    assert "faltam estes argumentos: --calls" in tronco("quote", "--tariff", "x").stderr


def test_a_file_that_cannot_be_used(tmp_path: Path) -> None:
    file = tmp_path / "tarifa.json"
    file.write_text("isto não")
    done = tronco("quote", "--tariff", str(file), "--calls", "-")
    assert (done.returncode, "não é JSON" in done.stderr) == (2, True)


@pytest.mark.django_db
def test_a_circuit_is_told_in_portuguese(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRONCO_LANGUAGE", "")
    world: World = make_world()
    world.circuit(number="1001")
    assert main(["circuit", "show", "1001"]) == 0
    lines = dict(line.split(None, 1) for line in capsys.readouterr().out.splitlines())
    assert (lines["circuito"], lines["status"], lines["registro"]) == ("1001", "Ativo", "offline")
    assert main(["circuit", "credit", "1001", "-1"]) == 1
    assert "'-1' deve ser maior que zero" in capsys.readouterr().err

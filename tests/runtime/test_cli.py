"""The command line as a whole; each command has tests of its own."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tronco import cli
from tronco.core.errors import InvalidInput


def tronco(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tronco", *words], check=False, capture_output=True, text=True
    )


def test_help_lists_every_command_without_loading_any() -> None:
    program = (
        "import sys; from tronco.cli import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: pass\n"
        "heavy = {'django', 'psycopg', 'numpy', 'asyncio'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    for name in cli.COMMANDS:
        assert f"\n    {name}" in done.stdout


def test_an_unknown_command_is_told_with_the_known_ones() -> None:
    done = tronco("cirkuit")
    assert done.returncode == 2
    assert "invalid choice: 'cirkuit'" in done.stderr


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_every_command_explains_itself(name: str) -> None:
    done = tronco(name, "--help")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"usage: tronco {name}")


def test_an_error_is_a_sentence_and_status_1(capsys: pytest.CaptureFixture[str]) -> None:
    class Refuses:
        @staticmethod
        def add_arguments(parser: object) -> None: ...

        @staticmethod
        def run(args: object) -> int:
            raise InvalidInput("--listen must be ADDRESS:PORT", field="listen")

    sys.modules["refuses"] = Refuses  # type: ignore[assignment]
    cli.COMMANDS["refuse"] = ("refuses", "refuse")
    try:
        assert cli.main(["refuse"]) == 1
    finally:
        del cli.COMMANDS["refuse"], sys.modules["refuses"]
    assert capsys.readouterr().err == "tronco refuse: --listen must be ADDRESS:PORT\n"

"""`tronco rollup`: tells which days differ, and mends them only when told to."""

from __future__ import annotations

import pytest
from django.db import connection

from tests.calls.making import made
from tests.support.world import make_world
from tronco.cli import main

pytestmark = pytest.mark.django_db
MARCH = ("--from", "2026-03-01", "--to", "2026-03-03")


def test_compare_and_make_again(capsys: pytest.CaptureFixture[str]) -> None:
    world = make_world()
    made(world, world.circuit(), talks_s=61)
    assert main(["rollup", *MARCH]) == 0
    assert "the sums equal the records" in capsys.readouterr().out
    with connection.cursor() as cursor:
        cursor.execute("UPDATE calls_daily SET calls = 2")
    assert main(["rollup", *MARCH]) == 1
    assert "2026-03-02: 2 rows do not equal the records" in capsys.readouterr().out
    assert main(["rollup", *MARCH, "--rebuild"]) == 0
    assert main(["rollup", *MARCH]) == 0
    assert main(["rollup", "--from", "2026-03-02", "--to", "2026-03-01"]) == 1

"""One exchange for all tests of this folder: real PostgreSQL, Asterisk, sipcore, telephones."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.support.asterisk import Exchange, open_exchange, wait_until
from tests.support.hearing import Ears
from tests.support.stage import Carrier, Stage, answer
from tests.support.world import World, make_world
from tronco.charging.models import Gate
from tronco.routing.models import Trunk

FIRST, SECOND = "127.0.0.2", "127.0.0.3"


@dataclass
class Town:
    """The exchange, its operator, and the two carriers it reaches."""

    exchange: Exchange
    world: World
    stage: Stage
    carrier: Carrier
    second: Carrier
    second_trunk: Trunk


@pytest.fixture(scope="package")
def town(django_db_blocker: Any) -> Iterator[Town]:
    """Up and running, with no call yet. Tests bring circuits of their own."""
    with django_db_blocker.unblock(), open_exchange() as exchange:
        world = make_world()
        Trunk.objects.filter(pk=world.trunk.pk).update(host=FIRST, port=exchange.trunk_port)
        second_trunk = Trunk.objects.create(
            tenant=world.master,
            carrier=world.carrier,
            name="segunda",
            host=SECOND,
            port=exchange.trunk_port,
        )
        stage = Stage(exchange.server)
        try:
            carrier = stage.carrier(FIRST, exchange.trunk_port)
            second = stage.carrier(SECOND, exchange.trunk_port)
            exchange.start_sipcore()
            exchange.start_asterisk()
            wait_until(trunks_are_up, "the trunks answer probes", timeout_s=30)
            wait_until(Gate.objects.filter(central="*").exists, "rated calls are admitted")
            yield Town(exchange, world, stage, carrier, second, second_trunk)
        finally:
            stage.close()


@pytest.fixture
def ears(town: Town) -> Ears:
    """Tells which recording was heard."""
    return Ears(town.exchange.settings.sounds)


def trunks_are_up() -> bool:
    return not Trunk.objects.exclude(reachable=True).exists()


@pytest.fixture(autouse=True)
def quiet_carriers(request: pytest.FixtureRequest) -> Iterator[None]:
    """Each test begins with carriers that were taught nothing, and leaves no call behind."""
    if "town" not in request.fixturenames:
        yield
        return
    town: Town = request.getfixturevalue("town")
    for carrier in (town.carrier, town.second):
        carrier.by_number.clear()
        carrier.calls.clear()
        carrier.otherwise = answer
    yield
    town.stage.hang_up_all()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """A failure shows what call control and the switch said of late."""
    outcome = yield
    report = outcome.get_result()  # type: ignore[attr-defined]
    town = getattr(item, "funcargs", {}).get("town")
    if report.failed and isinstance(town, Town):
        for path in (town.exchange.sipcore_log, town.exchange.asterisk_log):
            if path.exists():
                report.sections.append((path.name, path.read_text()[-4000:]))

"""The first call after a start finds everything read, however long the price lists are."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from tests.asterisk.conftest import Town
from tests.support.asterisk import wait_until
from tests.support.stage import dial
from tests.support.world import make_tariff
from tronco.calls.models import Cdr
from tronco.catalog.models import CallClass, Plan, Rate, Tariff, TariffVersion
from tronco.demo.agent import Agent

pytestmark = pytest.mark.asterisk
RATES = 60_000


def publish(tariff: Tariff, minute: str) -> TariffVersion:
    """A version with a long list of prefixes, in effect at once."""
    version = TariffVersion.objects.create(
        tenant=tariff.tenant,
        tariff=tariff,
        number=tariff.versions.count() + 1,
        effective_at=datetime.now(UTC) - timedelta(days=1),
        created_by="tests",
    )
    rates = [
        Rate(version=version, prefix=f"9{place:06d}", price_per_min=Decimal(1))
        for place in range(RATES)
    ]
    rates.append(
        Rate(version=version, call_class=CallClass.LOCAL_FIXED, price_per_min=Decimal(minute))
    )
    Rate.objects.bulk_create(rates, batch_size=5000)
    version.status = TariffVersion.Status.PUBLISHED
    version.save()
    return version


def times_warmed(town: Town) -> int:
    return town.exchange.sipcore_log.read_text().count("are in memory")


def decided_within_s(town: Town, phone: Agent) -> float:
    """How long the carrier heard nothing of a call."""
    began = time.monotonic()

    async def scene() -> float:
        call = await phone.call("1133334444", media=False)
        await call.wait_ringing()
        rung = time.monotonic() - began
        assert await call.wait_answered()
        await call.hang_up()
        return rung

    return town.stage.play(scene())


def test_the_first_call_after_a_start(town: Town) -> None:
    tariff = make_tariff(town.world.master, "Longa", "0.10")
    publish(tariff, "0.20")
    plan = Plan.objects.create(
        tenant=town.world.master, name="Longo", kind=Plan.Kind.PREPAID, tariff=tariff
    )
    circuit = town.world.circuit(plan=plan)
    phone = town.stage.phone(circuit)
    warm_s = decided_within_s(town, phone)

    town.exchange.kill_sipcore()
    before = times_warmed(town)
    town.exchange.start_sipcore()
    assert times_warmed(town) > before, "it listens, and has not read what calls need"
    first_s = decided_within_s(town, phone)

    assert first_s < 0.5, f"{first_s:.2f} s, and {warm_s:.2f} s before"
    wait_until(lambda: Cdr.objects.filter(circuit=circuit).count() == 2, "both are on record")

    publish(tariff, "0.30")
    before = times_warmed(town)
    wait_until(lambda: times_warmed(town) > before, "the new list is read")
    call = town.stage.play(dial(phone, "1133334444", talk_s=3.2))
    assert call.status == 200
    wait_until(
        Cdr.objects.filter(circuit=circuit, price_u=150_000).exists, "a call at the new price"
    )

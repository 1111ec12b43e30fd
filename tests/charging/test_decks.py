"""Configuration in memory: the right version, the longest prefix, nothing older than a notice."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Generator, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection

from tests.charging.calls import attempt, authorise, granted, request, with_gateway
from tests.support.world import World, make_tariff, make_version, make_world
from tronco.catalog.models import Rate, Tariff, TariffVersion
from tronco.charging import decks
from tronco.charging.decks import DatedRate, Decks, Row, django_fetch, finish
from tronco.charging.gateway import Gateway, Grant
from tronco.charging.requests import CarrierOption
from tronco.core.money import MICRO
from tronco.tenancy.models import Tenant

MAY = datetime(2026, 5, 1, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def tariff(db: None) -> Tariff:
    """In effect: the first version; from May on the second."""
    tariff = make_tariff(make_world().master, "Com versões", "0.10")
    make_version(tariff, "0.20", effective_at=MAY)
    return tariff


def minutes(tariff: Tariff, earliest: datetime, latest: datetime | None = None) -> list[str]:
    """What a fixed-line minute costs between the two moments."""
    store = Decks(django_fetch)
    dated = finish(
        store.rates(
            tariff.pk, "551133334444", "local_fixed", earliest=earliest, latest=latest or earliest
        )
    )
    return [str(float(store.minute_cost(one, earliest))) for one in dated]


@pytest.mark.parametrize(
    ("earliest", "latest", "expected"),
    [
        (MAY - DAY, None, ["0.1"]),
        (MAY - timedelta(microseconds=1), None, ["0.1"]),
        (MAY, None, ["0.2"]),
        (MAY - timedelta(seconds=60), MAY + timedelta(seconds=60), ["0.1", "0.2"]),
        (datetime(2019, 1, 1, tzinfo=UTC), None, []),
        (datetime(2019, 12, 31, 23, 59, tzinfo=UTC), datetime(2020, 1, 1, 0, 1, tzinfo=UTC), []),
    ],
)
def test_version_in_effect(
    tariff: Tariff, earliest: datetime, latest: datetime | None, expected: list[str]
) -> None:
    assert minutes(tariff, earliest, latest) == expected


def test_withdrawn_version_counts_until_it_was_withdrawn(tariff: Tariff) -> None:
    version = tariff.versions.get(number=2)
    version.status = TariffVersion.Status.WITHDRAWN
    version.withdrawn_at = MAY + 2 * DAY
    version.save()
    assert [minutes(tariff, MAY + n * DAY) for n in (1, 2, 3)] == [["0.2"], ["0.1"], ["0.1"]]


def test_of_two_versions_from_the_same_moment_the_later_one_counts(tariff: Tariff) -> None:
    make_version(tariff, "0.30", effective_at=MAY)
    assert minutes(tariff, MAY) == ["0.3"]


def test_draft_is_invisible(tariff: Tariff) -> None:
    TariffVersion.objects.create(
        tenant=tariff.tenant, tariff=tariff, number=9, effective_at=MAY, created_by="x"
    )
    assert minutes(tariff, MAY) == ["0.2"]


def test_longest_prefix_wins_over_the_class_in_a_list_read_in_pieces(
    tariff: Tariff, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decks, "_RATES_A_READ", 3)
    version = TariffVersion.objects.create(
        tenant=tariff.tenant, tariff=tariff, number=5, effective_at=MAY, created_by="x"
    )
    for prefix, per_minute in [("55", "0.5"), ("5511", "0.7"), ("55113", "0.9"), ("5521", "1.1")]:
        Rate.objects.create(version=version, prefix=prefix, price_per_min=Decimal(per_minute))
    for call_class in ("local_fixed", "ldi", "services"):
        Rate.objects.create(version=version, call_class=call_class, price_per_min=Decimal(3))
    version.status = TariffVersion.Status.PUBLISHED
    version.save()
    store = Decks(django_fetch)

    def price(digits: str, call_class: str) -> str:
        dated = finish(store.rates(tariff.pk, digits, call_class, earliest=MAY, latest=MAY))
        return str(float(store.minute_cost(dated[0], MAY))) if dated else "none"

    assert [
        price("551133334444", "local_fixed"),
        price("551143334444", "local_fixed"),
        price("552143334444", "ldn_fixed"),
        price("12125550123", "ldi"),
        price("190", "emergency"),
    ] == ["0.9", "0.7", "1.1", "3.0", "none"]


def test_a_list_too_long_for_one_call_s_patience_is_read_by_several(
    tariff: Tariff, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decks, "_RATES_A_READ", 1)
    asked: list[Sequence[Any]] = []

    async def fetch(query: str, parameters: Sequence[Any]) -> list[Row]:
        if "catalog_rate" in query:
            asked.append(parameters)
            if len(asked) % 4 == 0:
                raise TimeoutError
        return await django_fetch(query, parameters)

    store = Decks(fetch)
    found: tuple[DatedRate, ...] = ()
    for _ in range(9):
        with contextlib.suppress(TimeoutError):
            found = finish(
                store.rates(tariff.pk, "551133334444", "services", earliest=MAY, latest=MAY)
            )
            break

    assert found[0].rate.call_class == "services", "the last of them"
    assert len(asked) < 15, "nobody began anew"


class TestMemory:
    """With a source of rows that can be counted, delayed and changed."""

    CHAIN: Row = (1, "active", 7, "active", None, 1, 3, "Plano", "down", 2, False, 4, "UTC", [])

    async def fetch(self, query: str, parameters: Sequence[Any]) -> list[Row]:
        self.reads += 1
        return [self.CHAIN]

    reads = 0

    def test_remembered_until_dropped(self) -> None:
        store = Decks(self.fetch, is_fresh=True)
        for _ in range(3):
            finish(store.chain(7))
        store.drop()
        finish(store.chain(7))
        assert self.reads == 2

    def test_nothing_is_remembered_while_nobody_would_tell(self) -> None:
        store = Decks(self.fetch)
        for _ in range(3):
            finish(store.chain(7))
        assert self.reads == 3

    def test_answer_on_its_way_while_dropped_is_not_remembered(self) -> None:
        async def run() -> None:
            asked, answer = asyncio.Event(), asyncio.Event()

            async def slow(query: str, parameters: Sequence[Any]) -> list[Row]:
                asked.set()
                await answer.wait()
                return await self.fetch(query, parameters)

            store = Decks(slow, is_fresh=True)
            reading = asyncio.create_task(store.chain(7))
            await asked.wait()
            store.drop()
            answer.set()
            await reading
            await store.chain(7)

        asyncio.run(run())
        assert self.reads == 2

    def test_unknown_account_is_asked_again(self) -> None:
        async def nobody(query: str, parameters: Sequence[Any]) -> list[Row]:
            self.reads += 1
            return []

        store = Decks(nobody, is_fresh=True)
        assert finish(store.chain(7)) == finish(store.chain(7)) == ()
        assert self.reads == 2

    def test_memory_of_price_lists_is_bounded(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(decks, "_MOST_RATES", 2)
        rate = (1, "55", "", Decimal(1), Decimal(0), 30, 6, 3, None, None)

        async def lists(query: str, parameters: Sequence[Any]) -> list[Row]:
            if "catalog_tariffversion" in query:
                return [(parameters[0], MAY, None, "UTC")]
            self.reads += parameters[1] == ""
            return [rate, rate] if parameters[1] == "" else []

        store = Decks(lists, is_fresh=True)

        def match(tariff: int) -> tuple[DatedRate, ...]:
            return finish(store.rates(tariff, "55", "", earliest=MAY, latest=MAY))

        for tariff in (1, 1, 2, 2, 1):
            assert match(tariff)[0].version == tariff
        assert self.reads == 3

    def test_coroutine_that_waits_is_not_run_without_a_loop(self) -> None:
        class Pause:
            def __await__(self) -> Generator[None, None, None]:
                yield

        async def wait() -> None:
            await Pause()

        with pytest.raises(RuntimeError, match="without an event loop"):
            finish(wait())


def test_change_of_configuration_is_heard_of(world: World) -> None:
    """Each kind of change, made elsewhere, has its effect on the next call without a restart."""
    circuit = world.circuit(balance_u=MICRO)
    tariff = circuit.account.plan.tariff

    def publish() -> None:
        make_version(tariff, "0.80", effective_at=datetime.now(UTC) - DAY)

    def stop() -> None:
        Tenant.objects.filter(pk=circuit.tenant_id).update(status="inactive")

    async def work(gateway: Gateway) -> list[object]:
        results: list[object] = []
        for change in (None, publish, stop):
            if change is not None:
                await asyncio.to_thread(in_thread, change)
            results.append(await outcome(gateway, before=results[-1:]))
        return results

    async def outcome(gateway: Gateway, before: list[object]) -> object:
        """What calls come to, once it is no longer what it was before (or a second has passed)."""
        result: object = None
        for _ in range(50):
            grant = await attempt(gateway.authorise(request(circuit)))
            result = grant
            if isinstance(grant, Grant):
                result = grant.journal["holds"][0]["amount_u"]
                await gateway.release([grant.call_id])
            if [result] != before:
                break
            await asyncio.sleep(0.02)
        return result

    assert with_gateway(work) == [100_000, 800_000, "suspended"]


def test_the_first_call_reads_nothing_when_all_is_warm(world: World) -> None:
    circuit = world.circuit(balance_u=MICRO)
    cost = CarrierOption(world.trunk.pk, world.carrier.cost_tariff_id)
    reads: list[str] = []

    async def work(gateway: Gateway) -> Grant:
        tariffs = [world.carrier.cost_tariff_id] if world.carrier.cost_tariff_id else []
        assert await gateway.warm([circuit.account_id], tariffs) > 1
        fetch = gateway._decks._fetch

        async def listed(query: str, parameters: Sequence[Any]) -> list[Row]:
            reads.append(query)
            return await fetch(query, parameters)

        gateway._decks._fetch = listed
        return await gateway.authorise(request(circuit, carriers=(cost,)))

    assert with_gateway(work).trunk_ids == (world.trunk.pk,)
    assert reads == []


def in_thread(change: Any) -> None:
    try:
        change()
    finally:
        connection.close()


def test_calls_do_not_make_it_forget(world: World) -> None:
    """Holds and settlements change accounts all the time, and are no configuration."""
    circuit = world.circuit(balance_u=MICRO)
    heard: list[str] = []

    async def work(gateway: Gateway) -> None:
        gateway.database._listener._on_config = heard.append
        grant = await gateway.authorise(request(circuit))
        await gateway.extend(grant.call_id)
        await gateway.release([grant.call_id])
        await asyncio.sleep(0.1)

    with_gateway(work)
    assert heard == []
    assert len(granted(authorise(request(circuit)))) == 1

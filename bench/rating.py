"""Prices a second on one core: one by one, as ladders for live calls, and in columns.

The tariff has 30,000 prefixes with the market's cadences, and calls as a carrier's records have
them: half shorter than a minute. A second tariff prices by the hour and on holidays.
"""

import random
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from statistics import median
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from tronco.rating import Rate, Rounding, Tariff, load_tariff
from tronco.rating.batch import TariffColumns

CADENCES = ((30, 6, 3), (60, 60, 0), (30, 6, 0), (1, 1, 0), (60, 6, 3))
SAO_PAULO = ZoneInfo("America/Sao_Paulo")
TO_THE_CENT = Rounding("down", 2)
BEGIN = datetime(2026, 3, 1, tzinfo=UTC)
BEGIN_US = int(BEGIN.timestamp()) * 10**6
MONTH_US = 30 * 86400 * 10**6


def run(rows: int = 1_000_000, single_rows: int = 20_000, rounds: int = 3) -> list[dict[str, Any]]:
    chance = random.Random(1)  # noqa: S311  the same every time
    flat = load_tariff(make_tariff(chance, windows=make_flat))
    hourly = load_tariff(make_tariff(chance, windows=make_hourly))
    numbers = make_numbers(chance, flat, rows)
    starts = BEGIN_US + np.random.default_rng(1).integers(0, MONTH_US, rows)
    lengths = np.random.default_rng(2).exponential(60_000, rows).astype(np.int64)
    compile_s = _seconds(lambda: TariffColumns(flat), rounds)
    single = single_rows / _seconds(
        lambda: price_singly(flat, numbers[:single_rows], starts, lengths), rounds
    )
    figures = [
        ("tariff: match the longest prefix", _each_us(flat.match, numbers[0]), "µs"),
        ("tariff: compile 30,000 rates for columns", compile_s * 1000, "ms"),
        ("price, one by one, with explanation", single, "/s/core"),
        ("ladder of 60 s, 30/6/3", ladder_us(flat.rates[0]), "µs"),
        ("ladder of 60 s, 1/1/0", ladder_us(flat.rates[3]), "µs"),
        ("ladder from minute 59 to 60, by the hour", ladder_us(hourly.rates[0], 3540), "µs"),
    ]
    result: list[dict[str, Any]] = [
        {"name": name, "value": value, "unit": unit} for name, value, unit in figures
    ]
    for name, tariff in (("one price a prefix", flat), ("by the hour and on holidays", hourly)):
        work = partial(
            TariffColumns(tariff).price,
            digits=np.array(numbers),
            start_us=starts,
            duration_ms=lengths,
        )
        speed = rows / _seconds(work, rounds)
        result.append({"name": f"columns, {name}", "value": speed, "unit": "/s/core"})
    return result


def make_tariff(chance: random.Random, windows: Callable[..., list[Any]]) -> dict[str, Any]:
    prefixes = ["55", *(f"55{ddd}" for ddd in range(11, 100)), *map(str, range(1, 10))]
    seen = set(prefixes)
    while len(seen) < 30_000:
        abroad = chance.random() < 0.3
        seen.add(
            str(chance.randrange(10, 10**7) if abroad else 5511_0000 + chance.randrange(10**6))
        )
    rates = []
    for index, prefix in enumerate(sorted(seen)):
        minimum, step, free = CADENCES[index % len(CADENCES)]
        price = f"0.{chance.randrange(1, 400) * 25:04}"
        rates.append(
            {"prefix": prefix, "free_under_s": free, "windows": windows(price, minimum, step)}
        )
    return {"rounding": {"method": "down", "decimals": 2}, "rates": rates}


def make_flat(price: str, minimum: int, step: int) -> list[Any]:
    return [{"tiers": make_tiers(price, minimum, step)}]


def make_hourly(price: str, minimum: int, step: int) -> list[Any]:
    reduced = make_tiers(price.replace(".", ".0"), minimum, step)
    return [
        {"priority": -1, "tiers": reduced},
        {
            "weekdays": [1, 2, 3, 4, 5, 6],
            "from": "07:00:00",
            "to": "21:00:00",
            "tiers": make_tiers(price, minimum, step),
        },
        {"holidays": True, "priority": 1, "tiers": reduced},
    ]


def make_tiers(price: str, minimum: int, step: int) -> list[Any]:
    first = {"from_s": 0, "price": price, "per_s": 60, "increment_s": minimum}
    return [first, {**first, "from_s": minimum, "increment_s": step}]


def make_numbers(chance: random.Random, tariff: Tariff, rows: int) -> list[str]:
    prefixes = [rate.prefix or "" for rate in tariff.rates]
    return [
        (prefix + f"{chance.randrange(10**9):09}")[:13]
        for prefix in chance.choices(prefixes, k=rows)
    ]


def price_singly(tariff: Tariff, numbers: list[str], starts: Any, lengths: Any) -> None:
    for number, start, length in zip(numbers, starts.tolist(), lengths.tolist(), strict=False):
        begin = BEGIN + timedelta(microseconds=start - BEGIN_US)
        tariff.price(digits=number, start=begin, duration=length // 1000)


def ladder_us(rate: Rate, from_s: int = 0) -> float:
    return _each_us(
        lambda _: rate.ladder(
            start=BEGIN,
            timezone=SAO_PAULO,
            rounding=TO_THE_CENT,
            from_s=from_s,
            upto_s=from_s + 60,
        ),
        "",
    )


def _each_us(work: Callable[[str], object], number: str, times: int = 5000) -> float:
    return _seconds(lambda: [work(number) for _ in range(times)], 3) / times * 1e6


def _seconds(work: Callable[[], object], rounds: int) -> float:
    """Processor time, not the clock's: other processes may share the core."""
    spent = []
    for _ in range(rounds):
        begun = time.process_time()
        work()
        spent.append(time.process_time() - begun)
    return median(spent)

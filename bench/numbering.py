"""Classifications a second on one core: one by one, and in columns.

The strings are those of a carrier's call records, all different: 86 % Brazil, as +55…, 55…,
DDD and number, 0 + carrier + DDD + number, and some local; 10 % abroad, with + or 00 + carrier;
the rest 0800, 4004 and the like, short codes, formatted numbers and mistakes.
"""

import random
import time
from collections.abc import Callable
from statistics import median

import phonenumbers

from tronco.numbering.classify import classify
from tronco.numbering.columns import classify_columns
from tronco.numbering.ddd import UF_BY_DDD

ASKED_PER_SECOND = 200_000
OWN_DDD = 11
CARRIERS = ("12", "14", "15", "21", "31", "41")
SPECIAL = ("08007{:06}", "0300{:07}", "4004{:04}", "3003{:04}", "190", "192", "102", "10315")


def run(rows: int = 500_000, single_rows: int = 50_000) -> list[dict[str, object]]:
    numbers = make_numbers(rows)
    classify("+12125550123")  # the metadata of other countries is loaded once a process
    columns = _rate(lambda: classify_columns(numbers, OWN_DDD), rows)
    single = _rate(
        lambda: [classify(number, own_ddd=OWN_DDD) for number in numbers[:single_rows]],
        single_rows,
    )
    return [
        {"name": "classify one by one, one core", "value": single, "unit": "1/s"},
        {
            "name": f"classify columns of {rows:,} different numbers, one core",
            "value": columns,
            "unit": "1/s",
            "floor": ASKED_PER_SECOND,
            "ratio": columns / ASKED_PER_SECOND,
            "aim": 1.0,
        },
    ]


def make_numbers(rows: int, seed: int = 1) -> list[str]:
    chance = random.Random(seed)  # noqa: S311 - the same numbers in every run
    abroad = _abroad()
    return [_make_number(chance, abroad) for _ in range(rows)]


def _make_number(chance: random.Random, abroad: list[str]) -> str:
    kind = chance.random()
    if kind < 0.86:
        return _make_brazilian(chance)
    if kind < 0.96:
        number = f"{chance.choice(abroad)[:-5]}{chance.randrange(10**5):05}"
        return chance.choice(("+", "00" + chance.choice(CARRIERS))) + number
    if kind < 0.99:
        return chance.choice(SPECIAL).format(chance.randrange(10**4))
    return f"({chance.choice(tuple(UF_BY_DDD))}) 9{chance.randrange(10**4):04}-1234"


def _make_brazilian(chance: random.Random) -> str:
    ddd = OWN_DDD if chance.random() < 0.5 else chance.choice(tuple(UF_BY_DDD))
    if chance.random() < 0.7:
        local = f"9{chance.randrange(10**8):08}"
    else:
        local = f"{chance.randrange(2 * 10**7, 6 * 10**7)}"
    form = chance.choice(("+55", "55", "", "0", "0C", "local"))
    if form == "local":
        return local
    return form.replace("C", chance.choice(CARRIERS)) + str(ddd) + local


def _abroad() -> list[str]:
    examples = (
        phonenumbers.example_number_for_type(region, phonenumbers.PhoneNumberType.MOBILE)
        for region in phonenumbers.SUPPORTED_REGIONS
        if region != "BR"
    )
    return [f"{example.country_code}{example.national_number}" for example in examples if example]


def _rate(work: Callable[[], object], rows: int) -> float:
    """By processor time, since others may share the core; the median of three."""
    seconds = []
    for _ in range(3):
        begun = time.process_time()
        work()
        seconds.append(time.process_time() - begun)
    return rows / median(seconds)


if __name__ == "__main__":
    for row in run():
        print(row)

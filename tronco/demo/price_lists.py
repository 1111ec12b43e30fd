"""What stands in the demonstration's price lists: what carriers take, what each level sells at.

The prices are invented. Every sale lies above what its seller pays, but for one trap: no retail
list knows satellites, and the general prices abroad are below what those cost, so that
calls to them are refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import ROUND_UP, Decimal

from tronco.catalog.models import CallClass, Tariff
from tronco.catalog.rates import RateValues
from tronco.catalog.windows import Cadence, PricesByClock, Row, Times, to_windows
from tronco.numbering.ddd import UF_BY_DDD

Prices = Iterator[RateValues]
Markup = Callable[[Decimal], Decimal]

CLASSES = (
    CallClass.LOCAL_FIXED, CallClass.LDN_FIXED, CallClass.LOCAL_MOBILE, CallClass.LDN_MOBILE,
    CallClass.N0300, CallClass.N0800, CallClass.SERVICES, CallClass.LDI,
)  # fmt: skip
# By prefix: a minute at the first carrier.
COUNTRIES = {
    "1": ("Estados Unidos e Canadá", "0.042"),
    "27": ("África do Sul", "0.310"),
    "31": ("Países Baixos", "0.055"),
    "316": ("Países Baixos, móvel", "0.290"),
    "32": ("Bélgica", "0.060"),
    "324": ("Bélgica, móvel", "0.340"),
    "33": ("França", "0.048"),
    "336": ("França, móvel", "0.270"),
    "337": ("França, móvel", "0.270"),
    "34": ("Espanha", "0.046"),
    "346": ("Espanha, móvel", "0.250"),
    "351": ("Portugal", "0.050"),
    "3519": ("Portugal, móvel", "0.260"),
    "353": ("Irlanda", "0.058"),
    "39": ("Itália", "0.052"),
    "393": ("Itália, móvel", "0.320"),
    "41": ("Suíça", "0.090"),
    "417": ("Suíça, móvel", "0.410"),
    "43": ("Áustria", "0.075"),
    "44": ("Reino Unido", "0.045"),
    "447": ("Reino Unido, móvel", "0.280"),
    "46": ("Suécia", "0.056"),
    "48": ("Polônia", "0.064"),
    "49": ("Alemanha", "0.047"),
    "4915": ("Alemanha, móvel", "0.300"),
    "4916": ("Alemanha, móvel", "0.300"),
    "4917": ("Alemanha, móvel", "0.300"),
    "51": ("Peru", "0.120"),
    "52": ("México", "0.085"),
    "54": ("Argentina", "0.095"),
    "549": ("Argentina, móvel", "0.460"),
    "56": ("Chile", "0.140"),
    "57": ("Colômbia", "0.110"),
    "58": ("Venezuela", "0.180"),
    "591": ("Bolívia", "0.520"),
    "593": ("Equador", "0.480"),
    "595": ("Paraguai", "0.210"),
    "598": ("Uruguai", "0.250"),
    "61": ("Austrália", "0.070"),
    "81": ("Japão", "0.115"),
    "86": ("China", "0.060"),
    "91": ("Índia", "0.080"),
    "238": ("Cabo Verde", "0.640"),
    "244": ("Angola", "0.560"),
    "258": ("Moçambique", "0.590"),
    "972": ("Israel", "0.072"),
}
SATELLITES = {"870": ("Inmarsat", "7.500"), "881": ("Satélites móveis", "6.800")}
# A minute to a DDD in 1/10,000 of a real, by its first digit: the carrier has a network of its own
# in the first five.
FIXED_COSTS = dict(enumerate((190, 210, 220, 215, 225, 270, 275, 285, 290), start=1))
MOBILE_COSTS = dict(enumerate((590, 610, 640, 620, 650, 720, 735, 740, 755), start=1))


@dataclass(frozen=True, slots=True)
class PriceList:
    """A price list of the seller whose key is `at`."""

    key: str
    at: str
    name: str
    file_name: str
    rates: Callable[[], Prices]
    kind: Tariff.Kind = Tariff.Kind.SALE


def costs(factor: str) -> Prices:
    """A carrier's list: every DDD, every country, and a class for whatever is left."""
    at_cost = markup(factor)
    yield from by_class("0.0280 0.0280 0.0750 0.0750 0.1100 0 0.0500 1.9000", cadence=(30, 6, 0))
    yield from by_ddd(at_cost, at_cost, cadence=(30, 6, 0))
    yield from abroad(at_cost, {**COUNTRIES, **SATELLITES}, cadence=(1, 1, 0))


def wholesale() -> Prices:
    """What resellers pay the master."""
    yield from by_class("0.0340 0.0390 0.0890 0.0980 0.1500 0 0.0600 2.4000")
    yield from abroad(markup("1.3"), {**COUNTRIES, **SATELLITES})


def wholesale_below() -> Prices:
    """What a reseller's reseller pays."""
    yield from by_class("0.0450 0.0520 0.1150 0.1300 0.1900 0 0.0800 3.1000")
    yield from abroad(markup("1.7"), {**COUNTRIES, **SATELLITES})


def retail_before() -> Prices:
    """The master's retail prices until the middle of the month."""
    yield from by_class("0.0800 0.1300 0.3200 0.3900 0.3900 0 0.1000 4.9000")
    yield from abroad(markup("4", decimals=2, least="0.25"))


def retail() -> Prices:
    """The master's retail prices now: calls to mobiles became cheaper."""
    yield from by_class("0.0800 0.1200 0.2900 0.3500 0.3900 0 0.1000 4.9000")
    yield from abroad(markup("4", decimals=2, least="0.25"))


def retail_coming() -> Prices:
    """The master's retail prices as already decided."""
    yield from by_class("0.0750 0.1100 0.2700 0.3300 0.3900 0 0.1000 4.9000")
    yield from abroad(markup("3.8", decimals=2, least="0.25"))


def retail_by_clock() -> Prices:
    """The master's prices that fall in the evening, on Sundays and on holidays."""
    yield from by_clock("0.1000 0.1400 0.3300 0.3900 0.4200 0 0.1000 4.9000", reduced="0.65")
    yield from abroad(markup("4.2", decimals=2, least="0.28"))


def retail_by_ddd() -> Prices:
    """A reseller's prices: DDD by DDD, classes only for what has no DDD."""
    yield from by_class("0.0900 0.1300 0.3200 0.3900 0.4500 0 0.1200 5.2000")
    yield from by_ddd(
        markup("4.4", decimals=3, least="0.095"), markup("4.6", decimals=3, least="0.28")
    )
    yield from abroad(markup("4.5", decimals=2, least="0.30"))


def retail_of_the_hills() -> Prices:
    """The retail prices of the reseller's reseller."""
    yield from by_class("0.1000 0.1500 0.3600 0.4400 0.4900 0 0.1300 5.6000")
    yield from abroad(markup("5", decimals=2, least="0.35"))


def retail_of_the_coast() -> Prices:
    """A reseller's prices by the clock. Countries that are not listed cannot be called."""
    yield from by_clock("0.1100 0.1600 0.3400 0.4200 0.4500 0 0.1200", reduced="0.70")
    yield from abroad(markup("4.8", decimals=2, least="0.32"))


COST = Tariff.Kind.COST
PRICE_LISTS = (
    PriceList("carnauba", "", "Custo Carnaúba", "carnauba.csv", lambda: costs("1"), COST),
    PriceList("jatoba", "", "Custo Jatobá", "jatoba.csv", lambda: costs("0.94"), COST),
    PriceList("atacado", "", "Atacado", "atacado.csv", wholesale),
    PriceList("varejo", "", "Varejo", "varejo.csv", retail_before),
    PriceList("noite", "", "Varejo com horário reduzido", "varejo-horario.csv", retail_by_clock),
    PriceList("horizonte", "horizonte", "Varejo Horizonte", "varejo.csv", retail_by_ddd),
    PriceList("h-atacado", "horizonte", "Atacado Horizonte", "atacado.csv", wholesale_below),
    PriceList("serra", "serra", "Varejo Serra Azul", "varejo.csv", retail_of_the_hills),
    PriceList("litoral", "litoral", "Varejo Litoral", "varejo.csv", retail_of_the_coast),
)


# --- how a list is written -----------------------------------------------------------------------


def markup(factor: str, *, decimals: int = 4, least: str = "0") -> Markup:
    """Return what multiplies a cost and rounds it up."""

    def priced(cost: Decimal) -> Decimal:
        price = cost * Decimal(factor)
        return max(price.quantize(Decimal(1).scaleb(-decimals), ROUND_UP), Decimal(least))

    return priced


def by_class(prices: str, *, cadence: tuple[int, int, int] = (30, 6, 3)) -> Prices:
    """Yield the prices of the classes, given in the order of CLASSES; fewer for the first ones."""
    for call_class, price in zip(CLASSES, prices.split(), strict=False):
        yield _rate(Decimal(price), cadence, call_class=call_class.value)


def by_clock(prices: str, *, reduced: str) -> Prices:
    """Yield the prices of the classes; within Brazil lower at night, on Sundays and holidays."""
    for call_class, text in zip(CLASSES, prices.split(), strict=False):
        price = Decimal(text)
        if not price or call_class == CallClass.LDI:
            yield _rate(price, call_class=call_class.value)
            continue
        lower = Cadence((price * Decimal(reduced)).quantize(Decimal("0.0001"), ROUND_UP))
        clock = PricesByClock(
            usual=Cadence(price),
            rows=(
                Row(Times(weekdays=(7,), holidays=True), lower),
                Row(Times(end="07:00:00"), lower),
                Row(Times(begin="21:00:00"), lower),
            ),
        )
        yield RateValues(call_class=call_class.value, windows=to_windows(clock))


def by_ddd(fixed: Markup, mobile: Markup, *, cadence: tuple[int, int, int] = (30, 6, 3)) -> Prices:
    """Yield the prices of fixed and mobile numbers of every DDD."""
    for ddd, uf in UF_BY_DDD.items():
        fixed_cost = Decimal(FIXED_COSTS[ddd // 10]) / 10_000
        mobile_cost = Decimal(MOBILE_COSTS[ddd // 10]) / 10_000
        name = f"{uf}, DDD {ddd}"
        yield _rate(fixed(fixed_cost), cadence, prefix=f"55{ddd}", description=f"{name}, fixo")
        yield _rate(mobile(mobile_cost), cadence, prefix=f"55{ddd}9", description=f"{name}, móvel")


def abroad(
    priced: Markup,
    places: Mapping[str, tuple[str, str]] = COUNTRIES,
    *,
    cadence: tuple[int, int, int] = (30, 6, 3),
) -> Prices:
    """Yield the prices of places abroad."""
    for prefix, (name, cost) in places.items():
        yield _rate(priced(Decimal(cost)), cadence, prefix=prefix, description=name)


def _rate(
    price: Decimal,
    cadence: tuple[int, int, int] = (30, 6, 3),
    *,
    prefix: str = "",
    call_class: str = "",
    description: str = "",
) -> RateValues:
    minimum_s, step_s, free_under_s = cadence
    return RateValues(
        prefix=prefix,
        call_class=call_class,
        description=description,
        price_per_min=price,
        minimum_s=minimum_s,
        step_s=step_s,
        free_under_s=free_under_s,
    )

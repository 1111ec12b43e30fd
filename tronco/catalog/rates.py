"""A price as values: its checks, and its way into the rating engine.

One price comes to the database through `check_rate`, a file of them through `sheet`, which applies
the same rules cell by cell. Whatever prices by a row of the database compiles it by `compile_rate`.
"""

from __future__ import annotations

import re
from decimal import Decimal
from fractions import Fraction
from typing import Any, NamedTuple, Protocol

from tronco.catalog import faults
from tronco.catalog.faults import Fault
from tronco.catalog.models import CallClass
from tronco.core.errors import InvalidInput
from tronco.rating import Rate, TariffError, load_rate, simple_rate
from tronco.rating.exact import decimal_text

DAY_S = 86_400
MAX_PREFIX = 18
MAX_DESCRIPTION = 120
# What a column numeric(20, 10) holds.
PRICE_DECIMALS = 10
MAX_PRICE = Decimal(10) ** 10

_DIGITS = re.compile(r"[0-9]+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
Windows = list[dict[str, Any]]


class RateLike(Protocol):
    """What a rate has, as values or as a row."""

    @property
    def prefix(self) -> str: ...
    @property
    def call_class(self) -> str: ...
    @property
    def price_per_min(self) -> Decimal: ...
    @property
    def connect_fee(self) -> Decimal: ...
    @property
    def minimum_s(self) -> int: ...
    @property
    def step_s(self) -> int: ...
    @property
    def free_under_s(self) -> int: ...
    @property
    def max_cost(self) -> Decimal | None: ...
    @property
    def windows(self) -> Windows | None: ...


class RateValues(NamedTuple):
    """One price of a list; the fields of the model `Rate` without its version."""

    prefix: str = ""
    call_class: str = ""
    description: str = ""
    price_per_min: Decimal = Decimal(0)
    connect_fee: Decimal = Decimal(0)
    minimum_s: int = 30
    step_s: int = 6
    free_under_s: int = 3
    max_cost: Decimal | None = None
    windows: Windows | None = None

    @property
    def target(self) -> str:
        return self.prefix or self.call_class


class InvalidRate(InvalidInput):
    """A price cannot be; `faults` has all that is wrong with it."""

    code = "invalid-rate"

    def __init__(self, found: list[Fault]) -> None:
        super().__init__(
            faults.listed(found),
            field=found[0].field,
            details={"faults": [(f.field, f.code) for f in found]},
        )
        self.faults = tuple(found)


def check_rate(values: RateValues) -> RateValues:
    """Return the values as they are stored, or raise InvalidRate with all that is wrong."""
    values = values._replace(description=values.description.strip())
    found = [
        *_target_faults(values),
        *description_faults(values.description),
        *_price_faults(values),
        *_cadence_faults(values),
    ]
    windows = values.windows
    if windows is not None:
        if values.price_per_min or values.connect_fee:
            found.append(Fault("windows", "price-and-windows"))
        found.extend(find_window_faults(windows))
        if not found:
            plain = RateValues()
            values = values._replace(
                minimum_s=plain.minimum_s, step_s=plain.step_s, windows=storable(windows)
            )
    if found:
        raise InvalidRate(found)
    return values


def compile_rate(row: RateLike) -> Rate:
    """Return the engine's rate of a row or of values; equal prices share their arithmetic."""
    prefix, call_class = row.prefix or None, row.call_class or None
    if row.windows is None:
        return simple_rate(
            prefix=prefix,
            call_class=call_class,
            price_per_min=row.price_per_min,
            connect_fee=row.connect_fee,
            minimum_s=row.minimum_s,
            step_s=row.step_s,
            free_under_s=row.free_under_s,
            max_cost=row.max_cost,
        )
    return load_rate(
        {
            "prefix": prefix,
            "call_class": call_class,
            "free_under_s": row.free_under_s,
            "max_cost": row.max_cost,
            "windows": row.windows,
        }
    )


def find_window_faults(windows: Any) -> list[Fault]:
    """Return what is wrong with windows, whatever was given for them."""
    try:
        rate = load_rate({"prefix": "1", "windows": windows})
    except TariffError as error:
        return faults.of_problems(error.problems)
    return [] if rate.unit == "s" else [Fault("windows", "windows-not-time")]


def _target_faults(values: RateValues) -> list[Fault]:
    if bool(values.prefix) == bool(values.call_class):
        return [Fault("prefix", "prefix-or-class")]
    if values.call_class and values.call_class not in CallClass.values:
        known = ", ".join(CallClass.values)
        return [Fault("call_class", "class-unknown", {"value": values.call_class, "known": known})]
    return prefix_faults(values.prefix) if values.prefix else []


def prefix_faults(prefix: str) -> list[Fault]:
    if not _DIGITS.fullmatch(prefix):
        return [Fault("prefix", "prefix-format", {"value": prefix[:40]})]
    if prefix.startswith("0"):
        return [Fault("prefix", "prefix-zero", {"value": prefix[:40]})]
    if len(prefix) > MAX_PREFIX:
        return [Fault("prefix", "prefix-too-long", {"value": prefix[:40]})]
    return []


def description_faults(text: str) -> list[Fault]:
    if len(text) > MAX_DESCRIPTION:
        return [Fault("description", "description-too-long")]
    return [Fault("description", "description-control")] if _CONTROL.search(text) else []


def _price_faults(values: RateValues) -> list[Fault]:
    return [
        Fault(field, code, {"value": value})
        for field in ("price_per_min", "connect_fee", "max_cost")
        if (value := getattr(values, field)) is not None and (code := price_fault(value))
    ]


def price_fault(value: Decimal) -> str:
    """Return the code of what is wrong with a price, or nothing."""
    if not value.is_finite():
        return "price-format"
    if value < 0:
        return "price-negative"
    if value >= MAX_PRICE:
        return "price-too-large"
    exponent = value.normalize().as_tuple().exponent
    return "price-too-precise" if -int(exponent) > PRICE_DECIMALS else ""


def _cadence_faults(values: RateValues) -> list[Fault]:
    found = [
        Fault(field, "seconds-too-many" if value > 0 else "seconds-format", {"value": value})
        for field in ("minimum_s", "step_s", "free_under_s")
        if not 0 <= (value := getattr(values, field)) <= DAY_S
    ]
    return found if values.step_s else [*found, Fault("step_s", "step-zero")]


def storable(windows: Windows) -> Windows:
    """Return the windows without inexact numbers: a JSON column gives those back as floats."""

    def stored(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: stored(inner) for key, inner in value.items()}
        if isinstance(value, list | tuple):
            return [stored(inner) for inner in value]
        return decimal_text(Fraction(value)) if isinstance(value, Decimal) else value

    result: Windows = stored(windows)
    return result

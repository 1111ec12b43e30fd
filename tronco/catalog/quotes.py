"""What a call would cost, and why: the live engine over a plan's price list, in plain words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Literal, cast
from zoneinfo import ZoneInfo

from django.utils import timezone
from django.utils.translation import gettext as _

from tronco.catalog.models import CallClass, Plan, Rate, TariffVersion
from tronco.catalog.rates import compile_rate
from tronco.catalog.selectors import find_rate, find_version_at, get_plan
from tronco.core.errors import InvalidInput, NotFound
from tronco.core.money import to_decimal
from tronco.numbering.classify import classify
from tronco.numbering.number import CallClass as NumberClass
from tronco.numbering.number import Number
from tronco.rating import Price, Rounding
from tronco.rating import Rate as CompiledRate
from tronco.rating.schedule import DAY_S, EVERY_DAY, WindowTimes
from tronco.tenancy.access import Actor


class NotPriced(NotFound):
    """No rate of the plan's list matches: live, the call is refused."""

    code = "no-rate"


@dataclass(frozen=True)
class Step:
    """A stretch of the call at one price; reais are fractions."""

    from_s: Fraction
    increments: int
    increment_s: Fraction
    price: Fraction
    per_s: Fraction
    amount: Fraction
    when: str


@dataclass(frozen=True)
class Quote:
    """A priced call with all that led to the price. Emergency calls have no version and no rate."""

    plan: Plan
    number: Number
    start: datetime
    duration_s: Fraction
    version: TariffVersion | None
    rate: Rate | None
    price: Price | None
    steps: tuple[Step, ...]

    @property
    def cost_u(self) -> int:
        return self.price.cost_u if self.price else 0

    @property
    def cost(self) -> Decimal:
        return to_decimal(self.cost_u)

    @property
    def call_class(self) -> str:
        if self.number.call_class == NumberClass.EMERGENCY:
            return _("Emergency")
        return str(CallClass(str(self.number.call_class)).label)

    @property
    def is_too_short(self) -> bool:
        """Whether nothing is charged because the call is under the free length."""
        return bool(self.rate and self.duration_s < self.rate.free_under_s)


def quote_call(
    *,
    actor: Actor,
    plan_id: int,
    dialled: str,
    start: datetime,
    duration_s: Decimal,
    own_ddd: int | None = None,
) -> Quote:
    """Price a call that nobody makes. Raises NotPriced, InvalidInput if the number cannot be."""
    actor.require("catalog.view")
    plan = get_plan(actor=actor, plan_id=plan_id)
    number = classify(dialled, own_ddd=own_ddd)
    if not number.valid:
        raise InvalidInput(_(number.hint), field="number", code=str(number.reason))
    duration = Fraction(duration_s)
    if number.call_class == NumberClass.EMERGENCY:
        return Quote(plan, number, start, duration, None, None, None, ())
    version = find_version_at(tariff_id=plan.tariff_id, at=start)
    if version is None:
        raise NotPriced(
            _("%(tariff)s has no prices in effect on that date.") % {"tariff": plan.tariff}
        )
    call_class = str(number.call_class)
    rate = find_rate(version_id=version.pk, digits=number.rating_digits, call_class=call_class)
    if rate is None:
        raise NotPriced(
            _("%(tariff)s has no price for %(number)s: the call would be refused.")
            % {"tariff": plan.tariff, "number": number.display}
        )
    compiled = compile_rate(rate)
    price = compiled.price(
        start=start,
        duration=duration,
        timezone=ZoneInfo(plan.tariff.timezone),
        rounding=rounding_of(plan),
    )
    return Quote(plan, number, start, duration, version, rate, price, _steps(compiled, price))


def rounding_of(plan: Plan) -> Rounding:
    """Return the plan's rounding as the engine wants it."""
    method = cast(Literal["up", "down", "half_up", "none"], plan.rounding)
    return Rounding(method) if method == "none" else Rounding(method, plan.decimals)


def _steps(rate: CompiledRate, price: Price) -> tuple[Step, ...]:
    names = {window.times.describe(): describe_times(window.times) for window in rate.windows}
    return tuple(
        Step(
            from_s=Fraction(step.from_s),
            increments=step.increments,
            increment_s=Fraction(step.increment_s),
            price=step.price,
            per_s=Fraction(step.per_s),
            amount=step.amount,
            when=names[step.window],
        )
        for step in price.steps
    )


def weekday_names() -> list[str]:
    """The days by their short names, Monday first."""
    return [_("Mon"), _("Tue"), _("Wed"), _("Thu"), _("Fri"), _("Sat"), _("Sun")]


def describe_times(times: WindowTimes) -> str:
    """Say when a window applies."""
    names, parts = weekday_names(), []
    if times.weekdays != EVERY_DAY:
        parts.append(", ".join(names[day - 1] for day in sorted(times.weekdays)))
    if times.dates:
        parts.append(", ".join(sorted(times.dates)))
    if times.holidays:
        parts.append(_("national holidays"))
    if (times.from_s, times.to_s) != (0, DAY_S):
        parts.append(f"{_hour(times.from_s)}-{_hour(times.to_s)}")
    return " · ".join(parts) or _("other times")


def _hour(second: int) -> str:
    return f"{second // 3600:02}:{second // 60 % 60:02}"


def default_start() -> datetime:
    """Now, to the minute."""
    return timezone.localtime().replace(second=0, microsecond=0)

"""Why a call cost what it cost, told to one viewer: his levels of the price, step by step.

The facts are the record's own (`charging.pricing` wrote them when the call was settled); here names
are looked up and what is no business of the viewer is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from django.db import models

from tronco.calls.models import CLASS_CHOICES, Cdr
from tronco.calls.prices import viewpoint_of
from tronco.catalog.models import Allowance, Rate, Tariff, TariffVersion
from tronco.catalog.quotes import describe_times
from tronco.catalog.rates import compile_rate
from tronco.routing.models import Trunk
from tronco.tenancy.access import Actor
from tronco.tenancy.models import Tenant

_CLASS_LABELS = dict(CLASS_CHOICES)
_ALWAYS = {"always": ""}


@dataclass(frozen=True, slots=True)
class PriceStep:
    """So many increments at one price. Amounts are reais as exact decimal texts."""

    from_s: str
    increments: int
    increment_s: str
    price: str
    per_s: str
    amount: str
    allowance_s: str
    window: str


@dataclass(frozen=True, slots=True)
class LevelStory:
    """What one buyer paid one seller for the call, and how that came about."""

    buyer: str
    seller: str
    plan: str
    tariff: str
    tariff_id: int | None  # of its page, when the viewer may open that
    matched: str
    billed_s: str
    connect_fee: str
    exact: str
    rounding: str
    decimals: int
    is_capped: bool
    price_u: int
    steps: tuple[PriceStep, ...]
    allowances: tuple[tuple[str, str, int], ...]  # name, unit, used

    @property
    def has_windows(self) -> bool:
        """Whether the clock had a say in the price."""
        return any(step.window for step in self.steps)

    @property
    def has_fee(self) -> bool:
        """Whether a connect fee was charged."""
        return Fraction(self.connect_fee) != 0


@dataclass(frozen=True, slots=True)
class Story:
    """All that one viewer is told of a call's price."""

    levels: tuple[LevelStory, ...]
    carrier: LevelStory | None
    deadline_s: int | None
    cut: bool


def explain(cdr: Cdr, *, actor: Actor) -> Story:
    """Return the story of a call's price as it concerns the actor."""
    viewpoint = viewpoint_of(actor)
    every = cdr.explanation.get("levels", [])
    seen = every[: len(viewpoint.visible_charges(cdr))]
    carrier = cdr.explanation.get("carrier") if viewpoint.sees_cost else None
    parts = [*seen, *([carrier] if carrier else [])]
    names = _Names(parts, next_level=every[len(seen) :][:1], actor=actor)
    deadline_s = cdr.explanation.get("deadline_s")
    levels = [
        names.level(level, seller=names.seller(every, place)) for place, level in enumerate(seen)
    ]
    return Story(
        levels=tuple(levels),
        carrier=names.carrier(carrier) if carrier else None,
        deadline_s=deadline_s,
        cut=deadline_s is not None and cdr.duration_ms > deadline_s * 1000,
    )


class _Names:
    """The names behind the ids of an explanation, read in a few queries."""

    def __init__(
        self, parts: list[dict[str, Any]], *, next_level: list[dict[str, Any]], actor: Actor
    ) -> None:
        tenants = {level["tenant"] for level in [*parts, *next_level] if "tenant" in level}
        self.tenants = _by_id(Tenant, tenants)
        self.master = Tenant.objects.filter(kind=Tenant.Kind.MASTER).first()
        self.versions = _by_id(
            TariffVersion, {part["version"] for part in parts}, related=("tariff",)
        )
        self.opened = _list_opened(self.versions.values(), actor)
        self.allowances = _by_id(
            Allowance,
            {one["allowance"] for part in parts for one in part.get("allowances", ())},
        )
        self.windows = {
            rate.pk: _window_words(rate)
            for rate in Rate.objects.filter(pk__in={part["rate"] for part in parts})
        }
        self.trunks = _by_id(
            Trunk, {part["trunk"] for part in parts if "trunk" in part}, related=("carrier",)
        )

    def seller(self, levels: list[dict[str, Any]], place: int) -> str:
        """Who sold to the buyer at that place of the chain: the next one up, or the master."""
        if place + 1 < len(levels):
            return str(self.tenants.get(levels[place + 1]["tenant"], ""))
        return str(self.master or "")

    def level(self, level: dict[str, Any], *, seller: str) -> LevelStory:
        """One level's story."""
        return self._story(
            level,
            buyer=str(self.tenants.get(level["tenant"], "")),
            seller=seller,
            plan=level["plan_name"],
        )

    def carrier(self, part: dict[str, Any]) -> LevelStory:
        """What the carrier charges the master."""
        trunk = self.trunks.get(part["trunk"])
        return self._story(
            part,
            buyer=str(self.master or ""),
            seller=str(trunk.carrier) if trunk else "",
            plan="",
        )

    def _story(self, part: dict[str, Any], *, buyer: str, seller: str, plan: str) -> LevelStory:
        version = self.versions.get(part["version"])
        words = self.windows.get(part["rate"], _ALWAYS)
        matched = part["prefix"] or str(_CLASS_LABELS.get(part["call_class"], ""))
        return LevelStory(
            buyer=buyer,
            seller=seller,
            plan=plan,
            tariff=str(version) if version else f"#{part['version']}",
            tariff_id=version.tariff_id if version and version.tariff_id in self.opened else None,
            matched=matched,
            billed_s=part["billed_s"],
            connect_fee=part["connect_fee"],
            exact=part["exact"],
            rounding=part.get("rounding", "none"),
            decimals=part.get("decimals", 6),
            is_capped=part["is_capped"],
            price_u=part["price_u"],
            steps=tuple(
                PriceStep(**{**step, "window": words.get(step["window"], step["window"])})
                for step in part["steps"]
            ),
            allowances=tuple(
                (str(self.allowances.get(one["allowance"], "")), one["unit"], one["used"])
                for one in part.get("allowances", ())
            ),
        )


def _window_words(rate: Rate) -> dict[str, str]:
    """How people say the windows of a rate, by how the engine does; a single one needs no word."""
    windows = compile_rate(rate).windows
    if len(windows) == 1:
        return _ALWAYS
    return {window.times.describe(): describe_times(window.times) for window in windows}


def _list_opened(versions: Iterable[TariffVersion], actor: Actor) -> set[int]:
    """Price lists whose pages the actor may open: what he buys by is told, but is its seller's."""
    if not actor.can("catalog.view"):
        return set()
    named = {version.tariff_id for version in versions}
    return set(Tariff.objects.visible_to(actor).filter(pk__in=named).values_list("pk", flat=True))


def _by_id(
    model: type[models.Model], ids: Iterable[int], *, related: tuple[str, ...] = ()
) -> Mapping[int, Any]:
    rows = model._default_manager.filter(pk__in=set(ids))
    return {row.pk: row for row in (rows.select_related(*related) if related else rows)}

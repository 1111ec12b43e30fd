"""Everything that changes calling cards. Their money is changed by `charging.services` alone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, TypedDict, Unpack
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from tronco.callingcards.models import Card, CardSeries
from tronco.callingcards.selectors import get_card, get_series, list_range, with_state
from tronco.catalog.models import Plan
from tronco.charging import services as charging
from tronco.charging.errors import Refused
from tronco.charging.models import Account
from tronco.core.errors import Conflict, InvalidInput, NotFound
from tronco.core.money import MAX_U
from tronco.core.pins import check_pin, hash_pin, is_weak, new_digits, new_pin
from tronco.tenancy.access import Actor
from tronco.tenancy.models import Tenant
from tronco.tenancy.saving import save_checked

MOST_AT_ONCE: Final = 5_000
# Whoever types numbers at random must not find cards: of so many numbers one is a card, at most.
SPARSE: Final = 1000

# From which states an action leads to which.
ACTIVATE: Final = ((Card.Status.INACTIVE,), Card.Status.ACTIVE)
BLOCK: Final = ((Card.Status.INACTIVE, Card.Status.ACTIVE), Card.Status.BLOCKED)
UNBLOCK: Final = ((Card.Status.BLOCKED,), Card.Status.ACTIVE)
ACTIONS: Final = {"activate": ACTIVATE, "block": BLOCK, "unblock": UNBLOCK}
# Why a card is not taken, by its state.
_REFUSALS: Final = {
    Card.State.INACTIVE: "card-blocked",
    Card.State.BLOCKED: "card-blocked",
    Card.State.EXPIRED: "card-expired",
    Card.State.EXHAUSTED: "card-empty",
}


class SeriesFields(TypedDict, total=False):
    """What may be said of a series; absent means default, or unchanged."""

    name: str
    prefix: str
    digits: int
    pin_digits: int
    face_value_u: int
    valid_days: int | None
    expires_on: date | None


@dataclass(frozen=True, slots=True)
class NewCard:
    """A card just made. Its PIN is told now and never again."""

    number: str
    pin: str


@dataclass(frozen=True, slots=True)
class Making:
    """What making cards comes to: how many, of what value, and what share of numbers is taken."""

    count: int
    total_u: int
    taken: int
    numbers: int


@transaction.atomic
def series_create(
    *, actor: Actor, tenant_id: int, plan_id: int, **fields: Unpack[SeriesFields]
) -> CardSeries:
    """Make a series of a seller's; cards are made in it by `cards_generate`."""
    actor.require("callingcards.edit")
    series = CardSeries(tenant=_get_seller(actor, tenant_id), **fields)
    series.plan = _get_plan(series.tenant, plan_id)
    return _save_series(series)


@transaction.atomic
def series_change(
    *, actor: Actor, series_id: int, plan_id: int | None = None, **fields: Unpack[SeriesFields]
) -> CardSeries:
    """Change a series. How cards are numbered, and their value, is that of those still to be made.

    What is said of validity is also true of those that are. They keep their plan.
    """
    actor.require("callingcards.edit")
    series = get_series(actor=actor, series_id=series_id, lock=True)
    if plan_id is not None and plan_id != series.plan_id:
        if series.cards.exists():
            raise InvalidInput(
                _("A series that has cards keeps its plan; change the plan's price list instead."),
                field="plan",
                code="series-in-use",
            )
        series.plan = _get_plan(series.tenant, plan_id)
    for name, value in fields.items():
        setattr(series, name, value)
    return _save_series(series)


@transaction.atomic
def series_block(*, actor: Actor, series_id: int, is_blocked: bool) -> CardSeries:
    """Block all cards of a series at once, or no longer; what each is by itself stays."""
    actor.require("callingcards.edit")
    series = get_series(actor=actor, series_id=series_id, lock=True)
    series.is_blocked = is_blocked
    series.save(update_fields=["is_blocked"])
    return series


@transaction.atomic
def series_delete(*, actor: Actor, series_id: int) -> None:
    """Delete a series without cards."""
    actor.require("callingcards.delete")
    series = get_series(actor=actor, series_id=series_id, lock=True)
    if series.cards.exists():
        raise Conflict(
            _("The series has cards; block it instead."),
            code="series-in-use",
            details={"series": series_id},
        )
    series.delete()


def making_preview(*, series: CardSeries, count: int) -> Making:
    """Tell what making cards would come to; raise InvalidInput where it cannot be done."""
    if not 0 < count <= MOST_AT_ONCE:
        raise InvalidInput(
            _("Make from 1 to %(most)s cards at once.") % {"most": MOST_AT_ONCE},
            field="count",
            code="too-many-cards",
        )
    numbers = 10 ** (series.digits - len(series.prefix))
    taken = Card.objects.filter(number__startswith=series.prefix).count()
    if (taken + count) * SPARSE > numbers:
        raise InvalidInput(
            _(
                "So many cards would be easy to guess: give the numbers more digits, so that at"
                " most one number in %(sparse)s is a card."
            )
            % {"sparse": SPARSE},
            field="count",
            code="too-many-cards",
        )
    return Making(count, count * series.face_value_u, taken, numbers)


@transaction.atomic
def cards_generate(
    *, actor: Actor, series_id: int, count: int, activate: bool = False, batch: UUID | None = None
) -> list[NewCard]:
    """Make cards with numbers and PINs at random, each with the series' value as its balance.

    `batch` is the caller's: the same twice is a Conflict, for the PINs cannot be told again.
    """
    actor.require("callingcards.edit")
    # The series' lock also keeps two forms sent at once apart.
    series = get_series(actor=actor, series_id=series_id, lock=True)
    if batch is not None and Card.objects.filter(batch=batch).exists():
        raise Conflict(
            _("These cards have been made already; their PINs were shown then."),
            code="already-made",
        )
    making_preview(series=series, count=count)
    accounts = charging.accounts_open(
        actor=actor,
        tenant=series.tenant,
        plan=series.plan,
        role=Account.Role.CARD,
        count=count,
        opening_u=series.face_value_u,
    )
    made: list[NewCard] = []
    waiting = {account.pk for account in accounts}
    while waiting:
        # A number that is somebody's, perhaps out of our sight, is left out, and another tried.
        tried = {number: _pin_for(number, series) for number in _new_numbers(series, len(waiting))}
        Card.objects.bulk_create(
            (
                Card(
                    tenant=series.tenant,
                    series=series,
                    account_id=account_id,
                    number=number,
                    pin_hash=hash_pin(pin, key=settings.SECRET_KEY),
                    status=Card.Status.ACTIVE if activate else Card.Status.INACTIVE,
                    batch=batch,
                )
                for (number, pin), account_id in zip(tried.items(), waiting, strict=True)
            ),
            ignore_conflicts=True,
        )
        kept = dict(
            Card.objects.filter(account__in=waiting, number__in=tried).values_list(
                "number", "account_id"
            )
        )
        made += [NewCard(number, tried[number]) for number in kept]
        waiting.difference_update(kept.values())
    return sorted(made, key=lambda new: new.number)


@transaction.atomic
def card_set_status(*, actor: Actor, card_id: int, action: str) -> Card:
    """Activate, block or unblock (see ACTIONS) one card."""
    actor.require("callingcards.edit")
    get_card(actor=actor, card_id=card_id)
    before, after = ACTIONS[action]
    if not Card.objects.filter(pk=card_id, status__in=before).update(status=after):
        raise Conflict(
            _("This cannot be done to it in its present state."),
            code="card-status",
            details={"card": card_id},
        )
    return get_card(actor=actor, card_id=card_id)


@transaction.atomic
def cards_set_status(
    *, actor: Actor, series_id: int, first: str, last: str, action: str, change: bool = True
) -> int:
    """Activate, block or unblock the cards of a series from one number to another.

    Those that are not in a state for it are left as they are. Returns how many are changed, or
    would be if not `change`.
    """
    actor.require("callingcards.edit")
    series = get_series(actor=actor, series_id=series_id)
    if not (first.isdecimal() and last.isdecimal() and len(first) == len(last) and first <= last):
        raise InvalidInput(
            _("Give two card numbers of equal length, the lower one first."),
            field="last",
            code="range-invalid",
        )
    before, after = ACTIONS[action]
    rows = list_range(actor=actor, series_id=series.pk, first=first, last=last)
    rows = rows.filter(status__in=before)
    return rows.update(status=after) if change else rows.count()


@transaction.atomic
def card_enter(*, number: str, pin: str, at: datetime) -> Card:
    """Return the card of that number and PIN, and begin its validity if this is its first use.

    Raises Refused: card-unknown, wrong-pin, card-blocked, card-expired, card-empty; of the last
    three only whoever has the PIN hears. Wrong PINs are counted, and locked out, by the caller.
    """
    known = with_state(Card.objects.select_related("series"), at)
    card = known.filter(number=number).first()
    if card is None:
        raise Refused("card-unknown")
    if not check_pin(pin, card.pin_hash, key=settings.SECRET_KEY):
        raise Refused("wrong-pin")
    if refusal := _REFUSALS.get(Card.State(card.state)):
        raise Refused(refusal)
    if card.first_used_at is None:
        # Of two calls at once, one begins it.
        Card.objects.filter(pk=card.pk, first_used_at=None).update(first_used_at=at)
    entered: Card = card
    return entered


def _get_seller(actor: Actor, tenant_id: int) -> Tenant:
    sellers = Tenant.objects.visible_to(actor).exclude(kind=Tenant.Kind.CUSTOMER)
    seller = sellers.filter(pk=tenant_id).first()
    if seller is None:
        raise NotFound(_("There is no such seller."), details={"tenant": tenant_id})
    return seller


def _get_plan(seller: Tenant, plan_id: int) -> Plan:
    """A card's plan is its seller's own, and prepaid."""
    plans = Plan.objects.filter(tenant=seller, kind=Plan.Kind.PREPAID, is_active=True)
    plan = plans.filter(pk=plan_id).first()
    if plan is None:
        raise InvalidInput(
            _("Choose a prepaid plan of %(seller)s.") % {"seller": seller},
            field="plan",
            code="plan-not-sold",
        )
    return plan


def _save_series(series: CardSeries) -> CardSeries:
    if not 0 <= series.face_value_u <= MAX_U:
        raise InvalidInput(
            _("The balance is an amount of zero or more."), field="face_value_u", code="value"
        )
    if len(series.prefix) > series.digits - 5:
        raise InvalidInput(
            _("Leave five digits or more beside the prefix."), field="prefix", code="prefix-long"
        )
    save_checked(series)
    return series


def _new_numbers(series: CardSeries, count: int) -> set[str]:
    """Return so many numbers that are not weak."""
    digits = series.digits - len(series.prefix)
    found: set[str] = set()
    while len(found) < count:
        own = new_digits(digits)
        if not is_weak(own):
            found.add(series.prefix + own)
    return found


def _pin_for(number: str, series: CardSeries) -> str:
    """Return a PIN that is no part of the card's number."""
    while (pin := new_pin(series.pin_digits)) in number:
        pass
    return pin

"""Reads of calling cards: series, cards with what each has left, and what state each is in."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db.models import (
    BigIntegerField,
    Case,
    CharField,
    Count,
    DateTimeField,
    DurationField,
    ExpressionWrapper,
    F,
    Q,
    QuerySet,
    Value,
    When,
)
from django.db.models.functions import Length
from django.utils import timezone
from django.utils.translation import gettext as _

from tronco.callingcards.models import Card, CardSeries
from tronco.charging.cycles import ZONE
from tronco.core.errors import NotFound
from tronco.tenancy.access import Actor

State = Card.State


def list_series(*, actor: Actor) -> QuerySet[Any]:
    """Return the series with how many cards each has, and how many of them are active."""
    return (
        CardSeries.objects.visible_to(actor)
        .select_related("tenant", "plan")
        .annotate(
            cards_count=Count("cards"),
            active_count=Count("cards", filter=Q(cards__status=Card.Status.ACTIVE)),
        )
    )


def get_series(*, actor: Actor, series_id: int, lock: bool = False) -> CardSeries:
    """Return a series, or raise NotFound; `lock` keeps others from it."""
    rows = CardSeries.objects.visible_to(actor)
    if lock:
        rows = rows.select_for_update(no_key=True)
    found: CardSeries | None = rows.filter(pk=series_id).first()
    if found is None:
        raise NotFound(_("There is no such series."), details={"series": series_id})
    return found


def list_cards(*, actor: Actor, at: datetime | None = None) -> QuerySet[Any]:
    """Return the cards with all that their list shows: `state` and `balance_shown_u`.

    `at` is the moment of which the state is told.
    """
    rows: QuerySet[Any] = Card.objects.visible_to(actor).select_related("series", "tenant")
    return with_state(rows, at or timezone.now())


def get_card(*, actor: Actor, card_id: int) -> Card:
    """Return a card with its state, or raise NotFound."""
    return _only(list_cards(actor=actor).filter(pk=card_id), card_id)


def get_card_by_number(*, actor: Actor, number: str) -> Card:
    """Return the card of that number, with its state, or raise NotFound."""
    return _only(list_cards(actor=actor).filter(number=number), number)


def list_range(*, actor: Actor, series_id: int, first: str, last: str) -> QuerySet[Any]:
    """Return the cards of a series from one number to another of equal length, both included."""
    rows: QuerySet[Any] = Card.objects.visible_to(actor).alias(digits=Length("number"))
    return rows.filter(
        series=series_id, digits=len(first), number__gte=first, number__lte=last
    ).order_by("number")


def count_states(*, actor: Actor, series_id: int) -> list[tuple[str, int]]:
    """Return how many cards of a series are in each state: its words and the number."""
    counts = dict(
        list_cards(actor=actor)
        .filter(series=series_id)
        .order_by()
        .values_list("state")
        .annotate(cards=Count("pk"))
    )
    return [(str(state.label), counts.get(state.value, 0)) for state in State]


def with_state(rows: QuerySet[Any], at: datetime) -> QuerySet[Any]:
    """Add to cards what they have left, and their state at that moment."""
    left_u = F("account__balance_u") - F("account__held_u") + F("account__limit_u")
    valid_for = F("series__valid_days") * Value(timedelta(days=1), output_field=DurationField())
    begun = ExpressionWrapper(Value(at) - valid_for, output_field=DateTimeField())
    today = at.astimezone(ZONE).date()
    found: QuerySet[Any] = rows.annotate(
        balance_shown_u=ExpressionWrapper(left_u, output_field=BigIntegerField()),
    ).annotate(
        state=Case(
            When(
                Q(series__is_blocked=True) | Q(status=Card.Status.BLOCKED),
                then=Value(State.BLOCKED),
            ),
            When(status=Card.Status.INACTIVE, then=Value(State.INACTIVE)),
            When(
                Q(series__expires_on__lt=today) | Q(first_used_at__lte=begun),
                then=Value(State.EXPIRED),
            ),
            When(balance_shown_u__lte=0, then=Value(State.EXHAUSTED)),
            default=Value(State.ACTIVE),
            output_field=CharField(choices=State.choices),
        ),
    )
    return found


def _only(rows: QuerySet[Any], name: object) -> Card:
    card: Card | None = rows.first()
    if card is None:
        raise NotFound(_("There is no such card."), details={"card": name})
    return card

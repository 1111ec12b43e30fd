"""Whoever types a card's number and PIN: may he use it?"""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.contrib.auth.hashers import check_password

from tronco.callingcards.models import Card
from tronco.charging.errors import Refused

_TIMEZONE = ZoneInfo("America/Sao_Paulo")


def card_enter(*, number: str, pin: str, at: datetime) -> Card:
    """Return the card of that number and PIN, and begin its validity if this is its first use.

    Raises Refused: card-unknown, wrong-pin, card-blocked, card-expired, card-empty; of the last
    three only whoever has the PIN hears.
    """
    card = Card.objects.select_related("series", "account").filter(number=number).first()
    if card is None:
        raise Refused("card-unknown")
    if not check_password(pin, card.pin_hash):
        raise Refused("wrong-pin")
    if card.status != Card.Status.ACTIVE or card.series.is_blocked:
        raise Refused("card-blocked")
    if _is_expired(card, at):
        raise Refused("card-expired")
    account = card.account
    if account.limit_u is not None and account.balance_u - account.held_u + account.limit_u <= 0:
        raise Refused("card-empty")
    if card.first_used_at is None:
        # Of two calls at once, one begins it.
        Card.objects.filter(pk=card.pk, first_used_at=None).update(first_used_at=at)
    return card


def _is_expired(card: Card, at: datetime) -> bool:
    series = card.series
    if series.expires_on is not None and at.astimezone(_TIMEZONE).date() > series.expires_on:
        return True
    if series.valid_days is None or card.first_used_at is None:
        return False
    return at >= card.first_used_at + timedelta(days=series.valid_days)

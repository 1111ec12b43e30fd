"""Where users are signed in, and ending that from afar."""

from __future__ import annotations

from django.contrib.sessions.models import Session
from django.db import transaction
from django.utils import timezone

from tronco.identity.models import User, UserSession
from tronco.identity.selectors import get_user
from tronco.tenancy.access import Actor

LONGEST_BROWSER = 200


@transaction.atomic
def session_begin(*, user: User, key: str, address: str, browser: str) -> None:
    """Note where a session was begun."""
    UserSession.objects.update_or_create(
        session_id=key,
        defaults={"user": user, "address": address or None, "browser": browser[:LONGEST_BROWSER]},
    )


@transaction.atomic
def session_end(*, actor: Actor, session_id: int) -> None:
    """End one of one's own sessions."""
    if actor.user_id is None:
        return
    ended = UserSession.objects.filter(pk=session_id, user_id=actor.user_id)
    Session.objects.filter(pk__in=ended.values("session")).delete()


@transaction.atomic
def sessions_end(*, actor: Actor, user_id: int, but: str | None = None) -> int:
    """End all of a user's sessions, but one's own present one (`but`); return how many."""
    if actor.user_id != user_id:
        actor.require("identity.edit")
        get_user(actor=actor, user_id=user_id)
    ended = UserSession.objects.filter(user_id=user_id).exclude(session_id=but or "")
    keys = list(ended.values_list("session", flat=True))
    Session.objects.filter(pk__in=keys).delete()
    return len(keys)


def sessions_forget() -> int:
    """Delete the sessions that are over; return how many."""
    over = Session.objects.filter(expire_date__lt=timezone.now())
    keys = list(over.values_list("pk", flat=True))
    over.delete()
    return len(keys)

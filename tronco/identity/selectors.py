"""Reads of users."""

from __future__ import annotations

from django.db.models import Count, Exists, OuterRef, QuerySet
from django.utils import timezone

from tronco.core.errors import NotFound
from tronco.identity.models import Authenticator, User, UserSession
from tronco.tenancy.access import Actor


def list_users(*, actor: Actor) -> QuerySet[User]:
    """Users within reach: also `customer_count` (given to each) and `has_second_factor`."""
    confirmed = Authenticator.objects.filter(user=OuterRef("pk"), confirmed=True)
    users: QuerySet[User] = User.objects.visible_to(actor).select_related("tenant")
    return users.annotate(has_second_factor=Exists(confirmed), customer_count=Count("customers"))


def get_user(*, actor: Actor, user_id: int) -> User:
    """Return a user within reach, or raise NotFound."""
    try:
        user: User = User.objects.visible_to(actor).get(pk=user_id)
    except User.DoesNotExist as error:
        raise NotFound(f"no user {user_id}") from error
    return user


def list_sessions(*, user_id: int) -> QuerySet[UserSession]:
    """Return where a user is signed in, the latest first."""
    return UserSession.objects.filter(user_id=user_id, session__expire_date__gt=timezone.now())

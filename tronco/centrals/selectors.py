"""Reads of centrals and of whom they keep out."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import Case, Count, Q, QuerySet, Value, When
from django.utils import timezone
from django.utils.translation import gettext as _

from tronco.centrals.models import Ban, Central
from tronco.core.errors import NotFound
from tronco.tenancy.access import Actor

# sipcore tells of a central every few seconds; silence for this long is a fault.
STALE_AFTER = timedelta(seconds=30)


def list_centrals(*, actor: Actor) -> QuerySet[Central]:
    """Return the centrals with `health` (up, silent, down) and how many addresses each bans now."""
    now = timezone.now()
    running = Q(status=Central.Status.UP)
    in_force = Q(bans__lifted_at=None, bans__expires_at__gt=now)
    return (
        Central.objects.visible_to(actor)
        .annotate(
            health=Case(
                When(running & Q(seen_at__gte=now - STALE_AFTER), then=Value("up")),
                When(running, then=Value("silent")),
                default=Value("down"),
            ),
            ban_count=Count("bans", filter=in_force),
        )
        .order_by("name")
    )


def list_usable_centrals() -> QuerySet[Central]:
    """Return the centrals on which circuits may register: everybody's, though the master's own."""
    return Central.objects.filter(is_active=True)


def list_bans(*, actor: Actor) -> QuerySet[Ban]:
    """Return the bans, newest first, with `in_force`."""
    in_force = Q(lifted_at=None, expires_at__gt=timezone.now())
    return (
        Ban.objects.visible_to(actor)
        .select_related("central")
        .annotate(in_force=Case(When(in_force, then=Value(True)), default=Value(False)))
    )


def get_central(*, actor: Actor, central_id: int) -> Central:
    """Return a central, or raise NotFound."""
    central = Central.objects.visible_to(actor).filter(pk=central_id).first()
    if central is None:
        raise NotFound(_("There is no such central."), details={"central": central_id})
    return central

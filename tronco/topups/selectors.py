"""Reads of requests for credit."""

from __future__ import annotations

from django.db.models import Case, IntegerField, Q, QuerySet, When
from django.utils.translation import gettext as _

from tronco.charging.models import Account
from tronco.circuits.selectors import line_of
from tronco.core.errors import NotFound
from tronco.tenancy.access import Actor
from tronco.topups.models import Receipt, TopUp


def list_topups(*, actor: Actor) -> QuerySet[TopUp]:
    """Return the requests of everybody within reach: first those that wait, then the newest."""
    waits = Case(When(status=TopUp.Status.PENDING, then=0), default=1, output_field=IntegerField())
    return (
        TopUp.objects.visible_to(actor)
        .select_related("tenant__parent", "account__plan")
        .annotate(line=line_of("account"))
        .order_by(waits, "-pk")
    )


def get_topup(*, actor: Actor, topup_id: int, lock: bool = False) -> TopUp:
    """Return a request, or raise NotFound; `lock` keeps others from deciding meanwhile."""
    rows = list_topups(actor=actor)
    if lock:
        rows = rows.select_for_update(of=("self",))
    topup = rows.filter(pk=topup_id).first()
    if topup is None:
        raise NotFound(_("There is no such credit request."), details={"topup": topup_id})
    return topup


def find_receipt(*, topup: TopUp) -> Receipt | None:
    """Return the paper that came with a request."""
    return Receipt.objects.filter(topup=topup).first()


def count_waiting(*, actor: Actor) -> int:
    """Count the requests that wait for this actor: of those whom he sells to himself."""
    if not actor.can("charging.credit"):
        return 0
    # Who was given some customers only has their paths in place of his own.
    his = Q(tenant__parent__path__in=actor.scopes) | Q(
        account__role=Account.Role.CIRCUIT, tenant__path__in=actor.scopes
    )
    return TopUp.objects.visible_to(actor).filter(his, status=TopUp.Status.PENDING).count()


def may_decide(*, actor: Actor, topup: TopUp) -> bool:
    """Whether the actor posts credit for whoever asks; nobody does for himself."""
    is_own = topup.account.role == Account.Role.RESELLER and topup.tenant.path in actor.scopes
    return actor.can("charging.credit") and not is_own


def may_cancel(*, actor: Actor, topup: TopUp) -> bool:
    """Whether the actor is of those who ask."""
    is_own = topup.tenant.path in actor.scopes
    return actor.can("topups.edit") and is_own and not may_decide(actor=actor, topup=topup)

"""*Te ligou*: who wants it, customer or line, is told of each call to him that nobody answered."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Concat
from django.utils import timezone
from django.utils.translation import gettext as _

from tronco.calls.models import Cdr, Direction
from tronco.core.errors import InvalidInput
from tronco.mail.models import Email, Notices
from tronco.mail.services import notice_queue
from tronco.numbering.classify import classify
from tronco.pbx.models import LineService

logger = logging.getLogger(__name__)
# Of a call that ended longer ago nobody is told any more: the wish may be newer than it.
FRESH = timedelta(minutes=15)
LONGEST_CALL = timedelta(hours=3)
MOST_AT_ONCE = 200
MISSED = (Cdr.Outcome.NO_ANSWER, Cdr.Outcome.BUSY, Cdr.Outcome.CANCELLED, Cdr.Outcome.FAILED)


def missed_calls_tell(*, at: datetime) -> int:
    """Queue an e-mail for each call that was missed lately; return how many. Once for each call."""
    told = 0
    for call in _list_untold(at)[:MOST_AT_ONCE]:
        try:
            told += _tell(call) is not None
        except InvalidInput as problem:
            logger.warning("call %s: %s", call.call_id, problem)
    return told


def display_caller(caller: str) -> str:
    """A caller's number as people write it."""
    return classify(caller).display or caller or _("unknown caller")


def _list_untold(at: datetime) -> QuerySet[Cdr]:
    reference = Concat(Value("missed_call:"), OuterRef("call_id"))
    lines = LineService.objects.filter(circuit=OuterRef("circuit"))
    notices = Notices.objects.filter(tenant=OuterRef("tenant"))
    wanted = Q(tenant__in=Notices.objects.filter(missed_calls=True).values("tenant"))
    return (
        Cdr.objects.filter(
            # Whoever has no address would stand before the others each time.
            ~Q(tenant__email="")
            | Exists(notices.exclude(address=""))
            | Exists(lines.exclude(voicemail_email="")),
            # A line that says nothing of its own does as its customer.
            wanted & ~Exists(lines.filter(missed_calls=False))
            | Exists(lines.filter(missed_calls=True)),
            direction=Direction.IN,
            outcome__in=MISSED,
            started_at__range=(at - FRESH - LONGEST_CALL, at),
            ended_at__gt=at - FRESH,
        )
        .exclude(Exists(Email.objects.filter(reference=reference)))
        .select_related("circuit")
        .order_by("started_at")
    )


def _tell(call: Cdr) -> Email | None:
    service = LineService.objects.filter(circuit=call.circuit).first() if call.circuit else None
    return notice_queue(
        tenant_id=call.tenant_id,
        kind=Email.Kind.MISSED_CALL,
        # A line's owner who gets its messages gets its missed calls too.
        recipient=service.voicemail_email if service else "",
        facts={
            "caller": display_caller(call.caller),
            "line": display_caller(call.called or call.dialled),
            "at": f"{timezone.localtime(call.started_at):%d/%m/%Y %H:%M}",
        },
        reference=f"missed_call:{call.call_id}",
    )

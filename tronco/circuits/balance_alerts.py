"""The warning that a circuit's balance is low: one e-mail each time it falls below a line drawn."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F, QuerySet
from django.urls import reverse

from tronco.branding.selectors import look_of
from tronco.circuits.models import BalanceAlert, Circuit
from tronco.circuits.selectors import get_circuit
from tronco.core.money import format_brl
from tronco.mail.models import Email
from tronco.mail.services import notice_queue
from tronco.tenancy.access import Actor
from tronco.tenancy.saving import save_checked


def find_alert(*, circuit: Circuit) -> BalanceAlert | None:
    """Return the circuit's warning, if it has one."""
    return BalanceAlert.objects.filter(circuit=circuit).first()


@transaction.atomic
def alert_set(*, actor: Actor, circuit_id: int, threshold_u: int | None) -> BalanceAlert | None:
    """Warn below that much; None: never."""
    actor.require("circuits.operate")
    circuit = get_circuit(actor=actor, circuit_id=circuit_id, lock=True)
    alert = find_alert(circuit=circuit)
    if threshold_u is None:
        if alert is not None:
            alert.delete()
        return None
    if alert is None:
        alert = BalanceAlert(circuit=circuit, tenant=circuit.tenant)
    if alert.threshold_u != threshold_u:
        # Another line: whether the balance is below it is not known yet.
        alert.threshold_u, alert.told_at = threshold_u, None
    save_checked(alert)
    return alert


@transaction.atomic
def alerts_tell(*, now: datetime) -> int:
    """Tell of every balance that fell below its line since the last time; return how many.

    What running calls hold does not count: it comes and goes, and the balance alone says what was
    spent. A balance that was above its line again is told of anew.
    """
    alerts: QuerySet[Any] = BalanceAlert.objects.annotate(
        left_u=F("circuit__account__balance_u") + F("circuit__account__limit_u")
    )
    alerts.filter(told_at__isnull=False, left_u__gte=F("threshold_u")).update(told_at=None)
    fallen = alerts.filter(told_at=None, left_u__lt=F("threshold_u"))
    fallen = fallen.select_related("circuit", "tenant")
    fallen = fallen.select_for_update(of=("self",), skip_locked=True)
    count = 0
    for alert in fallen:
        notice_queue(
            tenant_id=alert.tenant_id,
            kind=Email.Kind.LOW_BALANCE,
            facts={
                "account": alert.circuit.number,
                "balance": format_brl(alert.left_u),
                "threshold": format_brl(alert.threshold_u),
                "link": _link(alert),
            },
            reference=f"low-balance:{alert.pk}:{now.isoformat()}",
        )
        alert.told_at = now
        alert.save(update_fields=["told_at"])
        count += 1
    return count


def _link(alert: BalanceAlert) -> str:
    """Where the customer asks for credit."""
    page = f"{reverse('topups:topup_add')}?account={alert.circuit.account_id}"
    return look_of(alert.tenant.path).site_url + page

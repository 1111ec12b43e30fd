"""What becomes of a number: reserved, handed to a subscriber, given back, ported. Services.

    available ⇄ reserved ─┐
        ▲  └──────────────┴─► in use ─► quarantine ─► available
        └── ported out (from anywhere; comes back by port-in)

Each change is in the number's history; who held it, and when, is written down by the database
itself (`Tenure`).
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from tronco.circuits.models import Circuit
from tronco.core.errors import Conflict, InvalidInput, NotFound
from tronco.dids import modes
from tronco.dids.models import ClosedDestination, Did
from tronco.dids.selectors import get_did
from tronco.tenancy.access import SYSTEM, Actor, acting
from tronco.tenancy.models import Tenant

QUARANTINE_DAYS: Final = 180
MOST_QUARANTINE_DAYS: Final = 3650
State = Did.State


@transaction.atomic
def did_reserve(*, actor: Actor, did_id: int, reserved_for: str = "") -> Did:
    """Keep an available number for somebody."""
    did = _take(actor, did_id, State.AVAILABLE)
    did.state, did.reserved_for = State.RESERVED, reserved_for.strip()
    did.save(update_fields=["state", "reserved_for"])
    return did


@transaction.atomic
def did_free(*, actor: Actor, did_id: int) -> Did:
    """Make a reserved number, or one in quarantine, available."""
    did = _take(actor, did_id, State.RESERVED, State.QUARANTINE)
    did.state, did.reserved_for, did.quarantine_until = State.AVAILABLE, "", None
    did.save(update_fields=["state", "reserved_for", "quarantine_until"])
    return did


@transaction.atomic
def did_assign(
    *, actor: Actor, did_id: int, tenant_id: int | None, circuit_id: int | None = None
) -> Did:
    """Hand a number in stock to a subscriber, perhaps to ring one of his circuits.

    Without `tenant_id` the seller in whose stock it lies uses it himself.
    """
    did = _take(actor, did_id, State.AVAILABLE, State.RESERVED)
    holder = did.tenant if tenant_id is None else _get_holder(actor, did, tenant_id)
    change_hands(did, holder)
    did.state = State.IN_USE
    did.circuit = _find_circuit(actor, holder, circuit_id)
    did.save()
    return did


@transaction.atomic
def did_give_back(*, actor: Actor, did_id: int, days: int = QUARANTINE_DAYS) -> Did:
    """Take a number in use back into its seller's stock, for `days` in quarantine."""
    if not 0 <= days <= MOST_QUARANTINE_DAYS:
        raise InvalidInput(
            _("Between 0 and %(most)s days.") % {"most": MOST_QUARANTINE_DAYS},
            field="days",
            code="invalid-days",
        )
    did = _take(actor, did_id, State.IN_USE)
    _return_to(did, did.seller, days)
    did.save()
    _forget_outside(did)
    return did


@transaction.atomic
def did_port_out(*, actor: Actor, did_id: int) -> Did:
    """Note that another carrier has the number now; it stays in the history, and rings no more."""
    did = _take(actor, did_id, *(state for state in State if state != State.PORTED_OUT))
    _return_to(did, did.seller, 0)
    did.state = State.PORTED_OUT
    did.save()
    _forget_outside(did)
    return did


@transaction.atomic
def did_port_in(*, actor: Actor, did_id: int) -> Did:
    """Take a number back that had been ported out; it is available again."""
    did = _take(actor, did_id, State.PORTED_OUT)
    did.state, did.ported_in = State.AVAILABLE, True
    did.save(update_fields=["state", "ported_in"])
    return did


def change_hands(did: Did, owner: Tenant) -> None:
    """Give an unsaved number to another owner, with what follows from it for its state.

    A subscriber puts it into use; taken from one it goes into quarantine at the seller. Nothing of
    the former holder's use is left.
    """
    if owner.pk == did.tenant_id:
        return
    is_subscriber = owner.kind == Tenant.Kind.CUSTOMER
    if did.state == State.PORTED_OUT or (did.state == State.QUARANTINE and is_subscriber):
        raise refusal(did)
    if did.state == State.IN_USE and not is_subscriber:
        _return_to(did, owner, QUARANTINE_DAYS)
        return
    modes.forget_holder(did)
    did.tenant = owner
    if is_subscriber:
        did.state, did.reserved_for = State.IN_USE, ""


@transaction.atomic
def quarantine_end(*, today: date) -> int:
    """Make the numbers available whose quarantine is over; return how many."""
    with acting(SYSTEM, why=_("End of the quarantine")):
        return Did.objects.filter(state=State.QUARANTINE, quarantine_until__lte=today).update(
            state=State.AVAILABLE, quarantine_until=None
        )


def cancelled_give_back() -> int:
    """Take back the numbers of cancelled circuits and customers whose ranges say so; how many.

    A circuit is cancelled when it is disabled, or was deleted under its present holder.
    """
    given_back = 0
    with acting(SYSTEM, why=_("Automatic cancellation")):
        for did_id in _list_cancelled():
            did_give_back(actor=SYSTEM, did_id=did_id)
            given_back += 1
    return given_back


def refusal(did: Did) -> Conflict:
    """Why the number's state does not permit what was asked, and what to do first."""
    facts = {"number": did.display, "holder": did.tenant, "who": did.reserved_for or "—"}
    if did.quarantine_until:
        facts["until"] = f"{did.quarantine_until:%d/%m/%Y}"
    sentences = {
        State.AVAILABLE: _("%(number)s is available: nobody holds it."),
        State.RESERVED: _("%(number)s is reserved (%(who)s); release it first."),
        State.IN_USE: _("%(number)s is in use by %(holder)s; take it back first."),
        State.QUARANTINE: _("%(number)s is in quarantine; release it first."),
        State.PORTED_OUT: _("%(number)s was ported out; port it in first."),
    }
    return Conflict(
        sentences[State(did.state)] % facts, code="did-state", details={"state": did.state}
    )


def _take(actor: Actor, did_id: int, *allowed: State) -> Did:
    """Return the number, locked, when it is in one of the states."""
    actor.require("dids.edit")
    did = get_did(actor=actor, did_id=did_id, lock=True)
    if did.state not in allowed:
        raise refusal(did)
    return did


def _return_to(did: Did, seller: Tenant, days: int) -> None:
    """Put a number back into a stock."""
    modes.forget_holder(did)
    did.tenant, did.reserved_for = seller, ""
    did.state, did.quarantine_until = State.AVAILABLE, None
    if days:
        did.state = State.QUARANTINE
        did.quarantine_until = timezone.localdate() + timedelta(days=days)


def _forget_outside(did: Did) -> None:
    """What others keep of a number that its holder has no more."""
    ClosedDestination.objects.filter(did=did).delete()
    circuits = Circuit.objects.filter(caller_number=did.e164).exclude(tenant=did.tenant_id)
    circuits.update(caller_number="")


def _get_holder(actor: Actor, did: Did, tenant_id: int) -> Tenant:
    holder = Tenant.objects.visible_to(actor).filter(pk=tenant_id).first()
    if holder is None:
        raise NotFound(_("There is no such customer."), details={"tenant": tenant_id})
    if holder.status == Tenant.Status.REMOVED:
        raise InvalidInput(
            _("%(owner)s was removed.") % {"owner": holder}, field="tenant", code="owner-removed"
        )
    if holder.kind != Tenant.Kind.CUSTOMER or not holder.path.startswith(did.tenant.path):
        raise InvalidInput(
            _("%(number)s lies in the stock of %(seller)s; choose one of their customers.")
            % {"number": did.display, "seller": did.tenant},
            field="tenant",
            code="stock-of-another",
        )
    return holder


def _find_circuit(actor: Actor, holder: Tenant, circuit_id: int | None) -> Circuit | None:
    if circuit_id is None:
        return None
    circuit = Circuit.objects.visible_to(actor).filter(pk=circuit_id, tenant=holder).first()
    if circuit is None:
        raise InvalidInput(
            _("Choose a circuit of %(owner)s, who holds the number.") % {"owner": holder},
            field="circuit",
            code="circuit-of-another",
        )
    return circuit


# A circuit that is no more is known from the number's own history, under its present holder.
_CANCELLED = """
SELECT d.id FROM dids_did d
  JOIN dids_numberrange r ON r.id = d.range_id AND r.cancels_itself
  JOIN tenancy_tenant t ON t.id = d.tenant_id
  LEFT JOIN circuits_circuit c ON c.id = d.circuit_id
 WHERE d.state = 'in_use'
   AND (t.status = 'removed' OR c.status = 'disabled'
        OR (d.circuit_id IS NULL AND d.mode = 'ring' AND EXISTS (
              SELECT FROM dids_didevent e
               WHERE e.pgh_obj_id = d.id AND e.circuit_id IS NOT NULL
                 AND NOT EXISTS (SELECT FROM circuits_circuit x WHERE x.id = e.circuit_id)
                 AND e.pgh_created_at >= (
                   SELECT max(h.since) FROM dids_tenure h
                    WHERE h.e164 = d.e164 AND h.tenant_id = d.tenant_id))))
 ORDER BY d.id
"""


def _list_cancelled() -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(_CANCELLED)
        return [row[0] for row in cursor.fetchall()]

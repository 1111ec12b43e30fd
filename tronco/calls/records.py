"""What the switch tells of a call that has ended: the input of `calls.services.record_ingest`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CallParties:
    """Whose call it was, and between whom. Numbers are E.164 with +, or as they were dialled."""

    tenant_id: int
    direction: str
    caller: str
    dialled: str
    called: str
    call_class: str
    account_id: int | None = None
    circuit_id: int | None = None
    did_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteAttempt:
    """One trunk that was tried; `hangup_cause` is Q.850, `status` the dial's own word."""

    trunk_id: int
    status: str
    hangup_cause: int = 0
    duration_ms: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class CallEnd:
    """A call that ended, answered or not.

    `duration_ms` counts from the answer. `outcome` is one of `Cdr.Outcome`; `reason` is the stable
    id of a refusal. `trunk_id` is the trunk that carried it, or the last one tried. `parties` None
    means that what charging kept at authorisation is to be used. `linked` is the id of the call on
    whose behalf it was placed: by a menu, a portal, a card, a follow-me, a call-back. `answered_by`
    is the number of the circuit whose telephone took it, where it rang at circuits.
    """

    call_id: str
    central: str
    started_at: datetime
    ended_at: datetime
    outcome: str
    answered_at: datetime | None = None
    duration_ms: int = 0
    reason: str = ""
    hangup_cause: int = 0
    trunk_id: int | None = None
    attempts: tuple[RouteAttempt, ...] = ()
    parties: CallParties | None = None
    linked: str = ""
    answered_by: str = ""

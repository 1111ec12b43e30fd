"""What became of a call, told from its line in the spool, or from the lack of one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest

from tests.support.world import make_world
from tronco.dids.models import Did
from tronco.routing.models import Trunk
from tronco.sipcore.reconcile import LOST_REASON, OpenCall, find_lost
from tronco.sipcore.recorder import as_call_end
from tronco.sipcore.spool import Answered, Ended, parse_line

T0 = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)


def ended(
    *,
    answered_ms: str = "",
    status: str = "",
    cause: int = 16,
    route: str = "1",
    verdict: str = "dial",
    channel: str = "PJSIP/1001-00000000",
    attempts: str = "",
    facts: str = "trunks=3.4",
) -> Ended:
    line = parse_line(
        f"E|node1-1795301007.0|20260302T100010.000|{answered_ms}|{status}|{cause}|{route}|{verdict}|"
        f"{channel}|1133334444|1001|{attempts}|{facts}"
    )
    assert isinstance(line, Ended)
    return line


@pytest.mark.parametrize(
    ("line", "outcome", "trunk_id"),
    [
        (ended(answered_ms="4000", status="ANSWER"), "answered", 3),
        (ended(answered_ms="4000", status="ANSWER", route="2"), "answered", 4),
        (ended(status="BUSY", cause=17), "busy", 3),
        (ended(status="NOANSWER", cause=19), "no_answer", 3),
        (ended(status="CANCEL"), "cancelled", 3),
        (ended(), "cancelled", 3),
        (ended(status="CHANUNAVAIL", cause=1), "failed", 3),
        # All routes were tried: the one after the last is none.
        (ended(status="CONGESTION", cause=34, route="3"), "failed", 4),
        (ended(status="CHANUNAVAIL", cause=20, verdict="line", facts=""), "failed", None),
    ],
)
def test_outcomes(line: Ended, outcome: str, trunk_id: int | None) -> None:
    end = as_call_end("node1", line)
    assert (end.outcome, end.trunk_id, end.reason) == (outcome, trunk_id, "")
    assert end.parties is None, "charging knows"
    assert end.started_at == datetime.fromtimestamp(1795301007, UTC)


@pytest.mark.parametrize(
    ("peer", "answered_by"),
    [
        ("PJSIP/1002-0000002a", "1002"),
        ("PJSIP/web~1002~4f0c-0000002a", "1002"),
        # It followed elsewhere: the record of that call says who took it.
        ("Local/1133334444@leg-00000003;1", ""),
        ("PJSIP/direct~line-00000003", ""),
        ("", ""),
    ],
)
def test_whose_telephone_took_it(peer: str, answered_by: str) -> None:
    facts = f"linked=x&peer={quote(peer, safe='')}"
    taken = ended(answered_ms="4000", status="ANSWER", verdict="line", facts=facts)
    assert as_call_end("node1", taken).answered_by == answered_by
    assert taken.facts == {"linked": "x"}
    vain = ended(status="NOANSWER", verdict="line", facts=facts)
    assert as_call_end("node1", vain).answered_by == ""


def test_times_of_an_answered_call() -> None:
    end = as_call_end("node1", ended(answered_ms="4321", status="ANSWER"))
    assert end.duration_ms == 4321
    assert end.answered_at == end.ended_at - timedelta(milliseconds=4321)


def test_every_attempt_is_told() -> None:
    line = ended(answered_ms="1000", status="ANSWER", route="2", attempts="1/CONGESTION/34/503+")
    first, second = as_call_end("node1", line).attempts
    assert (first.trunk_id, first.status, first.hangup_cause) == (3, "CONGESTION 503", 34)
    assert (second.trunk_id, second.status, second.duration_ms) == (4, "ANSWER", 1000)


def test_a_refused_call_brings_its_own_story() -> None:
    facts = (
        "line=1001&direction=out&caller=%2B5511&called=%2B5521&class=ldn_fixed&tenant=5&circuit=7"
    )
    line = ended(verdict="refuse", cause=0, facts=f"{facts}&account=9&reason=no-credit")
    end = as_call_end("node1", line)
    assert (end.outcome, end.reason, end.hangup_cause) == ("refused", "no-credit", 21)
    assert end.parties is not None
    assert (end.parties.tenant_id, end.parties.circuit_id, end.parties.account_id) == (5, 7, 9)
    assert (end.parties.caller, end.parties.called) == ("+5511", "+5521")


@pytest.mark.django_db
def test_a_call_that_call_control_never_saw() -> None:
    world = make_world()
    circuit = world.circuit(number="loja-1")
    line = ended(verdict="", route="", facts="", channel="PJSIP/loja-1-0000000a")
    end = as_call_end("node1", line)
    assert (end.outcome, end.reason) == ("refused", "unreachable")
    assert end.parties is not None
    assert (end.parties.circuit_id, end.parties.called) == (circuit.pk, "+551133334444")


@pytest.mark.django_db
def test_an_emergency_call_that_left_alone() -> None:
    world = make_world()
    circuit = world.circuit(number="1001")
    line = ended(answered_ms="500", status="ANSWER", verdict="", facts="alone=190")
    end = as_call_end("node1", line)
    assert (end.outcome, end.reason) == ("answered", "")
    assert end.parties is not None
    assert end.parties.circuit_id == circuit.pk


@pytest.mark.django_db
def test_a_call_from_a_carrier_that_nobody_answered_for() -> None:
    world = make_world()
    Did.objects.create(tenant=world.customer, raw="1133334444", e164="+551133334444")
    trunk = Trunk.objects.get()
    line = ended(verdict="", route="", facts="", channel=f"PJSIP/trunk~{trunk.pk}-0000000a")
    end = as_call_end("node1", line)
    assert end.trunk_id == trunk.pk
    assert end.parties is not None
    assert (end.parties.direction, end.parties.tenant_id) == ("in", world.customer.pk)


def call(*, began_s: int, seen_s: int, answered_s: int | None = None, deadline_s: int | None = 60):  # type: ignore[no-untyped-def]
    return OpenCall(
        call_id="node1-1795301007.0",
        began_at=T0 + timedelta(seconds=began_s),
        answered_at=None if answered_s is None else T0 + timedelta(seconds=answered_s),
        deadline_s=deadline_s,
        seen_at=T0 + timedelta(seconds=seen_s),
    )


def lost(open_call: OpenCall, *, boot_s: int = -100, died_s: int | None = None, **found: object):  # type: ignore[no-untyped-def]
    return find_lost(
        [open_call],
        live=found.get("live", ()),  # type: ignore[arg-type]
        answers=found.get("answers", {}),  # type: ignore[arg-type]
        listed_at=T0 + timedelta(seconds=100),
        booted_at=T0 + timedelta(seconds=boot_s),
        died_at=None if died_s is None else T0 + timedelta(seconds=died_s),
    )


def test_a_call_with_a_channel_is_not_lost() -> None:
    assert lost(call(began_s=0, seen_s=10), live={"node1-1795301007.0"}) == []


def test_a_call_that_has_just_begun_is_not_lost() -> None:
    assert lost(call(began_s=98, seen_s=98)) == []


def test_a_call_that_was_not_answered_is_released() -> None:
    [end] = lost(call(began_s=0, seen_s=10))
    assert (end.outcome, end.duration_ms, end.reason) == ("failed", 0, LOST_REASON)


def test_a_call_is_charged_to_the_last_moment_it_was_seen() -> None:
    [end] = lost(call(began_s=0, seen_s=30, answered_s=10))
    assert (end.outcome, end.duration_ms) == ("answered", 20_000)


def test_but_never_past_its_deadline() -> None:
    [end] = lost(call(began_s=0, seen_s=90, answered_s=10))
    assert end.duration_ms == 60_000
    [end] = lost(call(began_s=0, seen_s=90, answered_s=10, deadline_s=None))
    assert end.duration_ms == 80_000


def test_the_death_of_its_asterisk_was_watched() -> None:
    """That moment counts, whatever was noted of the call before or after."""
    [end] = lost(call(began_s=0, seen_s=30, answered_s=10), boot_s=50, died_s=40)
    assert end.duration_ms == 30_000


def test_nobody_watched_when_its_asterisk_died() -> None:
    [end] = lost(call(began_s=0, seen_s=90, answered_s=10), boot_s=50)
    assert end.duration_ms == 40_000, "it was dead when the next one began"
    [end] = lost(call(began_s=45, seen_s=46), boot_s=50)
    assert end.outcome == "failed", "however young it was"


def test_the_spool_knows_when_it_was_answered() -> None:
    answer = Answered("node1-1795301007.0", T0 + timedelta(seconds=5), 1, "PJSIP/trunk~3-00000001")
    [end] = lost(call(began_s=0, seen_s=30), answers={answer.call_id: answer})
    assert (end.duration_ms, end.trunk_id) == (25_000, 3)


def test_a_call_answered_after_it_was_seen_last_costs_nothing() -> None:
    [end] = lost(call(began_s=0, seen_s=10, answered_s=20))
    assert (end.outcome, end.duration_ms) == ("answered", 0)

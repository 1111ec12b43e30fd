"""Each check finds what it is for, names the rows and tells the cure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from tests.charging.calls import authorise, granted, post, request, settle
from tests.support.world import make_world
from tronco.charging.invariants import check_all
from tronco.charging.models import Authorization
from tronco.charging.requests import Limit
from tronco.circuits.models import Circuit
from tronco.core.money import MICRO

# What was done to the data, and the numbers of the invariants that it breaks.
DAMAGES = [
    ("UPDATE charging_account SET balance_u = balance_u + 1 WHERE id = {account}", {1}),
    ("UPDATE charging_ledgerentry SET balance_before_u = 7 WHERE account_id = {account}", {1, 2}),
    # The call is charged, but the credit behind it never was.
    ("""UPDATE charging_ledgerentry SET amount_u = 0 WHERE kind = 'opening'
        AND account_id = {account};
        UPDATE charging_ledgerentry SET balance_before_u = balance_before_u - 1000000
        WHERE kind = 'call' AND account_id = {account};
        UPDATE charging_account SET balance_u = balance_u - 1000000 WHERE id = {account}""", {2}),
    ("""DELETE FROM charging_ledgerentry WHERE kind = 'call' AND account_id = {account};
        UPDATE charging_account SET balance_u = balance_u + 50000 WHERE id = {account}""", {3}),
    ("UPDATE charging_hold SET price_u = 1 WHERE state = 'settled'", {3, 4, 6}),
    ("UPDATE charging_account SET held_u = held_u + 1 WHERE id = {account}", {4}),
    ("UPDATE charging_meter SET active = 9", {4}),
    ("UPDATE charging_meterday SET spent_u = spent_u - 1", {4}),
    ("DELETE FROM charging_meterday", {4}),
    ("UPDATE charging_authorization SET state = 'released' WHERE state = 'open'", {4}),
    ("UPDATE charging_authorization SET seen_at = '2026-01-01'", {4}),
    ("UPDATE charging_authorization SET duration_ms = 59000 WHERE state = 'settled'", {6}),
]  # fmt: skip


@pytest.fixture
def circuit(transactional_db: None) -> Circuit:
    """One call settled, one running."""
    circuit = make_world().circuit(balance_u=MICRO)
    limits = (Limit("circuit:2", None, None, MICRO),)
    ended, running = request(circuit, limits=limits), request(circuit)
    assert len(granted(authorise(ended, running))) == 2
    settle(ended.call_id, 30)
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO charging_meter VALUES ('circuit:1', 0, 0, 0)")
    assert check_all() == []
    return circuit


@pytest.mark.parametrize(("damage", "numbers"), DAMAGES)
def test_damage_is_found(circuit: Circuit, damage: str, numbers: set[int]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute(damage.format(account=circuit.account_id))
        cursor.execute("SET session_replication_role = origin")
    violations = check_all()
    assert {one.invariant for one in violations} == numbers
    assert all(one.message and one.cure for one in violations)


def test_debit_during_a_call_is_no_overspend(circuit: Circuit) -> None:
    post(circuit.account, -2 * MICRO)
    running = Authorization.objects.get(state="open")
    settle(running.pk, 60)
    circuit.account.refresh_from_db()
    assert circuit.account.balance_u < 0
    assert check_all() == []


def test_old_call_that_is_seen_is_no_violation(circuit: Circuit) -> None:
    long_ago = datetime.now(UTC) - timedelta(days=1)
    Authorization.objects.filter(state="open").update(started_at=long_ago)
    assert check_all() == []

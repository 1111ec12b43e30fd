"""What the tests of numbers and voice services ask of the books afterwards."""

from __future__ import annotations

from tests.asterisk.conftest import Town
from tests.support.asterisk import wait_until
from tests.support.invariants import assert_invariants, open_calls
from tronco.calls.models import Cdr
from tronco.charging.models import Account
from tronco.dids.models import Did


def record_of(did: Did, **found: object) -> Cdr:
    """The one call of a number, or the one that is so, once it is on record."""
    records = Cdr.objects.filter(did=did, **found)
    wait_until(records.exists, f"a record of {did}'s call {found}")
    return records.get()


def charges_of(record: Cdr) -> list[int]:
    """What each level paid, from the line upwards."""
    return [one["price_u"] for one in sorted(record.charges, key=lambda one: one["level"])]


def balance_u(account: Account) -> int:
    return Account.objects.get(pk=account.pk).balance_u


def assert_settled(town: Town) -> None:
    """Nothing runs, nothing is held, and all rules hold."""
    wait_until(lambda: not open_calls(), "no call is open", timeout_s=20)
    assert_invariants(town.exchange.settings.spool)

"""The ledger: immutable, each key once, in the hands of whoever sells."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from tests.charging.calls import account_of, authorise, post, request
from tests.support.world import World
from tronco.charging.models import Account, LedgerEntry
from tronco.charging.selectors import account_saldo, list_entries
from tronco.charging.services import (
    Posted,
    account_change,
    account_delete,
    account_open,
    ledger_post,
)
from tronco.core.errors import Conflict, InvalidInput, NotAllowed, NotFound, TroncoError
from tronco.core.money import MAX_U, MICRO
from tronco.identity.roles import Role
from tronco.tenancy.access import SYSTEM, bind_scope


def credit(
    account: Account, amount_u: int = MICRO, key: str = "nota 1", **fields: object
) -> Posted:
    return ledger_post(
        **{  # type: ignore[arg-type]
            "actor": SYSTEM,
            "account_id": account.pk,
            "kind": "credit",
            "amount_u": amount_u,
            "key": key,
            **fields,
        }
    )


def test_same_key_is_posted_once(world: World) -> None:
    account = world.circuit(balance_u=0).account
    first, again = credit(account), credit(account)
    assert (first.already, again.already) == (False, True)
    assert again.entry_id == first.entry_id
    assert again.balance_u == MICRO
    with pytest.raises(Conflict) as error:
        credit(account, 2 * MICRO)
    assert error.value.code == "key-reused"
    assert credit(world.circuit(balance_u=0).account).already is False


@pytest.mark.parametrize(
    ("kind", "amount_u", "code"),
    [
        ("credit", 0, "amount-sign"),
        ("credit", -1, "amount-sign"),
        ("debit", 1, "amount-sign"),
        ("fee", 1, "amount-sign"),
        ("correction", 0, "amount-sign"),
        ("credit", MAX_U + 1, "money-too-large"),
        ("call", -1, "kind-unknown"),
        ("cycle", 1, "kind-unknown"),
        ("opening", 1, "kind-unknown"),
        ("nonsense", 1, "kind-unknown"),
    ],
)
def test_bad_posting_is_told(world: World, kind: str, amount_u: int, code: str) -> None:
    account = world.circuit(balance_u=0).account
    with pytest.raises(InvalidInput) as error:
        credit(account, amount_u, kind=kind)
    assert error.value.code == code
    assert not account.entries.exists()


def test_statement_tells_balance_before_amount_and_who(world: World) -> None:
    account = world.circuit(balance_u=0).account
    credit(account, MICRO, note="Recarga")
    credit(account, -3 * MICRO, key="nota 2", kind="debit", note="Estorno")
    entries = list_entries(actor=SYSTEM, account_id=account.pk)
    told = [(e.balance_before_u, e.amount_u, e.balance_after_u, e.actor, e.note) for e in entries]
    assert told == [
        (MICRO, -3 * MICRO, -2 * MICRO, "sistema", "Estorno"),
        (0, MICRO, MICRO, "sistema", "Recarga"),
    ]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE charging_ledgerentry SET note = 'x'",
        "UPDATE charging_ledgerentry SET amount_u = 0 WHERE false",
        "DELETE FROM charging_ledgerentry",
        "TRUNCATE charging_ledgerentry CASCADE",
        "TRUNCATE charging_account CASCADE",
    ],
)
def test_entries_cannot_be_changed_by_their_owner(world: World, statement: str) -> None:
    account = world.circuit(balance_u=MICRO).account
    with connection.cursor() as cursor, pytest.raises(DatabaseError) as error, transaction.atomic():
        cursor.execute(statement)
    assert error.value.__cause__.sqlstate == "TR403"  # type: ignore[union-attr]
    assert account.entries.get().amount_u == MICRO


def test_saldo_is_what_is_left_or_what_was_used(world: World) -> None:
    prepaid = world.circuit(balance_u=MICRO)
    control = world.circuit(plan="control", balance_u=0, limit_u=5 * MICRO)
    unlimited = world.circuit(plan="postpaid", balance_u=0, limit_u=None)
    authorise(request(prepaid), request(control), request(unlimited))
    told = [
        (saldo.is_used, saldo.shown_u, saldo.held_u, saldo.available_u)
        for saldo in (account_saldo(account_of(c)) for c in (prepaid, control, unlimited))
    ]
    assert told == [
        (False, 900_000, 100_000, 900_000),
        (True, 0, 100_000, 4_900_000),
        (True, 0, 100_000, None),
    ]


class TestWhoMayPost:
    @pytest.mark.parametrize(
        ("role", "allowed"),
        [
            (Role.ADMINISTRATOR, True),
            (Role.FINANCE, True),
            (Role.SUPPORT, False),
            (Role.READ_ONLY, False),
        ],
    )
    def test_by_role(self, world: World, role: Role, allowed: bool) -> None:
        account = world.circuit(tenant=world.customer_a, balance_u=0).account
        actor = world.actor(world.reseller_a, role)
        if allowed:
            assert credit(account, actor=actor).balance_u == MICRO
        else:
            with pytest.raises(NotAllowed):
                credit(account, actor=actor)

    @pytest.mark.parametrize(
        ("seller", "error"),
        [("reseller_a", None), ("master", None), ("reseller_b", NotFound)],
    )
    def test_by_place(self, world: World, seller: str, error: type[TroncoError] | None) -> None:
        account = world.circuit(tenant=world.customer_a1, balance_u=0).account
        actor = world.actor(getattr(world, seller))
        if error is None:
            assert credit(account, actor=actor).balance_u == MICRO
        else:
            with pytest.raises(error):
                credit(account, actor=actor)

    def test_nobody_credits_himself(self, world: World) -> None:
        own = world.reseller_account(world.reseller_a)
        below = world.reseller_account(world.reseller_a1)
        reseller = world.actor(world.reseller_a)
        assert credit(below, actor=reseller).balance_u == 1001 * MICRO
        for attempt in (
            lambda: credit(own, actor=reseller),
            lambda: account_change(actor=reseller, account_id=own.pk, cycle_day=2),
            lambda: account_delete(actor=reseller, account_id=own.pk),
        ):
            with pytest.raises(NotAllowed):
                attempt()
        customer = world.actor(world.customer_a, Role.CUSTOMER_ADMINISTRATOR)
        with pytest.raises(NotAllowed):
            credit(world.circuit(tenant=world.customer_a).account, actor=customer)

    def test_row_level_security_holds_inside_the_function(self, world: World) -> None:
        """Even where a service forgot to look: the web's role does not see the account at all."""
        account = world.circuit(tenant=world.customer_a, balance_u=0).account

        def post_as_web(*scopes: str) -> None:
            with connection.cursor() as cursor, transaction.atomic():
                cursor.execute("SET LOCAL ROLE tronco_web")
                bind_scope(scopes)
                cursor.execute(
                    "SELECT charging_post(%s, 'credit', 1, 'x', '', '', '')", [account.pk]
                )
                bind_scope(())

        with pytest.raises(DatabaseError, match="account-unknown"):
            post_as_web(world.reseller_b.path)
        post_as_web(world.reseller_a.path)
        assert account.entries.get().amount_u == 1


class TestAccounts:
    def test_opening_balance_is_an_entry(self, world: World) -> None:
        account = account_open(
            actor=SYSTEM,
            tenant=world.customer,
            plan=world.plan(world.master),
            opening_u=7 * MICRO,
        )
        assert account.balance_u == 7 * MICRO
        assert account.entries.get().kind == LedgerEntry.Kind.OPENING
        assert account.cycle_start is not None

    @pytest.mark.parametrize(
        ("plan", "limit_u", "code"),
        [
            ("prepaid", 1, "limit-prepaid"),
            ("prepaid", None, "limit-prepaid"),
            ("control", None, "limit-missing"),
            ("control", -1, "limit-invalid"),
            ("postpaid", -1, "limit-invalid"),
            ("other", 0, "plan-not-sold"),
        ],
    )
    def test_limit_fits_the_plan(
        self, world: World, plan: str, limit_u: int | None, code: str
    ) -> None:
        sold = world.plan(world.reseller_b if plan == "other" else world.master,
                          "prepaid" if plan == "other" else plan)  # fmt: skip
        with pytest.raises(InvalidInput) as error:
            account_open(actor=SYSTEM, tenant=world.customer, plan=sold, limit_u=limit_u)
        assert error.value.code == code

    def test_change_touches_no_money(self, world: World) -> None:
        circuit = world.circuit(balance_u=MICRO)
        stale = account_of(circuit)
        post(circuit.account, MICRO)
        changed = account_change(
            actor=SYSTEM,
            account_id=stale.pk,
            plan=world.plan(world.master, "postpaid"),
            limit_u=None,
        )
        assert (changed.plan.kind, changed.balance_u) == ("postpaid", 2 * MICRO)

    def test_account_with_a_past_is_not_deleted(self, world: World) -> None:
        used, unused = world.circuit(balance_u=1).account, world.circuit(balance_u=0)
        with pytest.raises(Conflict):
            account_delete(actor=SYSTEM, account_id=used.pk)
        unused.delete()
        account_delete(actor=SYSTEM, account_id=unused.account_id)
        assert not Account.objects.filter(pk=unused.account_id).exists()

    def test_one_account_a_reseller(self, world: World) -> None:
        def again() -> Account:
            return account_open(
                actor=SYSTEM,
                tenant=world.reseller_a,
                plan=world.plan(world.master, "wholesale"),
                role=Account.Role.RESELLER,
            )

        refuse: Callable[[], Account] = again
        with pytest.raises((Conflict, InvalidInput, IntegrityError)):
            refuse()

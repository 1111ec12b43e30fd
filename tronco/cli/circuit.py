"""`tronco circuit`: what the screens do for circuits and their balance, from the command line.

Money is written as on the screens: `10,00`, `-2,50`. Every change is recorded under the name of
the system's user who made it.
"""

from __future__ import annotations

import argparse
import getpass
import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tronco.cli.instance import open_instance
from tronco.core.errors import InvalidInput
from tronco.core.money import format_brl, parse
from tronco.runtime.translations import gettext as _

if TYPE_CHECKING:
    from tronco.circuits.models import Circuit
    from tronco.tenancy.access import Actor


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the actions."""
    actions = parser.add_subparsers(dest="action", metavar=_("ACTION"), required=True)
    add = actions.add_parser("add", help=_("make a circuit; prints its password once"))
    add.add_argument("number", help=_("what the phone registers with"))
    add.add_argument("--customer", required=True, help=_("name or id of the customer"))
    add.add_argument(
        "--plan", required=True, help=_("name or id of a plan of the customer's seller")
    )
    add.add_argument("--central", help=_("name of the central; needed when there are several"))
    add.add_argument("--description", default="")
    add.add_argument("--limit", help=_("control: what may be used a month; postpaid: credit limit"))
    add.add_argument("--cycle-day", type=int, default=1, metavar=_("DAY"), help=_("1 to 25"))
    add.add_argument("--credit", default="0", metavar=_("AMOUNT"), help=_("opening credit"))
    add.add_argument("--ddd", type=int, default=11, help=_("the line's own DDD"))
    shown = actions.add_parser("list", help=_("list circuits"))
    shown.add_argument("text", nargs="?", default="", help=_("part of a number or customer's name"))
    for name, help_text in (
        ("show", _("tell all about a circuit")),
        ("suspend", _("stop its calls, but not those of emergency")),
        ("resume", _("let it call again")),
        ("password", _("replace its password; prints the new one once")),
    ):
        actions.add_parser(name, help=help_text).add_argument("number")
    for name, help_text in (
        ("credit", _("add to its balance")),
        ("debit", _("take from its balance, below zero if need be")),
    ):
        posting = actions.add_parser(name, help=help_text)
        posting.add_argument("number")
        posting.add_argument("amount", help=_("reais, such as 10,00"))
        posting.add_argument("--note", default="", help=_("kept with the posting"))
        posting.add_argument(
            "--key", default="", help=_("an id of your own: the same key again posts nothing")
        )


def run(args: argparse.Namespace) -> int:
    """Do the action; 1 with a sentence when it cannot be."""
    open_instance()
    from tronco.tenancy.access import SYSTEM, Actor

    actor = Actor(
        name=f"{getpass.getuser()} (tronco)", scopes=SYSTEM.scopes, may=SYSTEM.may, user_id=None
    )
    ACTIONS[args.action](actor, args)
    return 0


def add(actor: Actor, args: argparse.Namespace) -> None:
    """Make a circuit."""
    from tronco.circuits import services

    customer = _find_tenant(args.customer)
    made = services.circuit_create(
        actor=actor,
        tenant_id=customer.pk,
        plan_id=_find_plan(customer, args.plan).pk,
        central_id=_find_central(args.central).pk,
        number=args.number,
        description=args.description,
        limit_u=None if args.limit is None else _amount(args.limit),
        cycle_day=args.cycle_day,
        opening_u=_amount(args.credit),
        own_ddd=args.ddd,
    )
    central = made.circuit.central
    print(
        _("circuit %(circuit)s of %(customer)s") % {"circuit": made.circuit, "customer": customer}
    )
    _tell_password(made.password, server=f"{central.host}:{central.sip_port}", user=args.number)


def show(actor: Actor, args: argparse.Namespace) -> None:
    """Tell all about a circuit."""
    circuit = _circuit(actor, args)
    account = circuit.account
    limit = _("none") if account.limit_u is None else format_brl(account.limit_u)
    used = _("%(amount)s in the cycle that began %(day)s") % {
        "amount": format_brl(account.used_u),
        "day": account.cycle_start,
    }
    for label, value in (
        (_("circuit"), circuit.number),
        (_("customer"), circuit.tenant),
        (_("plan"), f"{account.plan} ({account.plan.get_kind_display()})"),
        (_("central"), circuit.central),
        (_("status"), circuit.get_status_display()),
        (_("registered"), _registered(circuit)),
        (_("balance"), format_brl(account.balance_u)),
        (_("held"), format_brl(account.held_u)),
        (_("limit"), limit),
        (_("used"), used),
        (_("calls"), _("%(most)s at the same time") % {"most": circuit.max_calls or _("no limit")}),
    ):
        print(f"{label:<11}{value}")


def list_(actor: Actor, args: argparse.Namespace) -> None:
    """List circuits as the screen does."""
    from django.db.models import Q

    from tronco.charging.selectors import account_saldo
    from tronco.circuits.selectors import list_circuits

    rows = list_circuits(actor=actor)
    if args.text:
        rows = rows.filter(Q(number__contains=args.text) | Q(tenant__name__icontains=args.text))
    for circuit in rows:
        word = _("available") if circuit.is_prepaid else _("used")
        balance = f"{format_brl(account_saldo(circuit.account).shown_u)} {word}"
        print(
            f"{circuit.number:<16}{str(circuit.tenant)[:28]:<30}"
            f"{str(circuit.account.plan)[:20]:<22}{balance:>24}  {_registered(circuit)}"
        )


def credit(actor: Actor, args: argparse.Namespace) -> None:
    """Add to a balance."""
    _post(actor, args, "credit", _positive(args.amount))


def debit(actor: Actor, args: argparse.Namespace) -> None:
    """Take from a balance."""
    _post(actor, args, "debit", -_positive(args.amount))


def suspend(actor: Actor, args: argparse.Namespace) -> None:
    """Stop a circuit's calls."""
    from tronco.circuits import services

    services.circuit_suspend(actor=actor, circuit_id=_circuit(actor, args).pk)
    print(_("%(number)s is suspended; emergency calls still pass") % {"number": args.number})


def resume(actor: Actor, args: argparse.Namespace) -> None:
    """Let a circuit call again."""
    from tronco.circuits import services

    services.circuit_resume(actor=actor, circuit_id=_circuit(actor, args).pk)
    print(_("%(number)s is active") % {"number": args.number})


def password(actor: Actor, args: argparse.Namespace) -> None:
    """Replace a circuit's password."""
    from tronco.circuits import services

    made = services.circuit_new_password(actor=actor, circuit_id=_circuit(actor, args).pk)
    _tell_password(made.password)


ACTIONS: dict[str, Callable[[Actor, argparse.Namespace], None]] = {
    "add": add,
    "list": list_,
    "show": show,
    "credit": credit,
    "debit": debit,
    "suspend": suspend,
    "resume": resume,
    "password": password,
}


def _post(actor: Actor, args: argparse.Namespace, kind: str, amount_u: int) -> None:
    from tronco.charging import services as charging

    circuit = _circuit(actor, args)
    charging.ledger_post(
        actor=actor,
        account_id=circuit.account_id,
        kind=kind,
        amount_u=amount_u,
        note=args.note,
        key=f"tronco:{args.key or uuid.uuid4()}",
    )
    circuit.account.refresh_from_db()
    balance = format_brl(circuit.account.balance_u)
    print(_("%(number)s: balance %(balance)s") % {"number": circuit, "balance": balance})


def _tell_password(password: str, **more: str) -> None:
    words = {"server": _("server"), "user": _("user")}
    for name, value in more.items():
        print(f"{words[name]:<9}{value}")
    print(f"{_('password'):<9}{password}   {_('(shown only now)')}")


def _circuit(actor: Actor, args: argparse.Namespace) -> Circuit:
    from tronco.circuits.selectors import get_circuit_by_number

    return get_circuit_by_number(actor=actor, number=args.number)


def _registered(circuit: Circuit) -> str:
    if not circuit.is_online:
        return "offline"
    latency = "" if circuit.latency_ms is None else f" {circuit.latency_ms} ms"
    return _("online%(latency)s from %(address)s") % {
        "latency": latency,
        "address": circuit.registration.address,
    }


def _amount(text: str) -> int:
    return parse(text)


def _positive(text: str) -> int:
    amount_u = parse(text)
    if amount_u <= 0:
        raise InvalidInput(
            _("'%(amount)s' must be above zero; to take money away use debit") % {"amount": text}
        )
    return amount_u


def _find_tenant(text: str) -> Any:
    from tronco.tenancy.models import Tenant

    return _find(Tenant.objects.filter(kind=Tenant.Kind.CUSTOMER), text, _("customer"))


def _find_plan(customer: Any, text: str) -> Any:
    from tronco.catalog.models import Plan

    return _find(Plan.objects.filter(tenant=customer.parent_id, is_active=True), text, _("plan"))


def _find_central(text: str | None) -> Any:
    from tronco.centrals.selectors import list_usable_centrals

    rows = list_usable_centrals()
    if text is not None:
        return _find(rows, text, _("central"))
    found = list(rows[:2])
    if len(found) != 1:
        raise InvalidInput(_("name the central with --central"))
    return found[0]


def _find(rows: Any, text: str, noun: str) -> Any:
    """Return the one row of that name or id."""
    found = list(rows.filter(name__iexact=text)[:2])
    if not found and text.isdigit():
        found = list(rows.filter(pk=int(text)))
    if len(found) != 1:
        known = ", ".join(str(row) for row in rows[:10]) or _("none")
        problem = _("several have this name; give the id")
        if not found:
            problem = _("known are: %(names)s") % {"names": known}
        raise InvalidInput(
            _("there is no one %(kind)s '%(name)s'; %(problem)s")
            % {"kind": noun, "name": text, "problem": problem}
        )
    return found[0]

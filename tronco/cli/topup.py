"""`tronco topup`: requests for credit, from the command line: what waits, and the decision.

Every decision is recorded under the name of the system's user who made it.
"""

from __future__ import annotations

import argparse
import getpass
from collections.abc import Callable
from typing import TYPE_CHECKING

from tronco.cli.instance import open_instance
from tronco.core.money import format_brl, parse
from tronco.runtime.translations import gettext as _

if TYPE_CHECKING:
    from tronco.tenancy.access import Actor


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the actions."""
    actions = parser.add_subparsers(dest="action", metavar=_("ACTION"), required=True)
    shown = actions.add_parser("list", help=_("list the requests that wait"))
    shown.add_argument("--all", action="store_true", help=_("and those that were decided"))
    approve_one = actions.add_parser("approve", help=_("credit what was asked for"))
    approve_one.add_argument("number", type=int, help=_("number of the request"))
    approve_one.add_argument("--amount", help=_("less than that; needs --reason"))
    approve_one.add_argument("--reason", default="", help=_("told to whoever asked"))
    refuse_one = actions.add_parser("refuse", help=_("say no"))
    refuse_one.add_argument("number", type=int, help=_("number of the request"))
    refuse_one.add_argument("--reason", required=True, help=_("told to whoever asked"))


def run(args: argparse.Namespace) -> int:
    """Do the action; 1 with a sentence when it cannot be."""
    open_instance()
    from tronco.tenancy.access import SYSTEM, Actor

    actor = Actor(
        name=f"{getpass.getuser()} (tronco)", scopes=SYSTEM.scopes, may=SYSTEM.may, user_id=None
    )
    ACTIONS[args.action](actor, args)
    return 0


def list_(actor: Actor, args: argparse.Namespace) -> None:
    """List requests as the screen does."""
    from tronco.topups.models import TopUp
    from tronco.topups.selectors import list_topups

    rows = list_topups(actor=actor)
    if not args.all:
        rows = rows.filter(status=TopUp.Status.PENDING)
    for topup in rows:
        print(
            f"{topup.number:<8}{topup.created_at:%Y-%m-%d}  {str(topup.tenant)[:28]:<30}"
            f"{topup.account_name[:20]:<22}{format_brl(topup.amount_u):>16}"
            f"  {topup.get_status_display()}"
        )


def approve(actor: Actor, args: argparse.Namespace) -> None:
    """Credit what was asked for, or less."""
    from tronco.topups.services import topup_approve

    amount_u = None if args.amount is None else parse(args.amount)
    topup = topup_approve(actor=actor, topup_id=args.number, amount_u=amount_u, reason=args.reason)
    topup.account.refresh_from_db()
    print(
        _("%(account)s: balance %(balance)s")
        % {"account": topup.account_name, "balance": format_brl(topup.account.balance_u)}
    )


def refuse(actor: Actor, args: argparse.Namespace) -> None:
    """Say no."""
    from tronco.topups.services import topup_refuse

    topup = topup_refuse(actor=actor, topup_id=args.number, reason=args.reason)
    print(_("%(number)s is refused") % {"number": topup.number})


ACTIONS: dict[str, Callable[[Actor, argparse.Namespace], None]] = {
    "list": list_,
    "approve": approve,
    "refuse": refuse,
}

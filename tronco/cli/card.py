"""`tronco card`: what the screens do for calling cards, from the command line.

Series are named as on the screens. Money is written as there: `10,00`.
"""

from __future__ import annotations

import argparse
import csv
import getpass
import sys
import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING

from tronco.cli.instance import open_instance
from tronco.core.errors import InvalidInput
from tronco.core.money import format_brl, parse
from tronco.runtime.translations import gettext as _

if TYPE_CHECKING:
    from tronco.callingcards.models import CardSeries
    from tronco.tenancy.access import Actor


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the actions."""
    actions = parser.add_subparsers(dest="action", metavar=_("ACTION"), required=True)
    generate = actions.add_parser(
        "generate", help=_("make cards; writes their numbers and PINs, once, as CSV")
    )
    generate.add_argument("series", help=_("name or id of the series"))
    generate.add_argument("count", type=int)
    generate.add_argument("--activate", action="store_true", help=_("they may be used at once"))
    show_one = actions.add_parser("show", help=_("tell all about a card"))
    show_one.add_argument("number")
    posting = actions.add_parser("credit", help=_("add to a card's balance"))
    posting.add_argument("number")
    posting.add_argument("amount", help=_("reais, such as 10,00"))
    posting.add_argument("--note", default="", help=_("kept with the posting"))
    posting.add_argument(
        "--key", default="", help=_("an id of your own: the same key again posts nothing")
    )
    for name, help_text in (
        ("activate", _("let a card, or a range of a series, be used")),
        ("block", _("block a card, or a range of a series")),
        ("unblock", _("undo that")),
    ):
        change = actions.add_parser(name, help=help_text)
        change.add_argument("number")
        change.add_argument("last", nargs="?", default="", help=_("all from `number` to this one"))


def run(args: argparse.Namespace) -> int:
    """Do the action; 1 with a sentence when it cannot be."""
    open_instance()
    from tronco.tenancy.access import SYSTEM, Actor

    actor = Actor(
        name=f"{getpass.getuser()} (tronco)", scopes=SYSTEM.scopes, may=SYSTEM.may, user_id=None
    )
    ACTIONS[args.action](actor, args)
    return 0


def generate(actor: Actor, args: argparse.Namespace) -> None:
    """Make cards."""
    from tronco.callingcards.services import cards_generate

    series = _series(args.series)
    made = cards_generate(
        actor=actor, series_id=series.pk, count=args.count, activate=args.activate
    )
    writer = csv.writer(sys.stdout, delimiter=";", lineterminator="\n")
    writer.writerow(["card", "pin"])
    writer.writerows((new.number, new.pin) for new in made)


def show(actor: Actor, args: argparse.Namespace) -> None:
    """Tell all about a card."""
    from tronco.callingcards.selectors import get_card_by_number

    card = get_card_by_number(actor=actor, number=args.number)
    for label, value in (
        (_("card"), card.number),
        (_("series"), card.series),
        (_("seller"), card.tenant),
        (_("plan"), card.account.plan),
        (_("state"), card.state),  # type: ignore[attr-defined]
        (_("balance"), format_brl(card.account.balance_u)),
        (_("held"), format_brl(card.account.held_u)),
        (_("first used"), card.first_used_at or _("never")),
        (_("valid until"), card.valid_until or _("no end known")),
    ):
        print(f"{label:<12}{value}")


def credit(actor: Actor, args: argparse.Namespace) -> None:
    """Add to a balance."""
    from tronco.callingcards.selectors import get_card_by_number
    from tronco.charging.services import ledger_post

    amount_u = parse(args.amount)
    if amount_u <= 0:
        raise InvalidInput(_("'%(amount)s' must be above zero") % {"amount": args.amount})
    card = get_card_by_number(actor=actor, number=args.number)
    posted = ledger_post(
        actor=actor,
        account_id=card.account_id,
        kind="credit",
        amount_u=amount_u,
        note=args.note,
        key=f"tronco:{args.key or uuid.uuid4()}",
    )
    balance = format_brl(posted.balance_u)
    print(_("%(number)s: balance %(balance)s") % {"number": card, "balance": balance})


def change(actor: Actor, args: argparse.Namespace) -> None:
    """Activate, block or unblock one card or a range."""
    from tronco.callingcards import services
    from tronco.callingcards.selectors import get_card_by_number

    card = get_card_by_number(actor=actor, number=args.number)
    if not args.last:
        changed = services.card_set_status(actor=actor, card_id=card.pk, action=args.action)
        status = changed.get_status_display()
        print(_("%(card)s is now: %(status)s") % {"card": changed, "status": status})
        return
    count = services.cards_set_status(
        actor=actor,
        series_id=card.series_id,
        first=args.number,
        last=args.last,
        action=args.action,
    )
    print(_("cards changed: %(count)s") % {"count": count})


ACTIONS: dict[str, Callable[[Actor, argparse.Namespace], None]] = {
    "generate": generate,
    "show": show,
    "credit": credit,
    "activate": change,
    "block": change,
    "unblock": change,
}


def _series(text: str) -> CardSeries:
    """Return the one series of that name or id."""
    from tronco.callingcards.models import CardSeries

    found = list(CardSeries.objects.filter(name__iexact=text)[:2])
    if not found and text.isdecimal():
        found = list(CardSeries.objects.filter(pk=int(text)))
    if len(found) != 1:
        problem = _("see Series on the screens")
        if found:
            problem = _("several have this name; give the id")
        raise InvalidInput(
            _("there is no one %(kind)s '%(name)s'; %(problem)s")
            % {"kind": _("series"), "name": text, "problem": problem}
        )
    return found[0]

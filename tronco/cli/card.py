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

if TYPE_CHECKING:
    from tronco.callingcards.models import CardSeries
    from tronco.tenancy.access import Actor


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the actions."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    generate = actions.add_parser(
        "generate", help="make cards; writes their numbers and PINs, once, as CSV"
    )
    generate.add_argument("series", help="name or id of the series")
    generate.add_argument("count", type=int)
    generate.add_argument("--activate", action="store_true", help="they may be used at once")
    show_one = actions.add_parser("show", help="tell all about a card")
    show_one.add_argument("number")
    posting = actions.add_parser("credit", help="add to a card's balance")
    posting.add_argument("number")
    posting.add_argument("amount", help="reais, such as 10,00")
    posting.add_argument("--note", default="", help="kept with the posting")
    posting.add_argument(
        "--key", default="", help="an id of your own: the same key again posts nothing"
    )
    for name, help_text in (
        ("activate", "let a card, or a range of a series, be used"),
        ("block", "block a card, or a range of a series"),
        ("unblock", "undo that"),
    ):
        change = actions.add_parser(name, help=help_text)
        change.add_argument("number")
        change.add_argument("last", nargs="?", default="", help="all from `number` to this one")


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
        ("card", card.number),
        ("series", card.series),
        ("seller", card.tenant),
        ("plan", card.account.plan),
        ("state", card.state),  # type: ignore[attr-defined]
        ("balance", format_brl(card.account.balance_u)),
        ("held", format_brl(card.account.held_u)),
        ("first used", card.first_used_at or "never"),
        ("valid until", card.valid_until or "no end known"),
    ):
        print(f"{label:<12}{value}")


def credit(actor: Actor, args: argparse.Namespace) -> None:
    """Add to a balance."""
    from tronco.callingcards.selectors import get_card_by_number
    from tronco.charging.services import ledger_post

    amount_u = parse(args.amount)
    if amount_u <= 0:
        raise InvalidInput(f"'{args.amount}' must be above zero")
    card = get_card_by_number(actor=actor, number=args.number)
    posted = ledger_post(
        actor=actor,
        account_id=card.account_id,
        kind="credit",
        amount_u=amount_u,
        note=args.note,
        key=f"tronco:{args.key or uuid.uuid4()}",
    )
    print(f"{card}: balance {format_brl(posted.balance_u)}")


def change(actor: Actor, args: argparse.Namespace) -> None:
    """Activate, block or unblock one card or a range."""
    from tronco.callingcards import services
    from tronco.callingcards.selectors import get_card_by_number

    card = get_card_by_number(actor=actor, number=args.number)
    if not args.last:
        changed = services.card_set_status(actor=actor, card_id=card.pk, action=args.action)
        print(f"{changed} is {changed.status}")
        return
    count = services.cards_set_status(
        actor=actor,
        series_id=card.series_id,
        first=args.number,
        last=args.last,
        action=args.action,
    )
    print(f"{count} cards changed")


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
        problem = "several have this name; give the id" if found else "see Séries on the screens"
        raise InvalidInput(f"there is no one series '{text}'; {problem}")
    return found[0]

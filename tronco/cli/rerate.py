"""`tronco rerate`: price the calls of a period again and compare; only `--post` posts anything.

Without `--tariff` every call is priced on the terms it had, which proves the records. With it, what
the circuits' customers would have paid by another price list is told. Exit status 1 when what was
charged does not come out again.
"""

from __future__ import annotations

import argparse
import getpass
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from tronco.cli.instance import open_instance
from tronco.core.errors import InvalidInput
from tronco.core.money import format_brl

if TYPE_CHECKING:
    from tronco.calls.rerate import OtherPrices, Rerating

DIFFERENCES_TOLD = 20


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "--from", dest="since", required=True, type=_day, metavar="DATE", help="first day, included"
    )
    parser.add_argument(
        "--to", dest="until", required=True, type=_day, metavar="DATE", help="last day, included"
    )
    parser.add_argument("--circuit", metavar="NUMBER", help="only the calls of one circuit")
    parser.add_argument("--tariff", metavar="ID", type=int, help="price by this list of sale")
    parser.add_argument(
        "--at", type=_day, metavar="DATE", help="with the list's prices of that day (default: now)"
    )
    parser.add_argument(
        "--post",
        metavar="NOTE",
        help="post the differences as corrections, with this note; the same again posts nothing",
    )


def run(args: argparse.Namespace) -> int:
    """Price again, tell, and post if told to."""
    open_instance()
    from tronco.calls.rerate import corrections_post, rerate_calls
    from tronco.tenancy.access import SYSTEM, Actor

    other = _other_prices(args)
    result = rerate_calls(_calls(args), other=other)
    tell(result)
    if args.post:
        actor = Actor(f"{getpass.getuser()} (tronco)", SYSTEM.scopes, SYSTEM.may)
        posted = corrections_post(actor=actor, differences=result.differences, note=args.post)
        print(f"{posted} corrections posted")
    return 1 if result.differences and other is None else 0


def tell(result: Rerating) -> None:
    """Write what was found."""
    print(f"{result.calls} answered calls: {_reais(result.stored_u)} charged")
    print(f"priced again: {_reais(result.again_u)}, {len(result.differences)} prices differ")
    for difference in result.differences[:DIFFERENCES_TOLD]:
        payer = f"account {difference.account_id}" if difference.account_id else "the carrier"
        print(
            f"  {difference.call.call_id}  {payer}:"
            f" {_reais(difference.stored_u)} → {_reais(difference.again_u)}"
        )
    if len(result.differences) > DIFFERENCES_TOLD:
        print(f"  … and {len(result.differences) - DIFFERENCES_TOLD} more")
    if result.unpriced:
        print(f"{len(result.unpriced)} calls have no price in that list")


def _calls(args: argparse.Namespace) -> Any:
    from django.utils import timezone

    from tronco.calls.models import Cdr
    from tronco.circuits.selectors import get_circuit_by_number
    from tronco.tenancy.access import SYSTEM

    if args.until < args.since:
        raise InvalidInput("--to is before --from")
    since = timezone.make_aware(datetime.combine(args.since, time.min))
    until = timezone.make_aware(datetime.combine(args.until + timedelta(days=1), time.min))
    calls = Cdr.objects.filter(
        started_at__gte=since, started_at__lt=until, outcome=Cdr.Outcome.ANSWERED
    )
    if args.circuit:
        circuit = get_circuit_by_number(actor=SYSTEM, number=args.circuit)
        calls = calls.filter(account_id=circuit.account_id, circuit_id=circuit.pk)
    return calls.order_by("started_at", "identity").iterator(chunk_size=500)


def _other_prices(args: argparse.Namespace) -> OtherPrices | None:
    from django.utils import timezone

    from tronco.calls.rerate import OtherPrices
    from tronco.catalog.models import Tariff

    if args.tariff is None:
        return None
    if not Tariff.objects.filter(pk=args.tariff, kind=Tariff.Kind.SALE).exists():
        raise InvalidInput(f"there is no price list of sale {args.tariff}; see `tronco tariff`")
    at = timezone.now()
    if args.at:
        at = timezone.make_aware(datetime.combine(args.at, time.min))
    return OtherPrices(tariff_id=args.tariff, at=at)


def _reais(amount_u: int) -> str:
    return format_brl(amount_u, decimals=6)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is not a date like 2026-11-30") from None

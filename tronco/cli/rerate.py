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
from tronco.runtime.translations import gettext as _

if TYPE_CHECKING:
    from tronco.calls.rerate import OtherPrices, Rerating

DIFFERENCES_TOLD = 20


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_period(parser)
    parser.add_argument("--circuit", metavar=_("NUMBER"), help=_("only the calls of one circuit"))
    parser.add_argument("--tariff", metavar="ID", type=int, help=_("price by this list of sale"))
    parser.add_argument(
        "--at",
        type=_day,
        metavar=_("DATE"),
        help=_("with the list's prices of that day (default: now)"),
    )
    parser.add_argument(
        "--post",
        metavar=_("NOTE"),
        help=_("post the differences as corrections, with this note; the same again posts nothing"),
    )


def add_period(parser: argparse.ArgumentParser) -> None:
    """Declare the options of a period, `since` and `until`: whole days, both included."""
    parser.add_argument(
        "--from",
        dest="since",
        required=True,
        type=_day,
        metavar=_("DATE"),
        help=_("first day, included"),
    )
    parser.add_argument(
        "--to",
        dest="until",
        required=True,
        type=_day,
        metavar=_("DATE"),
        help=_("last day, included"),
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
        told = _("corrections posted: %(count)s")
        print(told % {"count": posted})
    return 1 if result.differences and other is None else 0


def tell(result: Rerating) -> None:
    """Write what was found."""
    charged = _("answered calls: %(count)s, charged %(amount)s")
    print(charged % {"count": result.calls, "amount": _reais(result.stored_u)})
    again = _("priced again: %(amount)s, prices that differ: %(count)s")
    print(again % {"amount": _reais(result.again_u), "count": len(result.differences)})
    for difference in result.differences[:DIFFERENCES_TOLD]:
        payer = _("the carrier")
        if difference.account_id:
            payer = _("account %(id)s") % {"id": difference.account_id}
        print(
            f"  {difference.call.call_id}  {payer}:"
            f" {_reais(difference.stored_u)} → {_reais(difference.again_u)}"
        )
    if len(result.differences) > DIFFERENCES_TOLD:
        left = len(result.differences) - DIFFERENCES_TOLD
        print("  " + _("… and %(count)s more") % {"count": left})
    if result.unpriced:
        told = _("calls without a price in that list: %(count)s")
        print(told % {"count": len(result.unpriced)})


def _calls(args: argparse.Namespace) -> Any:
    from django.utils import timezone

    from tronco.calls.models import Cdr
    from tronco.circuits.selectors import get_circuit_by_number
    from tronco.tenancy.access import SYSTEM

    if args.until < args.since:
        raise InvalidInput(_("--to is before --from"))
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
        raise InvalidInput(
            _("there is no price list of sale %(id)s; see `tronco tariff`") % {"id": args.tariff}
        )
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
        raise argparse.ArgumentTypeError(
            _("'%(text)s' is not a date like 2026-11-30") % {"text": text}
        ) from None

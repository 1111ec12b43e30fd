"""`tronco did`: numbers and ranges from the command line, as the screens have them.

A number is named by what its supplier sends, or by its E.164. Every change is recorded under the
name of the system's user who made it.
"""

from __future__ import annotations

import argparse
import getpass
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tronco.cli.instance import open_instance
from tronco.core.errors import InvalidInput
from tronco.runtime.translations import gettext as _

if TYPE_CHECKING:
    from tronco.dids.models import Did
    from tronco.dids.numbers import NumberPlan
    from tronco.tenancy.access import Actor


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the actions."""
    actions = parser.add_subparsers(dest="action", metavar=_("ACTION"), required=True)
    add = actions.add_parser("add", help=_("add a number, or several that follow it"))
    add.add_argument("raw", help=_("the number exactly as its supplier sends it"))
    add.add_argument(
        "--owner", required=True, help=_("name or id of a customer, reseller or master")
    )
    add.add_argument(
        "--e164", default="", help=_("the number as people write it, if it reads else")
    )
    add.add_argument("--circuit", default="", help=_("number of the circuit that it rings"))
    add.add_argument("--supplier", default="")
    add.add_argument("--quantity", type=int, default=1, help=_("so many consecutive numbers"))
    add.add_argument("--dry-run", action="store_true", help=_("only tell what would be created"))
    shown = actions.add_parser("list", help=_("list numbers"))
    shown.add_argument("text", nargs="?", default="", help=_("part of a number or holder's name"))
    shown.add_argument("--state", default="", help=_("available, reserved, in_use, quarantine ..."))
    actions.add_parser("show", help=_("tell all about a number and who held it")).add_argument(
        "number"
    )
    assign = actions.add_parser("assign", help=_("hand a number in stock to a customer"))
    assign.add_argument("number")
    assign.add_argument("--customer", help=_("name or id; without it the seller uses it himself"))
    assign.add_argument("--circuit", default="", help=_("number of the circuit that it rings"))
    release = actions.add_parser(
        "release", help=_("take a number in use back; free one that is reserved or in quarantine")
    )
    release.add_argument("number")
    release.add_argument("--days", type=int, help=_("days in quarantine, when it is in use"))
    ranges = actions.add_parser("range", help=_("add a range of numbers"))
    ranges.add_argument("name")
    ranges.add_argument("area", help=_("DDI and DDD, such as 5511"))
    ranges.add_argument("first", help=_("first number without DDD"))
    ranges.add_argument("last", help=_("last number without DDD"))
    ranges.add_argument(
        "--owner", help=_("name or id of the master or a reseller; default: master")
    )
    ranges.add_argument("--sent-as", default="digits", help=_("digits, e164, national or ddd"))
    ranges.add_argument("--supplier", default="")
    ranges.add_argument("--cancels-itself", action="store_true", help=_("automatic cancelling"))
    ranges.add_argument("--dry-run", action="store_true", help=_("only tell what would be created"))


def run(args: argparse.Namespace) -> int:
    """Do the action; 1 with a sentence when it cannot be."""
    open_instance()
    from tronco.tenancy.access import SYSTEM, Actor, acting

    actor = Actor(
        name=f"{getpass.getuser()} (tronco)", scopes=SYSTEM.scopes, may=SYSTEM.may, user_id=None
    )
    with acting(actor):
        ACTIONS[args.action](actor, args)
    return 0


def add(actor: Actor, args: argparse.Namespace) -> None:
    """Add one number or several."""
    from tronco.dids import ranges

    if args.dry_run:
        _tell(ranges.series_preview(raw=args.raw, e164=args.e164, quantity=args.quantity))
        return
    owner = _find_tenant(args.owner)
    saved, plan = ranges.series_create(
        actor=actor,
        quantity=args.quantity,
        tenant_id=owner.pk,
        raw=args.raw,
        e164=args.e164,
        circuit_id=_find_circuit(actor, args.circuit),
        supplier=args.supplier,
    )
    _tell(plan, done=True)
    for warning in saved.warnings:
        print(_("note: %(text)s") % {"text": warning})


def range_(actor: Actor, args: argparse.Namespace) -> None:
    """Add a range and its numbers."""
    from tronco.dids import ranges
    from tronco.dids.numbers import SentAs
    from tronco.tenancy.models import Tenant

    if args.sent_as not in SentAs.values:
        raise InvalidInput(_("--sent-as is one of %(words)s") % {"words": ", ".join(SentAs.values)})
    numbers = {name: getattr(args, name) for name in ("area", "first", "last", "sent_as")}
    if args.dry_run:
        _tell(ranges.range_preview(**numbers))
        return
    master = Tenant.objects.filter(kind=Tenant.Kind.MASTER)
    owner = _find_tenant(args.owner) if args.owner else master.get()
    _made, plan = ranges.range_create(
        actor=actor,
        tenant_id=owner.pk,
        name=args.name,
        supplier=args.supplier,
        cancels_itself=args.cancels_itself,
        **numbers,
    )
    _tell(plan, done=True)


def list_(actor: Actor, args: argparse.Namespace) -> None:
    """List numbers as the screen does."""
    from django.db.models import Q

    from tronco.dids.models import Did
    from tronco.dids.selectors import list_dids

    rows = list_dids(actor=actor)
    if args.state:
        if args.state not in Did.State.values:
            raise InvalidInput(
                _("--state is one of %(words)s") % {"words": ", ".join(Did.State.values)}
            )
        rows = rows.filter(state=args.state)
    if args.text:
        text = args.text
        rows = rows.filter(
            Q(raw__contains=text) | Q(e164__contains=text) | Q(tenant__name__icontains=text)
        )
    for did in rows.iterator(chunk_size=1000):
        circuit = did.circuit or ""
        print(f"{did.e164:<16}{did.state:<12}{did.mode:<14}{str(did.tenant)[:28]:<30}{circuit}")


def show(actor: Actor, args: argparse.Namespace) -> None:
    """Tell all about a number."""
    from tronco.dids.selectors import list_tenures

    did = _did(actor, args)
    registration = getattr(did, "registration", None)
    for label, value in (
        (_("number"), f"{did.e164}   {did.display}"),
        (_("sent as"), did.raw),
        (_("state"), f"{did.state} {did.quarantine_until or did.reserved_for or ''}"),
        (_("owner"), did.seller),
        (_("customer"), did.subscriber or "-"),
        (_("range"), did.range or "-"),
        (_("does"), f"{did.mode} {did.circuit or ''}"),
        (_("supplier"), f"{did.supplier or '-'} {did.host}"),
        (_("registered"), f"{registration.state} {registration.cause}" if registration else "-"),
    ):
        print(f"{label:<11}{str(value).strip()}")
    for tenure in list_tenures(actor=actor).filter(e164=did.e164):
        until = f"{tenure.until:%Y-%m-%d}" if tenure.until else _("now")
        print(f"held       {tenure.since:%Y-%m-%d} to {until} by {tenure.holder} {tenure.document}")


def assign(actor: Actor, args: argparse.Namespace) -> None:
    """Hand a number to a customer."""
    from tronco.dids import states

    did = states.did_assign(
        actor=actor,
        did_id=_did(actor, args).pk,
        tenant_id=_find_tenant(args.customer).pk if args.customer else None,
        circuit_id=_find_circuit(actor, args.circuit),
    )
    told = _("%(number)s is in use by %(holder)s")
    print(told % {"number": did.e164, "holder": did.tenant})


def release(actor: Actor, args: argparse.Namespace) -> None:
    """Take a number back, or free it."""
    from tronco.dids import states

    did = _did(actor, args)
    if did.state == did.State.IN_USE:
        days = states.QUARANTINE_DAYS if args.days is None else args.days
        did = states.did_give_back(actor=actor, did_id=did.pk, days=days)
    else:
        did = states.did_free(actor=actor, did_id=did.pk)
    until = f" until {did.quarantine_until}" if did.quarantine_until else ""
    print(f"{did.e164} is {did.state}{until}")


ACTIONS: dict[str, Callable[[Actor, argparse.Namespace], None]] = {
    "add": add,
    "list": list_,
    "show": show,
    "assign": assign,
    "release": release,
    "range": range_,
}


def _tell(plan: NumberPlan, *, done: bool = False) -> None:
    told = _("%(count)s of %(asked)s would be created")
    if done:
        told = _("%(count)s of %(asked)s created")
    ends = f": {plan.create[0].raw} … {plan.create[-1].raw}" if plan.create else ""
    print(told % {"count": len(plan.create), "asked": plan.asked} + ends)
    for why, count, first in plan.refused:
        refused = _("%(count)s not: %(why)s") % {"count": count, "why": why}
        print(refused + (": " if first else "") + ", ".join(first))


def _did(actor: Actor, args: argparse.Namespace) -> Did:
    from tronco.dids.selectors import get_did_by_number

    return get_did_by_number(actor=actor, number=args.number)


def _find_circuit(actor: Actor, number: str) -> int | None:
    from tronco.circuits.selectors import get_circuit_by_number

    return get_circuit_by_number(actor=actor, number=number).pk if number else None


def _find_tenant(text: str) -> Any:
    from tronco.tenancy.models import Tenant

    rows = Tenant.objects.exclude(status=Tenant.Status.REMOVED)
    found = list(rows.filter(name__iexact=text)[:2])
    if not found and text.isdigit():
        found = list(rows.filter(pk=int(text)))
    if len(found) != 1:
        problem = _("see its name on the screens")
        if found:
            problem = _("several have this name; give the id")
        raise InvalidInput(
            _("there is no one %(kind)s '%(name)s'; %(problem)s")
            % {"kind": _("tenant"), "name": text, "problem": problem}
        )
    return found[0]

"""`tronco tariff`: price lists and their versions, from the command line.

A file goes into a draft; nothing is in effect before it is published. Prices and dates are those of
the screens: `2026-12-01`, or `2026-12-01T00:00-03:00`.
"""

from __future__ import annotations

import argparse
import getpass
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tronco.cli.instance import open_instance
from tronco.core.errors import InvalidInput, NotFound
from tronco.runtime.translations import gettext as _
from tronco.runtime.translations import gettext_noop

if TYPE_CHECKING:
    from tronco.catalog.models import RateImport, Tariff, TariffVersion
    from tronco.tenancy.access import Actor

SHOWN = 20
CHANGES = {
    "new": gettext_noop("%(count)s new"),
    "changed": gettext_noop("%(count)s changed"),
    "removed": gettext_noop("%(count)s removed"),
    "unchanged": gettext_noop("%(count)s unchanged"),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the actions."""
    actions = parser.add_subparsers(dest="action", metavar=_("ACTION"), required=True)
    actions.add_parser("list", help=_("name the price lists"))
    read = _on_list(actions, "import", _("read a CSV file into a draft, and say what it changes"))
    read.add_argument("file", help=_("CSV; - for standard input"))
    read.add_argument("--create", action="store_true", help=_("make the price list first"))
    read.add_argument("--cost", action="store_true", help=_("with --create: a list of costs"))
    read.add_argument("--merge", action="store_true", help=_("keep the prices the file lacks"))
    read.add_argument(
        "--without-country-code", action="store_true", help=_("prefixes begin with the DDD")
    )
    read.add_argument("--publish", action="store_true", help=_("put the draft in effect as well"))
    _publishing(read)
    shown = _on_list(actions, "show", _("tell its current prices"))
    shown.add_argument("number", nargs="?", default="", help=_("only what prices this number"))
    _on_list(actions, "versions", _("list its versions"))
    _publishing(_version(_on_list(actions, "publish", _("put a draft in effect"))))
    withdrawn = _version(_on_list(actions, "withdraw", _("roll a version back")))
    withdrawn.add_argument(
        "--leave-unpriced", action="store_true", help=_("although calls will then be refused")
    )
    written = _version(_on_list(actions, "export", _("write its prices as CSV")))
    written.add_argument("--output", metavar=_("FILE"), help=_("instead of standard output"))


def _on_list(actions: Any, name: str, help_text: str) -> argparse.ArgumentParser:
    action: argparse.ArgumentParser = actions.add_parser(name, help=help_text)
    action.add_argument("list", help=_("name or id of the price list"))
    action.add_argument("--owner", help=_("its seller, where several have a list of this name"))
    return action


def _version(action: argparse.ArgumentParser) -> argparse.ArgumentParser:
    action.add_argument(
        "--version", type=int, metavar="N", help=_("instead of the newest that fits")
    )
    return action


def _publishing(action: argparse.ArgumentParser) -> None:
    action.add_argument("--from", dest="effective_at", metavar=_("DATE"), help=_("instead of now"))
    action.add_argument(
        "--accept-errors", action="store_true", help=_("although lines of the file were left out")
    )


def run(args: argparse.Namespace) -> int:
    """Do the action; 1 with a sentence when it cannot be."""
    open_instance()
    from tronco.tenancy.access import SYSTEM, Actor

    actor = Actor(
        name=f"{getpass.getuser()} (tronco)", scopes=SYSTEM.scopes, may=SYSTEM.may, user_id=None
    )
    return ACTIONS[args.action](actor, args)


def list_(actor: Actor, args: argparse.Namespace) -> int:
    """Name the price lists."""
    from tronco.catalog.selectors import list_tariffs

    for tariff in list_tariffs(actor=actor):
        number = getattr(tariff, "current_number", None)
        current = f"v{number}" if number else _("no prices")
        print(f"{tariff.pk:>6}  {str(tariff)[:38]:<40}{str(tariff.tenant)[:28]:<30}{current}")
    return 0


def import_(actor: Actor, args: argparse.Namespace) -> int:
    """Read a file into a draft; publish it if asked to."""
    from tronco.catalog.imports import rates_import
    from tronco.catalog.services import tariff_create

    data = sys.stdin.buffer.read() if args.file == "-" else _bytes_of(args.file)
    if args.create:
        kind = "cost" if args.cost else "sale"
        owner = _owner(args.owner)
        tariff = tariff_create(actor=actor, tenant_id=owner.pk, name=args.list, kind=kind)
    else:
        tariff = _tariff(actor, args)
    made = rates_import(
        actor=actor,
        tariff_id=tariff.pk,
        file_name=Path(args.file).name,
        data=data,
        mode="merge" if args.merge else "replace",
        without_country_code=args.without_country_code,
    )
    _tell_import(made)
    if args.publish:
        return _publish(actor, made.version, args)
    told = _("%(version)s is a draft; put it in effect with: tronco tariff publish '%(list)s'")
    print(told % {"version": made.version, "list": tariff})
    return 1 if made.errors else 0


def show(actor: Actor, args: argparse.Namespace) -> int:
    """Tell the current prices, or the one of a number."""
    from django.utils import timezone

    from tronco.catalog.selectors import find_rate, find_version_at, list_rates
    from tronco.numbering.classify import classify

    tariff = _tariff(actor, args)
    version = find_version_at(tariff_id=tariff.pk, at=timezone.now())
    if version is None:
        raise NotFound(_("%(list)s has no prices in effect") % {"list": tariff})
    print(_("%(version)s, in effect from %(moment)s") % _in_effect(version))
    if args.number:
        number = classify(args.number)
        rate = find_rate(
            version_id=version.pk,
            digits=number.rating_digits,
            call_class=str(number.call_class),
        )
        if rate is None:
            problem = _("%(list)s has no price for %(number)s")
            raise NotFound(problem % {"list": tariff, "number": args.number})
        print(_rate_line(rate))
        return 0
    rates = list_rates(actor=actor, version_id=version.pk)
    for rate in rates[:SHOWN]:
        print(_rate_line(rate))
    if (count := rates.count()) > SHOWN:
        told = _("... %(count)s in all; tronco tariff export '%(list)s' writes them")
        print(told % {"count": count, "list": tariff})
    return 0


def versions(actor: Actor, args: argparse.Namespace) -> int:
    """List the versions of a price list."""
    from tronco.catalog.selectors import list_versions

    for version in list_versions(actor=actor, tariff_id=_tariff(actor, args).pk):
        begins = f"{version.effective_at:%Y-%m-%d %H:%M %Z}" if version.effective_at else ""
        count = getattr(version, "rate_count", 0)
        state = version.get_status_display()
        print(
            f"v{version.number:<5}{state:<11}{begins:<24}{count:>8} {_('prices')}  {version.source}"
        )
    return 0


def publish(actor: Actor, args: argparse.Namespace) -> int:
    """Put a draft in effect."""
    return _publish(actor, _pick(actor, args, "draft"), args)


def withdraw(actor: Actor, args: argparse.Namespace) -> int:
    """Roll a version back."""
    from tronco.catalog.version_services import version_withdraw

    version = _pick(actor, args, "published")
    version_withdraw(actor=actor, version_id=version.pk, leave_unpriced=args.leave_unpriced)
    print(_("%(version)s is withdrawn") % {"version": version})
    return 0


def export(actor: Actor, args: argparse.Namespace) -> int:
    """Write the prices of a version as CSV."""
    from tronco.catalog.selectors import list_rates
    from tronco.catalog.sheet import write_sheet

    version = _pick(actor, args, "published")
    rates = list_rates(actor=actor, version_id=version.pk).iterator(chunk_size=5000)
    if args.output is None:
        sys.stdout.writelines(write_sheet(rates))
        return 0
    with Path(args.output).open("w", encoding="utf-8", newline="") as file:
        file.writelines(write_sheet(rates))
    print(_("%(version)s is in %(file)s") % {"version": version, "file": args.output})
    return 0


ACTIONS: dict[str, Callable[[Actor, argparse.Namespace], int]] = {
    "list": list_,
    "import": import_,
    "show": show,
    "versions": versions,
    "publish": publish,
    "withdraw": withdraw,
    "export": export,
}


def _publish(actor: Actor, version: TariffVersion, args: argparse.Namespace) -> int:
    from tronco.catalog.version_services import version_publish

    version = version_publish(
        actor=actor,
        version_id=version.pk,
        effective_at=_moment(args.effective_at),
        accept_errors=args.accept_errors,
    )
    print(_("%(version)s is in effect from %(moment)s") % _in_effect(version))
    return 0


def _in_effect(version: TariffVersion) -> dict[str, Any]:
    return {"version": version, "moment": f"{version.effective_at:%Y-%m-%d %H:%M %Z}"}


def _tell_import(made: RateImport) -> None:
    from django.utils import timezone

    from tronco.catalog.differences import count_differences
    from tronco.catalog.selectors import find_version_at
    from tronco.catalog.sheet import Issue

    current = find_version_at(tariff_id=made.version.tariff_id, at=timezone.now())
    counts = count_differences(old_id=current.pk if current else None, new_id=made.version_id)
    changes = ", ".join(_(CHANGES[change]) % {"count": count} for change, count in counts.items())
    told = _("%(lines)s lines, %(taken)s prices taken, %(errors)s lines with errors")
    print(told % {"lines": made.lines, "taken": made.taken, "errors": made.errors})
    against = {"version": current or _("nothing"), "changes": changes}
    print(_("against %(version)s: %(changes)s") % against)
    for issue in [Issue.from_json(data) for data in made.issues[:SHOWN]]:
        place = _("line %(line)s") % {"line": issue.line}
        if issue.column:
            place += _(", column %(column)s") % {"column": issue.column}
        print(f"{made.file_name}: {place}: {issue.fault.message}", file=sys.stderr)
    if (left := len(made.issues) - SHOWN) > 0:
        told = _("... and %(count)s more; the version's screen has them all")
        print(told % {"count": left}, file=sys.stderr)


def _rate_line(rate: Any) -> str:
    price = _("by the hour") if rate.windows else f"{rate.price_per_min.normalize():f}/min"
    return f"{rate.prefix or rate.call_class:<20}{price:<18}{rate.cadence:<12}{rate.description}"


def _tariff(actor: Actor, args: argparse.Namespace) -> Tariff:
    from tronco.catalog.models import Tariff

    rows = Tariff.objects.visible_to(actor).select_related("tenant")
    if args.owner is not None:
        rows = rows.filter(tenant=_owner(args.owner))
    found = list(rows.filter(name__iexact=args.list)[:2])
    if not found and args.list.isdigit():
        found = list(rows.filter(pk=int(args.list)))
    if len(found) > 1:
        problem = _("several have a list '%(list)s'; name its seller with --owner")
        raise InvalidInput(problem % {"list": args.list})
    if not found:
        known = ", ".join(str(row) for row in rows[:10]) or _("none")
        problem = _("there is no price list '%(list)s'; there are: %(names)s")
        raise NotFound(problem % {"list": args.list, "names": known})
    return found[0]


def _owner(name: str | None) -> Any:
    from tronco.tenancy.models import Tenant

    sellers = Tenant.objects.exclude(kind=Tenant.Kind.CUSTOMER)
    if name is None:
        return sellers.get(kind=Tenant.Kind.MASTER)
    found = list(sellers.filter(name__iexact=name)[:2])
    if len(found) != 1:
        raise NotFound(_("there is no one seller '%(name)s'") % {"name": name})
    return found[0]


def _pick(actor: Actor, args: argparse.Namespace, status: str) -> TariffVersion:
    """The version of that number, else the newest of that status."""
    from tronco.catalog.selectors import list_versions

    tariff = _tariff(actor, args)
    rows = list_versions(actor=actor, tariff_id=tariff.pk)
    wanted = {"number": args.version} if args.version is not None else {"status": status}
    version = rows.filter(**wanted).first()
    if version is None:
        if args.version is not None:
            problem = _("%(list)s has no version %(number)s")
        else:
            problem = _("%(list)s has no draft version")
            if status == "published":
                problem = _("%(list)s has no published version")
        raise NotFound(problem % {"list": tariff, "number": args.version})
    return version


def _bytes_of(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        problem = _("%(file)s cannot be read: %(problem)s")
        raise InvalidInput(problem % {"file": path, "problem": error.strerror}) from error


def _moment(text: str | None) -> datetime | None:
    """Read a date or a moment; without a zone it is that of the installation."""
    from django.utils import timezone

    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise InvalidInput(
            _("'%(text)s' is not a date; write it like 2026-12-01T00:00") % {"text": text}
        ) from error
    return moment if moment.tzinfo else timezone.make_aware(moment)

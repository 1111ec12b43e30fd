"""What `tronco doctor` looks at: each check yields what it found, and how to cure what is wrong.

They only read.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from tronco.cli.instance import missing_migrations
from tronco.runtime.paths import Home
from tronco.runtime.proc import machine
from tronco.runtime.supervisor import STATUS_FILE
from tronco.runtime.translations import gettext as _
from tronco.runtime.translations import gettext_noop

State = Literal["ok", "warning", "fault"]
PROCESS_STATES = {
    "starting": gettext_noop("starting"),
    "restarting": gettext_noop("restarting"),
    "running": gettext_noop("running"),
    "done": gettext_noop("done"),
    "stopped": gettext_noop("stopped"),
    "skipped": gettext_noop("skipped"),
    "missing": gettext_noop("missing"),
    "failed": gettext_noop("failed"),
}
# The ledger's rules in a line each; a check without its own is told by its docstring.
RULES = {
    "check_balances": gettext_noop("every balance is the sum of its entries"),
    "check_overspend": gettext_noop("no call took a prepaid account below zero"),
    "check_settlements": gettext_noop("every settled call is posted once at every level"),
    "check_holds": gettext_noop("what is held belongs to calls that run"),
    "check_prices": gettext_noop("the latest settled calls cost again what they cost"),
    "check_records": gettext_noop("every charge of a record is posted once, and has its record"),
}
OLDEST_POSTGRES = 150_000
LEAST_FREE = 0.05
LEAST_FREE_BYTES = 1_000_000_000
# A call that ended longer ago should be on record.
RECORDED_WITHIN = timedelta(seconds=60)
HEARTBEAT = timedelta(minutes=2)
JOBS_WAIT = timedelta(minutes=10)
CALLS_REPRICED = 2000
# `tronco rollup` compares older days.
DAYS_SUMMED = 7
VIOLATIONS_TOLD = 5


@dataclass(frozen=True, slots=True)
class Finding:
    """What one look found; `cure` says what to do about a warning or a fault."""

    part: str
    state: State
    text: str
    cure: str = ""


Check = Callable[[Home], Iterator[Finding]]


def disk(home: Home) -> Iterator[Finding]:
    """Space where the instance lives."""
    usage = shutil.disk_usage(home.root)
    text = _("%(free)s GB free of %(total)s GB at %(place)s") % {
        "free": f"{usage.free / 1e9:.1f}",
        "total": f"{usage.total / 1e9:.0f}",
        "place": home.root,
    }
    if usage.free < LEAST_FREE_BYTES or usage.free < usage.total * LEAST_FREE:
        yield Finding("disk", "fault", text, _("free some, or calls cannot be recorded"))
    else:
        yield Finding("disk", "ok", text)


def processes(home: Home) -> Iterator[Finding]:
    """What the supervisor says of its processes, if it runs this instance."""
    status = find_status(home)
    if status is None:
        yield Finding(
            "processes", "warning", _("no supervisor runs here"),
            _("start it with `tronco up`, unless the processes run under systemd or elsewhere"),
        )  # fmt: skip
        return
    for service in status["services"]:
        state, detail = service["state"], service["detail"]
        read = _("read %(log)s") % {"log": f"{home.log}/{service['name']}.log"}
        told = _(PROCESS_STATES.get(state, state))
        text = f"{service['title']}: {told}{', ' + detail if detail else ''}"
        if state in {"failed", "missing", "skipped", "stopped"}:
            yield Finding("processes", "fault", text, read)
        elif service["restarts"]:
            text += _(" (restarted %(count)s times since it began)") % {
                "count": service["restarts"]
            }
            yield Finding("processes", "warning", text, read)
        else:
            yield Finding("processes", "ok", text)


def find_status(home: Home) -> dict[str, Any] | None:
    """What the supervisor wrote last, if it still lives."""
    try:
        status: dict[str, Any] = json.loads((home.root / STATUS_FILE).read_text())
    except (OSError, ValueError):
        return None
    lives = status["machine"] == machine() and Path(f"/proc/{status['supervisor']}").exists()
    return status if lives else None


def database(_home: Home) -> Iterator[Finding]:
    """Is it there, new enough, and its schema that of this code?"""
    from django.db import Error, connection

    begun = time.monotonic()
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_setting('server_version_num')::int")
            version = cursor.fetchone()[0]
    except Error as problem:
        yield Finding(
            "database", "fault", str(problem).strip().splitlines()[0],
            _("is it up, and DATABASE_URL right? `tronco up` starts the embedded one"),
        )  # fmt: skip
        return
    spent_ms = (time.monotonic() - begun) * 1000
    text = _("PostgreSQL %(version)s, reached in %(spent)s ms") % {
        "version": f"{version // 10_000}.{version % 10_000}",
        "spent": f"{spent_ms:.0f}",
    }
    if version < OLDEST_POSTGRES:
        yield Finding("database", "fault", text, _("PostgreSQL 15 or later is needed"))
        return
    yield Finding("database", "ok", text)
    missing = missing_migrations()
    if missing:
        yield Finding(
            "database", "fault",
            _("%(count)s migrations are missing, from %(first)s")
            % {"count": len(missing), "first": missing[0]},
            _("run `python -m django migrate`; `tronco up` does"),
        )  # fmt: skip
    else:
        yield Finding("database", "ok", _("its schema is that of this code"))


def gate(_home: Home) -> Iterator[Finding]:
    """May rated calls start since the last restart of the database?"""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT charging_gate_is_open()")
        is_open = cursor.fetchone()[0]
    if is_open:
        yield Finding("charging", "ok", _("rated calls may start"))
    else:
        yield Finding(
            "charging", "fault", _("rated calls are refused: their holds were not rebuilt yet"),
            _("sipcore does it within seconds when it reaches every central; is it running?"),
        )  # fmt: skip


def centrals(_home: Home) -> Iterator[Finding]:
    """The switches."""
    from tronco.centrals.selectors import list_centrals
    from tronco.tenancy.access import SYSTEM

    active = [central for central in list_centrals(actor=SYSTEM) if central.is_active]
    if not active:
        yield Finding(
            "centrals", "fault", _("there is none"), _("add one, or run `tronco prepare`")
        )
    for central in active:
        seen = central.seen_at.astimezone().strftime("%H:%M:%S") if central.seen_at else _("never")
        if central.health == "up":  # type: ignore[attr-defined]
            text = _("%(name)s: %(version)s, %(channels)s channels, seen %(seen)s") % {
                "name": central.name,
                "version": central.version,
                "channels": central.channels,
                "seen": seen,
            }
            yield Finding("centrals", "ok", text)
        else:
            yield Finding(
                "centrals", "fault",
                _("%(name)s: no news, last seen %(seen)s") % {"name": central.name, "seen": seen},
                _("are Asterisk and sipcore running, and does the AMI answer?"),
            )  # fmt: skip


def routes(_home: Home) -> Iterator[Finding]:
    """Can calls leave, those of emergency above all?"""
    from tronco.catalog.models import CallClass
    from tronco.routing.models import Route, Trunk
    from tronco.routing.selectors import list_steps_by_class

    carrying = Trunk.objects.filter(is_active=True, carrier__is_active=True)
    for trunk in carrying.filter(reachable=False):
        yield Finding(
            "trunks",
            "warning",
            _("%(trunk)s does not answer") % {"trunk": trunk},
            _("is %(address)s up?") % {"address": f"{trunk.host}:{trunk.port}"},
        )
    if not carrying.filter(carries_emergency=True).exists():
        yield Finding(
            "trunks", "fault", _("none is meant for emergency calls"),
            _("tick “carries emergency calls” on at least one trunk"),
        )  # fmt: skip
    route = Route.objects.filter(is_default=True).first()
    if route is None:
        yield Finding("routes", "fault", _("there is no default route"), _("make one in Routes"))
        return
    steps = list_steps_by_class(route=route)
    empty = [str(c.value) for c in CallClass if not any(t.is_active for t in steps.get(c, ()))]
    if empty:
        text = _("the default route carries no %(classes)s") % {"classes": ", ".join(empty)}
        yield Finding("routes", "warning", text, _("such calls are refused; add trunks if meant"))
    else:
        yield Finding("routes", "ok", _("the default route carries every class"))


def secrets_open(_home: Home) -> Iterator[Finding]:
    """Do the stored passwords and authenticators open with this installation's key?"""
    from django.conf import settings

    from tronco.core.errors import Unavailable
    from tronco.core.secrets import decrypt
    from tronco.dids.models import Did
    from tronco.identity.models import Authenticator
    from tronco.mail.models import MailServer
    from tronco.routing.models import Trunk

    kept = [
        *(
            (_("trunk %(name)s") % {"name": one.name}, one.password_encrypted)
            for one in Trunk.objects.all()
        ),
        *(
            (_("number %(name)s") % {"name": one}, one.password_encrypted)
            for one in Did.objects.exclude(password_encrypted="")
        ),
        *(
            (_("mail server %(name)s") % {"name": one.host}, one.password_encrypted)
            for one in MailServer.objects.exclude(password_encrypted="")
        ),
        *(
            (_("second factor of %(name)s") % {"name": one.user.username}, one.secret_encrypted)
            for one in Authenticator.objects.select_related("user")
        ),
    ]
    closed = []
    for name, token in kept:
        try:
            decrypt(token, key=settings.SECRET_KEY)
        except Unavailable:
            closed.append(name)
    if closed:
        names = ", ".join(closed)
        yield Finding(
            "secrets", "fault",
            _("what is stored for %(names)s does not open") % {"names": names},
            _(
                "restore TRONCO_SECRET_KEY, or enter the passwords again and remove the second"
                " factors"
            ),
        )  # fmt: skip
    else:
        yield Finding("secrets", "ok", _("every stored secret opens"))


def spool(home: Home) -> Iterator[Finding]:
    """Calls that ended and are not on record."""
    from tronco.calls.selectors import find_recorded
    from tronco.sipcore.places import spool_path
    from tronco.sipcore.spool import Ended, parse_line

    latest = datetime.now(UTC) - RECORDED_WITHIN
    for node in sorted((home.root / "asterisk").glob("*")):
        path: Path = spool_path(home, node.name)
        lines = [
            parse_line(line)
            for file in path.parent.glob(f"{path.name}*")
            for line in file.read_text(encoding="latin-1").splitlines()
        ]
        ended = [x for x in lines if isinstance(x, Ended) and not x.is_no_call]
        ids = {x.call_id for x in ended if x.at < latest}
        known = find_recorded(call_ids=ids)
        if ids - known:
            yield Finding(
                "spool", "fault",
                _("%(name)s: %(count)s calls are not on record yet")
                % {"name": node.name, "count": len(ids - known)},
                _("is sipcore running? nothing is lost: they stay in the spool until they are"),
            )  # fmt: skip
        else:
            text = _("%(name)s: every call in it is on record") % {"name": node.name}
            yield Finding("spool", "ok", text)


def worker(_home: Home) -> Iterator[Finding]:
    """Scheduled and long tasks."""
    from django.utils import timezone
    from procrastinate.contrib.django.models import ProcrastinateJob, ProcrastinateWorker

    now = timezone.now()
    alive = ProcrastinateWorker.objects.filter(last_heartbeat__gte=now - HEARTBEAT).count()
    if not alive:
        yield Finding(
            "worker", "fault", _("none is alive"), _("start it; cycles do not close without")
        )
    late = ProcrastinateJob.objects.filter(status="todo", scheduled_at__lt=now - JOBS_WAIT).count()
    failed = ProcrastinateJob.objects.filter(status="failed").count()
    if late:
        text = _("tasks that wait too long: %(count)s") % {"count": late}
        yield Finding("worker", "warning", text, _("are workers enough?"))
    if failed:
        text = _("tasks that failed: %(count)s") % {"count": failed}
        yield Finding("worker", "warning", text, _("read the worker's log"))
    if alive and not late and not failed:
        text = _("%(count)s alive, no task late or failed") % {"count": alive}
        yield Finding("worker", "ok", text)


def ledger(_home: Home) -> Iterator[Finding]:
    """What must always be true of the money, on the data as they are."""
    from tronco.calls.invariants import check_records
    from tronco.charging.invariants import CHECKS as LEDGER_CHECKS

    for check in (*LEDGER_CHECKS, check_records):
        rule = _(RULES.get(check.__name__, (check.__doc__ or "").strip().splitlines()[0]))
        violations = list(check())
        for violation in violations[:VIOLATIONS_TOLD]:
            place = " ".join(
                f"{word} {value}"
                for word, value in (
                    (_("account"), violation.account_id),
                    (_("call"), violation.call_id),
                )
                if value is not None
            )
            yield Finding("ledger", "fault", f"{place}: {violation.message}", violation.cure)
        if len(violations) > VIOLATIONS_TOLD:
            rest = len(violations) - VIOLATIONS_TOLD
            yield Finding(
                "ledger",
                "fault",
                _("and %(count)s more of: %(rule)s") % {"count": rest, "rule": rule},
                _("mend those first"),
            )
        if not violations:
            yield Finding("ledger", "ok", rule)


def prices(_home: Home) -> Iterator[Finding]:
    """Do the last calls cost again what they cost?"""
    from tronco.calls.models import Cdr
    from tronco.calls.rerate import rerate_calls

    answered = Cdr.objects.filter(outcome=Cdr.Outcome.ANSWERED).order_by("-started_at")
    result = rerate_calls(answered[:CALLS_REPRICED])
    if result.differences:
        first = result.differences[0]
        yield Finding(
            "prices", "fault",
            _("%(count)s prices come out otherwise, as that of %(call)s")
            % {"count": len(result.differences), "call": first.call.call_id},
            _("report this with the call's page"),
        )  # fmt: skip
    else:
        text = _("the last %(count)s come out again to the millionth") % {"count": result.calls}
        yield Finding("prices", "ok", text)


def rollups(_home: Home) -> Iterator[Finding]:
    """Do the sums that the first screen tells equal the records?"""
    from django.utils import timezone

    from tronco.calls.rollups import check_rollups

    today = timezone.localdate()
    drifts = list(check_rollups(first=today - timedelta(days=DAYS_SUMMED - 1), last=today))
    for drift in drifts[:VIOLATIONS_TOLD]:
        text = _("%(day)s: %(count)s rows do not equal the records") % {
            "day": drift.day,
            "count": drift.rows,
        }
        cure = _("run `tronco rollup --from %(first)s --to %(last)s --rebuild`")
        yield Finding(
            "roll-ups", "fault", text, cure % {"first": drifts[0].day, "last": drifts[-1].day}
        )
    if not drifts:
        text = _("those of the last %(count)s days equal the records") % {"count": DAYS_SUMMED}
        yield Finding("roll-ups", "ok", text)


# Those that need a database.
CHECKS: tuple[Check, ...] = (
    gate, centrals, routes, secrets_open, spool, worker, ledger, prices, rollups,
)  # fmt: skip

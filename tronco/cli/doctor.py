"""`tronco doctor`: looks at every part of an instance, says what is wrong and how to cure it.

Exit status 0 when nothing is wrong, 1 when something is. Warnings do not count. It only reads.
"""

from __future__ import annotations

import argparse
import json
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from tronco.cli.instance import open_instance
from tronco.runtime.paths import Home, instance_home
from tronco.runtime.proc import machine
from tronco.runtime.supervisor import STATUS_FILE

State = Literal["ok", "warning", "fault"]
MARKS: dict[State, str] = {"ok": "ok  ", "warning": "warn", "fault": "FAIL"}
OLDEST_POSTGRES = 150_000
LEAST_FREE = 0.05
LEAST_FREE_BYTES = 1_000_000_000
# A call that ended longer ago should be on record.
RECORDED_WITHIN = timedelta(seconds=60)
HEARTBEAT = timedelta(minutes=2)
JOBS_WAIT = timedelta(minutes=10)
CALLS_REPRICED = 2000
VIOLATIONS_TOLD = 5


@dataclass(frozen=True, slots=True)
class Finding:
    """What one look found; `cure` says what to do about a warning or a fault."""

    part: str
    state: State
    text: str
    cure: str = ""


Check = Callable[[Home], Iterator[Finding]]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--json", action="store_true", help="one JSON object a finding")


def run(args: argparse.Namespace) -> int:
    """Look at everything."""
    home = instance_home()
    faults = 0
    for finding in examine(home):
        faults += finding.state == "fault"
        if args.json:
            print(json.dumps({name: getattr(finding, name) for name in Finding.__slots__}))
            continue
        print(f"{MARKS[finding.state]}  {finding.part:<14} {finding.text}", flush=True)
        if finding.state != "ok" and finding.cure:
            print(f"{'':<21}→ {finding.cure}")
    if not args.json:
        print("Nothing is wrong." if not faults else f"{faults} faults.")
    return 1 if faults else 0


def examine(home: Home) -> Iterator[Finding]:
    """Yield what is found, the ground first; without a database the rest cannot be looked at."""
    yield from disk(home)
    yield from processes(home)
    open_instance()
    reached = list(database(home))
    yield from reached
    if any(finding.state == "fault" for finding in reached):
        return
    for check in CHECKS:
        try:
            yield from check(home)
        except Exception as problem:
            # One look that fails must not keep the others from being taken.
            name = check.__name__.replace("_", " ")
            yield Finding(name, "fault", f"{type(problem).__name__}: {problem}", "report this")


def disk(home: Home) -> Iterator[Finding]:
    """Space where the instance lives."""
    usage = shutil.disk_usage(home.root)
    text = f"{usage.free / 1e9:.1f} GB free of {usage.total / 1e9:.0f} GB at {home.root}"
    if usage.free < LEAST_FREE_BYTES or usage.free < usage.total * LEAST_FREE:
        yield Finding("disk", "fault", text, "free some, or calls cannot be recorded")
    else:
        yield Finding("disk", "ok", text)


def processes(home: Home) -> Iterator[Finding]:
    """What the supervisor says of its processes, if it runs this instance."""
    status = find_status(home)
    if status is None:
        yield Finding(
            "processes", "warning", "no supervisor runs here", "start it with `tronco up`, unless"
            " the processes run under systemd or elsewhere",
        )  # fmt: skip
        return
    for service in status["services"]:
        state, detail = service["state"], service["detail"]
        text = f"{service['title']}: {state}{', ' + detail if detail else ''}"
        if state in {"failed", "missing", "skipped", "stopped"}:
            yield Finding("processes", "fault", text, f"read {home.log}/{service['name']}.log")
        elif service["restarts"]:
            text += f" (restarted {service['restarts']} times since it began)"
            yield Finding("processes", "warning", text, f"read {home.log}/{service['name']}.log")
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
    from django.db.migrations.executor import MigrationExecutor

    begun = time.monotonic()
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_setting('server_version_num')::int")
            version = cursor.fetchone()[0]
    except Error as problem:
        yield Finding(
            "database", "fault", str(problem).strip().splitlines()[0],
            "is it up, and DATABASE_URL right? `tronco up` starts the embedded one",
        )  # fmt: skip
        return
    spent_ms = (time.monotonic() - begun) * 1000
    text = f"PostgreSQL {version // 10_000}.{version % 10_000}, reached in {spent_ms:.0f} ms"
    if version < OLDEST_POSTGRES:
        yield Finding("database", "fault", text, "PostgreSQL 15 or later is needed")
        return
    yield Finding("database", "ok", text)
    executor = MigrationExecutor(connection)
    missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if missing:
        first = missing[0][0]
        yield Finding(
            "database", "fault", f"{len(missing)} migrations are missing, from {first}",
            "run `python -m django migrate`; `tronco up` does",
        )  # fmt: skip
    else:
        yield Finding("database", "ok", "its schema is that of this code")


def gate(_home: Home) -> Iterator[Finding]:
    """May rated calls start since the last restart of the database?"""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT charging_gate_is_open()")
        is_open = cursor.fetchone()[0]
    if is_open:
        yield Finding("charging", "ok", "rated calls may start")
    else:
        yield Finding(
            "charging", "fault", "rated calls are refused: their holds were not rebuilt yet",
            "sipcore does it within seconds when it reaches every central; is it running?",
        )  # fmt: skip


def centrals(_home: Home) -> Iterator[Finding]:
    """The switches."""
    from tronco.centrals.selectors import list_centrals
    from tronco.tenancy.access import SYSTEM

    active = [central for central in list_centrals(actor=SYSTEM) if central.is_active]
    if not active:
        yield Finding("centrals", "fault", "there is none", "add one, or run `tronco prepare`")
    for central in active:
        seen = central.seen_at.astimezone().strftime("%H:%M:%S") if central.seen_at else "never"
        if central.health == "up":  # type: ignore[attr-defined]
            text = f"{central.name}: {central.version}, {central.channels} channels, seen {seen}"
            yield Finding("centrals", "ok", text)
        else:
            yield Finding(
                "centrals", "fault", f"{central.name}: no news, last seen {seen}",
                "are Asterisk and sipcore running, and does the AMI answer?",
            )  # fmt: skip


def routes(_home: Home) -> Iterator[Finding]:
    """Can calls leave, those of emergency above all?"""
    from tronco.catalog.models import CallClass
    from tronco.routing.models import Route, Trunk
    from tronco.routing.selectors import list_steps_by_class

    carrying = Trunk.objects.filter(is_active=True, carrier__is_active=True)
    for trunk in carrying.filter(reachable=False):
        yield Finding(
            "trunks", "warning", f"{trunk} does not answer", f"is {trunk.host}:{trunk.port} up?"
        )
    if not carrying.filter(carries_emergency=True).exists():
        yield Finding(
            "trunks", "fault", "none is meant for emergency calls",
            "tick “carries emergency calls” on at least one trunk",
        )  # fmt: skip
    route = Route.objects.filter(is_default=True).first()
    if route is None:
        yield Finding("routes", "fault", "there is no default route", "make one in Routes")
        return
    steps = list_steps_by_class(route=route)
    empty = [str(c.value) for c in CallClass if not any(t.is_active for t in steps.get(c, ()))]
    if empty:
        text = f"the default route carries no {', '.join(empty)}"
        yield Finding("routes", "warning", text, "such calls are refused; add trunks if meant")
    else:
        yield Finding("routes", "ok", "the default route carries every class")


def secrets_open(_home: Home) -> Iterator[Finding]:
    """Do the stored passwords and authenticators open with this installation's key?"""
    from django.conf import settings

    from tronco.core.errors import Unavailable
    from tronco.core.secrets import decrypt
    from tronco.identity.models import Authenticator
    from tronco.routing.models import Trunk

    kept = [
        *((f"trunk {one.name}", one.password_encrypted) for one in Trunk.objects.all()),
        *(
            (f"second factor of {one.user.username}", one.secret_encrypted)
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
        yield Finding(
            "secrets", "fault", f"what is stored for {', '.join(closed)} does not open",
            "restore TRONCO_SECRET_KEY, or enter the passwords again and remove the second factors",
        )  # fmt: skip
    else:
        yield Finding("secrets", "ok", "every stored secret opens")


def spool(home: Home) -> Iterator[Finding]:
    """Calls that ended and are not on record."""
    from tronco.calls.models import Cdr
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
        ids = {x.call_id for x in lines if isinstance(x, Ended) and x.at < latest}
        known = set(Cdr.objects.filter(call_id__in=ids).values_list("call_id", flat=True))
        if ids - known:
            yield Finding(
                "spool", "fault", f"{node.name}: {len(ids - known)} calls are not on record yet",
                "is sipcore running? nothing is lost: they stay in the spool until they are",
            )  # fmt: skip
        else:
            yield Finding("spool", "ok", f"{node.name}: every call in it is on record")


def worker(_home: Home) -> Iterator[Finding]:
    """Scheduled and long tasks."""
    from django.utils import timezone
    from procrastinate.contrib.django.models import ProcrastinateJob, ProcrastinateWorker

    now = timezone.now()
    alive = ProcrastinateWorker.objects.filter(last_heartbeat__gte=now - HEARTBEAT).count()
    if not alive:
        yield Finding("worker", "fault", "none is alive", "start it; cycles do not close without")
    late = ProcrastinateJob.objects.filter(status="todo", scheduled_at__lt=now - JOBS_WAIT).count()
    failed = ProcrastinateJob.objects.filter(status="failed").count()
    if late:
        yield Finding("worker", "warning", f"{late} tasks wait too long", "are workers enough?")
    if failed:
        yield Finding("worker", "warning", f"{failed} tasks failed", "read the worker's log")
    if alive and not late and not failed:
        yield Finding("worker", "ok", f"{alive} alive, no task late or failed")


def ledger(_home: Home) -> Iterator[Finding]:
    """What must always be true of the money, on the data as they are."""
    from tronco.calls.invariants import check_records
    from tronco.charging.invariants import CHECKS as LEDGER_CHECKS

    for check in (*LEDGER_CHECKS, check_records):
        rule = (check.__doc__ or "").strip().splitlines()[0]
        violations = list(check())
        for violation in violations[:VIOLATIONS_TOLD]:
            place = " ".join(
                f"{word} {value}"
                for word, value in (
                    ("account", violation.account_id),
                    ("call", violation.call_id),
                )
                if value is not None
            )
            yield Finding("ledger", "fault", f"{place}: {violation.message}", violation.cure)
        if len(violations) > VIOLATIONS_TOLD:
            rest = len(violations) - VIOLATIONS_TOLD
            yield Finding("ledger", "fault", f"and {rest} more of: {rule}", "mend those first")
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
            f"{len(result.differences)} prices come out otherwise, as that of {first.call.call_id}",
            "report this with the call's page",
        )  # fmt: skip
    else:
        yield Finding("prices", "ok", f"the last {result.calls} come out again to the millionth")


CHECKS: tuple[Check, ...] = (
    gate, centrals, routes, secrets_open, spool, worker, ledger, prices,
)  # fmt: skip

"""Everything that changes versions of price lists: drafts, prices, publication, roll-back."""

from __future__ import annotations

from datetime import datetime

from django.db import connection, transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _

from tronco.catalog.models import Rate, TariffVersion
from tronco.catalog.rates import InvalidRate, RateValues, check_rate, find_window_faults
from tronco.catalog.selectors import find_version_at, get_tariff, get_version
from tronco.core.errors import Conflict, InvalidInput, NotFound
from tronco.tenancy.access import Actor
from tronco.tenancy.saving import save_checked

Status = TariffVersion.Status


@transaction.atomic
def version_create(*, actor: Actor, tariff_id: int, source: str = "") -> TariffVersion:
    """Open an empty draft of the next prices."""
    actor.require("catalog.edit")
    tariff = get_tariff(actor=actor, tariff_id=tariff_id, lock=True)
    last = tariff.versions.aggregate(last=Max("number"))["last"] or 0
    version = TariffVersion(
        tenant=tariff.tenant,
        tariff=tariff,
        number=last + 1,
        source=source[:255],
        created_by=actor.name[:120],
    )
    save_checked(version)
    return version


@transaction.atomic
def version_copy(*, actor: Actor, version_id: int) -> TariffVersion:
    """Open a draft with the prices of any version, so that it can be changed and published."""
    actor.require("catalog.edit")
    origin = get_version(actor=actor, version_id=version_id)
    source = _("copy of v%(number)s") % {"number": origin.number}
    version = version_create(actor=actor, tariff_id=origin.tariff_id, source=source)
    columns = ", ".join(RateValues._fields)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO catalog_rate (version_id, {columns})"  # noqa: S608  our own names
            f" SELECT %s, {columns} FROM catalog_rate WHERE version_id = %s",
            [version.pk, origin.pk],
        )
    return version


@transaction.atomic
def version_publish(
    *,
    actor: Actor,
    version_id: int,
    effective_at: datetime | None = None,
    accept_errors: bool = False,
) -> TariffVersion:
    """Put the draft's prices in effect, now (None) or at a coming instant, and for ever unchanged.

    `accept_errors`: also when lines of the file it came from were left out.
    """
    actor.require("catalog.edit")
    version = get_version(actor=actor, version_id=version_id, lock=True)
    now = timezone.now()
    effective_at = now if effective_at is None else effective_at
    _check_publishable(version, accept_errors)
    if effective_at < now:
        raise InvalidInput(
            _("Prices cannot begin in the past, where calls already had theirs; say now."),
            field="effective_at",
            code="effective-in-past",
        )
    same = version.tariff.versions.filter(status=Status.PUBLISHED, effective_at=effective_at)
    if other := same.first():
        raise Conflict(
            _("v%(number)s begins at that very moment; withdraw it or choose another.")
            % {"number": other.number},
            code="effective-taken",
        )
    version.status, version.effective_at = Status.PUBLISHED, effective_at
    save_checked(version)
    return version


@transaction.atomic
def version_withdraw(
    *, actor: Actor, version_id: int, leave_unpriced: bool = False
) -> TariffVersion:
    """Roll back: the version before it counts again for calls that start from now on.

    `leave_unpriced`: also when there is none before it, so that calls by this list are refused.
    """
    actor.require("catalog.edit")
    version = get_version(actor=actor, version_id=version_id, lock=True)
    if version.status != Status.PUBLISHED:
        raise Conflict(
            _("v%(number)s is not published, so there is nothing to withdraw.")
            % {"number": version.number},
            code="version-not-published",
        )
    now = timezone.now()
    had_prices = find_version_at(tariff_id=version.tariff_id, at=now) is not None
    version.status, version.withdrawn_at = Status.WITHDRAWN, now
    save_checked(version)
    has_prices = find_version_at(tariff_id=version.tariff_id, at=now) is not None
    if had_prices and not has_prices and not leave_unpriced:
        raise Conflict(
            _("Without v%(number)s this list has no prices and calls by it are refused; confirm.")
            % {"number": version.number},
            code="leaves-unpriced",
        )
    return version


@transaction.atomic
def version_discard(*, actor: Actor, version_id: int) -> None:
    """Throw a draft away."""
    actor.require("catalog.edit")
    version = get_version(actor=actor, version_id=version_id, lock=True)
    _require_draft(version)
    version.delete()


@transaction.atomic
def rate_set(
    *, actor: Actor, version_id: int, values: RateValues, rate_id: int | None = None
) -> Rate:
    """Put a price into a draft: a new one, or in place of `rate_id`."""
    actor.require("catalog.edit")
    version = get_version(actor=actor, version_id=version_id, lock=True)
    _require_draft(version)
    values = check_rate(values)
    rate = Rate(version=version) if rate_id is None else _get_rate(version, rate_id)
    taken = version.rates.filter(prefix=values.prefix, call_class=values.call_class)
    if taken.exclude(pk=rate.pk).exists():
        raise Conflict(
            _("%(target)s already has a price in this version; change that one.")
            % {"target": values.target},
            code="rate-exists",
        )
    for name, value in values._asdict().items():
        setattr(rate, name, value)
    save_checked(rate)
    return rate


@transaction.atomic
def rate_remove(*, actor: Actor, version_id: int, rate_id: int) -> None:
    """Take a price out of a draft."""
    actor.require("catalog.edit")
    version = get_version(actor=actor, version_id=version_id, lock=True)
    _require_draft(version)
    _get_rate(version, rate_id).delete()


def _check_publishable(version: TariffVersion, accept_errors: bool) -> None:
    _require_draft(version)
    if not version.rates.exists():
        raise Conflict(
            _("v%(number)s has no prices yet.") % {"number": version.number}, code="version-empty"
        )
    rate_import = getattr(version, "rate_import", None)
    if rate_import is not None and rate_import.errors and not accept_errors:
        raise Conflict(
            _("%(count)s lines of %(file)s were left out for errors; correct them or confirm.")
            % {"count": rate_import.errors, "file": rate_import.file_name},
            code="import-has-errors",
            details={"errors": rate_import.errors},
        )
    # Whatever put them there, windows that do not load must never meet a call.
    rows = version.rates.exclude(windows=None).order_by()
    for windows in rows.values_list("windows", flat=True).distinct():
        if found := find_window_faults(windows):
            raise InvalidRate(found)


def _require_draft(version: TariffVersion) -> None:
    if version.status != Status.DRAFT:
        raise Conflict(
            _("v%(number)s was published and never changes; copy it to a new draft.")
            % {"number": version.number},
            code="version-not-draft",
        )


def _get_rate(version: TariffVersion, rate_id: int) -> Rate:
    rate = version.rates.filter(pk=rate_id).first()
    if rate is None:
        raise NotFound(_("There is no such price."), details={"rate": rate_id})
    return rate

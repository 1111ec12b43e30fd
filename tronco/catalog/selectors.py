"""Reads of the catalogue."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce, Length
from django.utils import timezone
from django.utils.translation import gettext as _

from tronco.catalog.models import Allowance, Plan, Rate, Tariff, TariffVersion
from tronco.catalog.rates import RateValues
from tronco.core.errors import NotFound
from tronco.numbering.number import CallClass
from tronco.tenancy.access import Actor
from tronco.tenancy.models import Tenant

Status = TariffVersion.Status


def list_plans(*, actor: Actor) -> QuerySet[Plan]:
    """Return the plans that the actor's tenants sell, with their price lists."""
    return Plan.objects.visible_to(actor).select_related("tariff", "tenant")


def get_plan(*, actor: Actor, plan_id: int, lock: bool = False) -> Plan:
    """Return a plan, or raise NotFound."""
    rows = list_plans(actor=actor)
    plan = (rows.select_for_update(of=("self",)) if lock else rows).filter(pk=plan_id).first()
    if plan is None:
        raise NotFound(_("There is no such plan."), details={"plan": plan_id})
    return plan


def get_allowance(*, actor: Actor, allowance_id: int) -> Allowance:
    """Return an allowance with its plan, or raise NotFound."""
    rows = Allowance.objects.visible_to(actor).select_related("plan")
    allowance = rows.filter(pk=allowance_id).first()
    if allowance is None:
        raise NotFound(_("There is no such allowance."), details={"allowance": allowance_id})
    return allowance


def list_tariffs(*, actor: Actor) -> QuerySet[Tariff]:
    """Return the price lists: how many plans use each, and which version is in effect."""
    now = timezone.now()
    current = TariffVersion.objects.filter(
        tariff=OuterRef("pk"), status=Status.PUBLISHED, effective_at__lte=now
    ).order_by("-effective_at", "-number")
    rows = Tariff.objects.visible_to(actor).select_related("tenant")
    return rows.annotate(
        plan_count=Count("plans", distinct=True),
        current_number=Subquery(current.values("number")[:1]),
        current_since=Subquery(current.values("effective_at")[:1]),
    )


def get_tariff(*, actor: Actor, tariff_id: int, lock: bool = False) -> Tariff:
    """Return a price list, or raise NotFound."""
    rows = Tariff.objects.visible_to(actor).select_related("tenant")
    tariff = (rows.select_for_update(of=("self",)) if lock else rows).filter(pk=tariff_id).first()
    if tariff is None:
        raise NotFound(_("There is no such price list."), details={"tariff": tariff_id})
    return tariff


def list_versions(*, actor: Actor, tariff_id: int | None = None) -> QuerySet[TariffVersion]:
    """Return versions of price lists, newest first, with how many prices each has."""
    rows = TariffVersion.objects.visible_to(actor).select_related("tariff")
    if tariff_id is not None:
        rows = rows.filter(tariff_id=tariff_id)
    # A subquery, so that only the versions shown have their prices counted.
    rates = Rate.objects.filter(version=OuterRef("pk")).order_by().values("version")
    counted = rates.annotate(count=Count("pk")).values("count")
    return rows.annotate(rate_count=Coalesce(Subquery(counted), 0)).order_by("tariff", "-number")


def get_version(*, actor: Actor, version_id: int, lock: bool = False) -> TariffVersion:
    """Return a version with its price list, or raise NotFound."""
    rows = TariffVersion.objects.visible_to(actor).select_related("tariff", "tariff__tenant")
    found = rows.select_for_update(of=("self",)) if lock else rows
    version = found.filter(pk=version_id).first()
    if version is None:
        raise NotFound(_("There is no such version."), details={"version": version_id})
    return version


def find_version_at(
    *, tariff_id: int, at: datetime, without: TariffVersion | None = None
) -> TariffVersion | None:
    """Return the version that prices a call which starts at that instant.

    The latest in effect by then; one withdrawn since does not count from its withdrawal on, and
    neither does `without`.
    """
    counted = Q(status=Status.PUBLISHED) | Q(status=Status.WITHDRAWN, withdrawn_at__gt=at)
    rows = TariffVersion.objects.filter(counted, tariff_id=tariff_id, effective_at__lte=at)
    if without is not None:
        rows = rows.exclude(pk=without.pk)
    return rows.select_related("tariff").order_by("-effective_at", "-number").first()


def find_previous_version(*, version: TariffVersion, now: datetime) -> TariffVersion | None:
    """Return the version that this one replaces, or, being a draft, would replace today."""
    if version.effective_at is None or version.status == Status.DRAFT:
        return find_version_at(tariff_id=version.tariff_id, at=now)
    just_before = version.effective_at - timedelta(microseconds=1)
    return find_version_at(tariff_id=version.tariff_id, at=just_before)


def list_rates(*, actor: Actor, version_id: int) -> QuerySet[Rate]:
    """Return the prices of one version: classes first, then prefixes in order."""
    return Rate.objects.visible_to(actor).filter(version_id=version_id)


def list_rate_values(*, version_id: int) -> Iterator[RateValues]:
    """Yield the prices of a version as plain values, in order."""
    rows = Rate.objects.filter(version_id=version_id).values_list(*RateValues._fields)
    return (RateValues(*row) for row in rows.iterator(chunk_size=5000))


def find_rate(*, version_id: int, digits: str, call_class: str) -> Rate | None:
    """Return the price of a number: that of the longest prefix, else that of its class.

    A short code is no beginning of a number abroad: only a rate for that very code counts.
    """
    shortest = len(digits) if call_class == CallClass.SERVICES else 1
    prefixes = [digits[:length] for length in range(shortest, len(digits) + 1)]
    matching = Q(prefix__in=prefixes) | Q(prefix="", call_class=call_class)
    rows = Rate.objects.filter(matching, version_id=version_id)
    return rows.order_by(Length("prefix").desc()).first()


def find_purchase_plan(*, tenant: Tenant) -> Plan | None:
    """Return the plan by which a reseller buys from the tenant above him.

    Accounts lie in a folder above this one; they are reached from the plan, as panels do.
    """
    return Plan.objects.filter(accounts__role="reseller", accounts__tenant=tenant).first()

"""What the demonstration's sellers offer: their price lists with versions, and their plans."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import NamedTuple

from tronco.catalog.imports import rates_import
from tronco.catalog.models import Allowance, CallClass, Plan, Tariff, TariffVersion
from tronco.catalog.services import allowance_set, plan_create, tariff_create
from tronco.catalog.sheet import write_sheet
from tronco.catalog.version_services import version_publish
from tronco.charging.cycles import ZONE
from tronco.core.money import MICRO
from tronco.demo.people import People
from tronco.demo.price_lists import (
    PRICE_LISTS,
    Prices,
    costs,
    retail,
    retail_coming,
)
from tronco.tenancy.access import SYSTEM

# Before any call of the history.
FIRST_AGO = timedelta(days=100)
CHANGED_AGO = timedelta(days=11)
CHANGES_IN = timedelta(days=12)
MINUTE_S = 60

FIXED = (CallClass.LOCAL_FIXED, CallClass.LDN_FIXED)
MOBILE = (CallClass.LOCAL_MOBILE, CallClass.LDN_MOBILE)


class Included(NamedTuple):
    """An allowance of minutes, or of reais."""

    name: str
    classes: tuple[CallClass, ...]
    minutes: int = 0
    reais: int = 0


@dataclass(frozen=True, slots=True)
class Offer:
    """A plan of whoever owns the price list with the key `prices`; the fee in reais."""

    key: str
    name: str
    kind: Plan.Kind
    prices: str
    fee: int = 0
    included: tuple[Included, ...] = ()
    is_wholesale: bool = False


PREPAID, CONTROL, POSTPAID = Plan.Kind.PREPAID, Plan.Kind.CONTROL, Plan.Kind.POSTPAID
FIXED_40 = Included("40 min fixo", FIXED, 40)
OFFERS = (
    Offer("pre", "Pré-pago", PREPAID, "varejo"),
    Offer("noite", "Pré-pago Noite", PREPAID, "noite"),
    Offer("controle", "Controle 60", CONTROL, "varejo", 60, (FIXED_40,)),
    Offer(
        "pos", "Pós-pago Empresa", POSTPAID, "varejo", 150,
        (Included("200 min fixo", FIXED, 200), Included("40 min celular", MOBILE, 40)),
    ),
    Offer("revenda-pre", "Revenda pré-pago", PREPAID, "atacado", is_wholesale=True),
    Offer("revenda-pos", "Revenda pós-pago", POSTPAID, "atacado", is_wholesale=True),
    Offer("h-pre", "Horizonte Pré", PREPAID, "horizonte"),
    Offer(
        "h-controle", "Horizonte Controle 80", CONTROL, "horizonte", 80,
        (Included("R$ 10 para celular", MOBILE, reais=10),),
    ),
    Offer(
        "h-pos", "Horizonte Pós", POSTPAID, "horizonte", 120,
        (Included("100 min fixo", FIXED, 100),),
    ),
    Offer("h-revenda", "Horizonte Revenda", PREPAID, "h-atacado", is_wholesale=True),
    Offer("s-pre", "Serra Pré", PREPAID, "serra"),
    Offer("s-controle", "Serra Controle", CONTROL, "serra", 50, (FIXED_40,)),
    Offer("s-pos", "Serra Pós", POSTPAID, "serra", 90),
    Offer("l-pre", "Litoral Pré", PREPAID, "litoral"),
    Offer(
        "l-pos", "Litoral Pós", POSTPAID, "litoral", 110,
        (Included("30 min celular", MOBILE, 30),),
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Catalog:
    """Price lists and plans by their keys."""

    tariffs: dict[str, Tariff]
    plans: dict[str, Plan]


def offers_load(people: People, *, now: datetime) -> Catalog:
    """Make the price lists, with versions that were, are and will be in effect, and the plans."""
    tariffs: dict[str, Tariff] = {}
    for one in PRICE_LISTS:
        tariffs[one.key] = tariff_create(
            actor=SYSTEM, tenant_id=people.tenants[one.at].pk, name=one.name, kind=one.kind
        )
        first = _draft(tariffs[one.key], one.file_name, one.rates())
        _publish_in_past(first, _midnight(now - FIRST_AGO))
    retail_list = tariffs["varejo"]
    changed = _draft(retail_list, "varejo-revisado.csv", retail())
    _publish_in_past(changed, _midnight(now - CHANGED_AGO))
    coming = _draft(retail_list, "varejo-reajuste.csv", retail_coming())
    version_publish(actor=SYSTEM, version_id=coming.pk, effective_at=_midnight(now + CHANGES_IN))
    _draft(tariffs["jatoba"], "jatoba-proposta.csv", costs("0.91"))
    return Catalog(tariffs, {offer.key: _plan(offer, tariffs) for offer in OFFERS})


def _midnight(moment: datetime) -> datetime:
    return datetime.combine(moment.astimezone(ZONE).date(), time.min, ZONE)


def _draft(tariff: Tariff, file_name: str, prices: Prices) -> TariffVersion:
    """Import a price list, as a person would."""
    data = "".join(write_sheet(prices)).encode()
    made = rates_import(actor=SYSTEM, tariff_id=tariff.pk, file_name=file_name, data=data)
    return made.version


def _publish_in_past(version: TariffVersion, effective_at: datetime) -> None:
    """Publish as of long ago, which the service rightly refuses: the history needs its prices."""
    version.status, version.effective_at = TariffVersion.Status.PUBLISHED, effective_at
    version.save(update_fields=["status", "effective_at"])


def _plan(offer: Offer, tariffs: dict[str, Tariff]) -> Plan:
    tariff = tariffs[offer.prices]
    plan = plan_create(
        actor=SYSTEM,
        tenant_id=tariff.tenant_id,
        name=offer.name,
        kind=offer.kind,
        tariff_id=tariff.pk,
        monthly_fee_u=offer.fee * MICRO,
        rounding=Plan.Rounding.HALF_UP if offer.is_wholesale else Plan.Rounding.DOWN,
        decimals=4 if offer.is_wholesale else 2,
    )
    for position, included in enumerate(offer.included, start=1):
        in_reais = bool(included.reais)
        allowance_set(
            actor=SYSTEM,
            plan_id=plan.pk,
            name=included.name,
            classes=included.classes,
            unit=Allowance.Unit.MONEY if in_reais else Allowance.Unit.SECONDS,
            amount=included.reais * MICRO if in_reais else included.minutes * MINUTE_S,
            position=position,
        )
    return plan

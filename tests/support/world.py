"""A small operator to test upon: a master, resellers of two depths, customers of each, and prices.

    master ── customer
       ├── reseller_a ── customer_a
       │        └── reseller_a1 ── customer_a1
       └── reseller_b ── customer_b

What a fixed-line minute costs: the carrier takes R$ 0,03; the master sells to resellers at 0,05,
reseller A to A1 at 0,07, and everybody to customers at 0,10. A mobile minute is three times that,
an international one twenty times, 0800 is free. Cadence 30/6/3, cut to the cent for customers,
half up to the ten-thousandth for resellers.
"""

from __future__ import annotations

import hashlib
import itertools
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from django.conf import settings

from tronco.catalog.models import CallClass, Plan, Rate, Tariff, TariffVersion
from tronco.centrals.models import Central
from tronco.charging.models import Account, LedgerEntry
from tronco.circuits.models import Circuit
from tronco.core.money import MICRO
from tronco.identity.roles import Role, permissions_for
from tronco.routing.models import Carrier, Route, RouteStep, Trunk
from tronco.tenancy.access import Actor
from tronco.tenancy.models import Tenant

PASSWORD = "senha-de-teste-1"
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
# How many fixed-line minutes a minute of the class is worth.
WEIGHTS = {
    CallClass.LOCAL_FIXED: 1,
    CallClass.LDN_FIXED: 1,
    CallClass.LOCAL_MOBILE: 3,
    CallClass.LDN_MOBILE: 3,
    CallClass.N0300: 2,
    CallClass.N0800: 0,
    CallClass.SERVICES: 1,
    CallClass.LDI: 20,
}


def make_tenant(parent: Tenant | None, kind: str, name: str, **fields: Any) -> Tenant:
    tenant = Tenant(parent=parent, kind=kind, name=name, path=f"?{name}", **fields)
    tenant.save()
    tenant.path = f"{parent.path if parent else '/'}{tenant.pk}/"
    tenant.save(update_fields=["path"])
    return tenant


def make_tariff(
    tenant: Tenant,
    name: str,
    per_minute: str,
    *,
    kind: str = Tariff.Kind.SALE,
    without: str = "",
    **rate: Any,
) -> Tariff:
    """A tariff with one published version that prices every class, but `without` one."""
    tariff = Tariff.objects.create(tenant=tenant, name=name, kind=kind)
    make_version(tariff, per_minute, without=without, **rate)
    return tariff


def make_version(
    tariff: Tariff,
    per_minute: str,
    *,
    effective_at: datetime = LONG_AGO,
    without: str = "",
    **rate: Any,
) -> TariffVersion:
    """One more published version of a tariff."""
    version = TariffVersion.objects.create(
        tenant=tariff.tenant,
        tariff=tariff,
        number=tariff.versions.count() + 1,
        effective_at=effective_at,
        created_by="tests",
    )
    Rate.objects.bulk_create(
        Rate(
            version=version,
            call_class=call_class,
            price_per_min=Decimal(per_minute) * weight,
            **rate,
        )
        for call_class, weight in WEIGHTS.items()
        if call_class != without
    )
    version.status = TariffVersion.Status.PUBLISHED
    version.save()
    return version


def make_account(
    tenant: Tenant, plan: Plan, *, balance_u: int = 0, role: str = "circuit", **fields: Any
) -> Account:
    account = Account.objects.create(tenant=tenant, plan=plan, role=role, **fields)
    if balance_u:
        LedgerEntry.objects.create(
            tenant=tenant,
            account=account,
            at=datetime.now(UTC),
            kind=LedgerEntry.Kind.OPENING,
            balance_before_u=0,
            amount_u=balance_u,
            actor="tests",
            key="opening",
        )
        Account.objects.filter(pk=account.pk).update(balance_u=balance_u)
        account.refresh_from_db()
    return account


@dataclass
class World:
    """The tenants by name; the rest by method. Amounts are µR$."""

    master: Tenant
    reseller_a: Tenant
    reseller_a1: Tenant
    reseller_b: Tenant
    customer: Tenant
    customer_a: Tenant
    customer_a1: Tenant
    customer_b: Tenant
    central: Central
    carrier: Carrier
    trunk: Trunk
    route: Route
    plans: dict[tuple[int, str], Plan] = field(default_factory=dict)
    _numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1001))

    def plan(self, seller: Tenant, kind: str = "prepaid") -> Plan:
        """A seller's plan: `prepaid`, `control`, `postpaid`, or `wholesale` (for resellers)."""
        return self.plans[seller.pk, kind]

    def circuit(
        self,
        *,
        tenant: Tenant | None = None,
        plan: str | Plan = "prepaid",
        balance_u: int = 10 * MICRO,
        limit_u: int | None = 0,
        **fields: Any,
    ) -> Circuit:
        """A circuit of `tenant` (default: the master's customer) with an account of its own."""
        owner = tenant or self.customer
        if isinstance(plan, str):
            assert owner.parent is not None
            plan = self.plan(owner.parent, plan)
        number = fields.pop("number", str(next(self._numbers)))
        return Circuit.objects.create(
            tenant=owner,
            account=make_account(owner, plan, balance_u=balance_u, limit_u=limit_u),
            central=self.central,
            number=number,
            **_digests(number),
            **fields,
        )

    def reseller_account(self, reseller: Tenant) -> Account:
        return Account.objects.get(tenant=reseller, role=Account.Role.RESELLER)

    def actor(self, tenant: Tenant, role: Role = Role.ADMINISTRATOR) -> Actor:
        """Somebody of that tenant in that role, without a user row behind him."""
        return Actor(
            name=f"{role.value} de {tenant}",
            scopes=(tenant.path,),
            may=permissions_for(role, tenant.kind),
        )


def make_world(*, reseller_balance_u: int = 1000 * MICRO) -> World:
    master = make_tenant(None, "master", "Operadora")
    reseller_a = make_tenant(master, "reseller", "Revenda A")
    reseller_a1 = make_tenant(reseller_a, "reseller", "Revenda A1")
    reseller_b = make_tenant(master, "reseller", "Revenda B")
    central = Central.objects.create(tenant=master, name="node1", host="127.0.0.1")
    cost = make_tariff(master, "Custo Vizinha", "0.03", kind=Tariff.Kind.COST)
    carrier = Carrier.objects.create(tenant=master, name="Vizinha", cost_tariff=cost)
    trunk = Trunk.objects.create(
        tenant=master, carrier=carrier, name="vizinha", host="127.0.0.2", carries_emergency=True
    )
    route = Route.objects.create(tenant=master, name="Padrão", is_default=True)
    for call_class in CallClass.values:
        RouteStep.objects.create(tenant=master, route=route, call_class=call_class, trunk=trunk)
    world = World(
        master=master,
        reseller_a=reseller_a,
        reseller_a1=reseller_a1,
        reseller_b=reseller_b,
        customer=make_tenant(master, "customer", "Cliente"),
        customer_a=make_tenant(reseller_a, "customer", "Cliente A"),
        customer_a1=make_tenant(reseller_a1, "customer", "Cliente A1"),
        customer_b=make_tenant(reseller_b, "customer", "Cliente B"),
        central=central,
        carrier=carrier,
        trunk=trunk,
        route=route,
    )
    for seller, wholesale in ((master, "0.05"), (reseller_a, "0.07")):
        world.plans[seller.pk, "wholesale"] = Plan.objects.create(
            tenant=seller,
            name="Atacado",
            kind=Plan.Kind.PREPAID,
            tariff=make_tariff(seller, "Atacado", wholesale),
            rounding=Plan.Rounding.HALF_UP,
            decimals=4,
        )
    for seller in (master, reseller_a, reseller_a1, reseller_b):
        tariff = make_tariff(seller, "Varejo", "0.10")
        for kind in Plan.Kind.values:
            world.plans[seller.pk, kind] = Plan.objects.create(
                tenant=seller, name=f"Varejo {kind}", kind=kind, tariff=tariff
            )
    for reseller in (reseller_a, reseller_a1, reseller_b):
        assert reseller.parent is not None
        plan = world.plan(reseller.parent, "wholesale")
        make_account(reseller, plan, balance_u=reseller_balance_u, role=Account.Role.RESELLER)
    return world


def _digests(number: str) -> dict[str, str]:
    secret = f"{number}:{settings.TRONCO_SIP_REALM}:{PASSWORD}".encode()
    return {
        "ha1_md5": hashlib.md5(secret).hexdigest(),
        "ha1_sha256": hashlib.sha256(secret).hexdigest(),
    }

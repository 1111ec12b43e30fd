"""The demonstration's circuits: whose they are, how they are paid, how they have been used.

Circuits are numbered as the number that they ring and show.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tronco.catalog.models import CallClass, Plan
from tronco.centrals.models import Central
from tronco.charging.models import Account
from tronco.charging.services import account_open
from tronco.circuits.models import Circuit
from tronco.circuits.services import (
    circuit_create,
    circuit_disable,
    circuit_new_password,
    circuit_suspend,
)
from tronco.core.money import MICRO
from tronco.customers.models import Subscription
from tronco.customers.services import customer_change
from tronco.demo.carriers import ANSWERING_CARRIER, DOWN_CARRIER
from tronco.demo.people import RESELLERS, People, cashier_of
from tronco.dids.models import Did
from tronco.dids.services import did_create
from tronco.tenancy.access import SYSTEM
from tronco.tenancy.models import Tenant

WITHOUT_ABROAD = tuple(one.value for one in CallClass if one != CallClass.LDI)
FIXED_ONLY = (CallClass.LOCAL_FIXED.value, CallClass.LDN_FIXED.value, CallClass.N0800.value)
CYCLE_DAYS = (1, 5, 10, 15, 20)


@dataclass(frozen=True, slots=True)
class Wallet:
    """How an account was paid for during the month, in reais.

    `opening` is what it had when the month began. Whenever there is less than `least`, somebody
    adds `refill`; not in the last `dry` days, when whoever calls takes care not to run out
    altogether. `debit` days ago a person took away what was there beyond `down_to`.
    """

    opening: int = 0
    refill: int = 0
    least: int = 0
    dry: int = 0
    debit: int = 0
    down_to: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """A circuit of the customer with the key `of`, on the plan with the key `plan`.

    `calls` is on how many calls a working day brings, made and received; `limit` in reais. A phone
    is one that the demonstration plays. `suspended` and `disabled` count days ago.
    """

    number: str
    of: str
    plan: str
    description: str
    calls: int
    wallet: Wallet = field(default_factory=Wallet)
    limit: int | None = 0
    is_phone: bool = False
    classes: tuple[str, ...] = tuple(CallClass.values)
    max_calls: int = 2
    suspended: int = 0
    disabled: int = 0

    @property
    def ddd(self) -> int:
        return int(self.number[:2])

    @property
    def raw(self) -> str:
        """Its number, as carriers send it."""
        return f"55{self.number}"


LINES = (
    Line("1135550101", "padaria", "pre", "Balcão", 8, Wallet(120, 300, 100), is_phone=True,
         classes=WITHOUT_ABROAD),
    Line("1135550102", "padaria", "pre", "Escritório", 5, Wallet(20, 20, 6)),
    Line("1135550111", "clinica", "pos", "Recepção", 12, limit=2000, is_phone=True),
    Line("1135550112", "clinica", "pos", "Agendamento", 14, limit=2000, is_phone=True),
    Line("1135550113", "clinica", "pos", "Consultórios", 6, limit=800),
    Line("1135550114", "clinica", "pre", "Sala de espera", 3, Wallet(12, 10, 3),
         classes=FIXED_ONLY, max_calls=1),
    Line("5135550121", "rota", "pos", "Central de cargas", 14, limit=None, is_phone=True,
         max_calls=4),
    Line("5135550122", "rota", "pos", "Financeiro", 6, limit=1500),
    Line("5135550123", "rota", "pre", "Pátio", 7, Wallet(18, 15, 4), suspended=6),
    Line("1135550131", "farias", "controle", "Atendimento", 6, limit=120),
    Line("1135550132", "farias", "controle", "Diretoria", 4, limit=120),
    Line("1135550140", "helena", "noite", "Residência", 5,
         Wallet(12, 10, 3, dry=9, debit=2, down_to="1.85")),
    Line("3135550151", "morada", "h-pos", "Vendas", 12, limit=1500, is_phone=True),
    Line("3135550152", "morada", "h-pre", "Locação", 6, Wallet(25, 20, 6)),
    Line("3135550161", "escola", "h-controle", "Secretaria", 9, limit=400, is_phone=True,
         classes=WITHOUT_ABROAD),
    Line("3135550162", "escola", "h-controle", "Coordenação", 4, limit=100,
         classes=WITHOUT_ABROAD),
    Line("3135550171", "pampulha", "h-pre", "Balcão", 7,
         Wallet(18, 20, 6, debit=4, down_to="-18.40")),
    Line("3135550172", "pampulha", "h-pre", "Linha antiga", 3, Wallet(10, 10, 3), disabled=19),
    Line("3235550181", "pousada", "s-pre", "Recepção", 10, Wallet(110, 300, 90), is_phone=True),
    Line("3235550182", "pousada", "s-controle", "Gerência", 4, limit=90),
    Line("3535550191", "campo", "s-pos", "Vendas", 7, limit=900),
    Line("3535550192", "campo", "s-pre", "Portaria", 3, Wallet(12, 10, 3)),
    Line("4835550201", "mare", "l-pre", "Reservas", 10, Wallet(115, 300, 100), is_phone=True),
    Line("2135550211", "nogueira", "l-pos", "Recepção", 9, limit=1200, is_phone=True),
    Line("2135550212", "nogueira", "l-pos", "Sócios", 7, limit=1200),
    Line("4735550221", "joao", "l-pre", "Residência", 3, Wallet(12, 10, 3)),
)  # fmt: skip
# Resellers' accounts: plan, wallet, limit.
RESELLER_ACCOUNTS = {
    "horizonte": ("revenda-pre", Wallet(700, 800, 680), 0),
    "serra": ("h-revenda", Wallet(500, 300, 480), 0),
    "litoral": ("revenda-pos", Wallet(), 8000),
}
SERVICE_NUMBER = "08005550199"


@dataclass(frozen=True, slots=True)
class Lines:
    """What was made: circuits, their new passwords and numbers by the circuit's own number.

    `wallets` and `cashiers` (the names of who takes the money) are by account.
    """

    circuits: dict[str, Circuit] = field(default_factory=dict)
    passwords: dict[str, str] = field(default_factory=dict)
    dids: dict[str, Did] = field(default_factory=dict)
    wallets: dict[int, Wallet] = field(default_factory=dict)
    cashiers: dict[int, str] = field(default_factory=dict)


def lines_load(people: People, plans: Mapping[str, Plan], central: Central) -> Lines:
    """Make the resellers' accounts, the circuits, and their numbers."""
    lines = Lines()
    for person in RESELLERS:
        plan, wallet, limit = RESELLER_ACCOUNTS[person.key]
        account = account_open(
            actor=SYSTEM,
            tenant=people.tenants[person.key],
            plan=plans[plan],
            role=Account.Role.RESELLER,
            limit_u=limit * MICRO,
        )
        lines.wallets[account.pk] = wallet
        lines.cashiers[account.pk] = cashier_of(person.key)
    for place, line in enumerate(LINES):
        tenant = people.tenants[line.of]
        made = circuit_create(
            actor=SYSTEM,
            tenant_id=tenant.pk,
            plan_id=plans[line.plan].pk,
            central_id=central.pk,
            number=line.number,
            limit_u=None if line.limit is None else line.limit * MICRO,
            cycle_day=CYCLE_DAYS[place % len(CYCLE_DAYS)],
            description=line.description,
            own_ddd=line.ddd,
            allowed_classes=list(line.classes),
            max_calls=line.max_calls,
        )
        lines.circuits[line.number] = made.circuit
        lines.passwords[line.number] = made.password
        lines.wallets[made.circuit.account_id] = line.wallet
        lines.cashiers[made.circuit.account_id] = cashier_of(line.of)
        saved = did_create(
            actor=SYSTEM,
            tenant_id=tenant.pk,
            raw=line.raw,
            circuit_id=made.circuit.pk,
            supplier=ANSWERING_CARRIER,
        )
        lines.dids[line.number] = saved.did
        _subscribe(tenant, plans[line.plan], CYCLE_DAYS[place % len(CYCLE_DAYS)])
    _more_numbers(people, lines)
    return lines


def _subscribe(customer: Tenant, plan: Plan, due_day: int) -> None:
    """Let a customer's first line say by which plan he buys."""
    if Subscription.objects.filter(tenant=customer, plan=None).exists():
        customer_change(
            actor=SYSTEM,
            tenant_id=customer.pk,
            name=customer.name,
            status=customer.status,
            plan_id=plan.pk,
            due_day=due_day,
        )


def lines_close(lines: Lines) -> None:
    """Suspend and disable what no longer calls, once its history is there."""
    for line in LINES:
        circuit_id = lines.circuits[line.number].pk
        if line.suspended:
            circuit_suspend(actor=SYSTEM, circuit_id=circuit_id)
        if line.disabled:
            circuit_disable(actor=SYSTEM, circuit_id=circuit_id)


def renew_phones() -> dict[str, str]:
    """Give the demonstration's phones new passwords: the former are kept nowhere else."""
    numbers = [line.number for line in LINES if line.is_phone]
    circuits = Circuit.objects.filter(number__in=numbers)
    return {
        circuit.number: circuit_new_password(actor=SYSTEM, circuit_id=circuit.pk).password
        for circuit in circuits.order_by("number")
    }


def _more_numbers(people: People, lines: Lines) -> None:
    """A number that everybody calls for free, and two that ring nowhere."""
    clinic = people.tenants["clinica"].pk
    did_create(
        actor=SYSTEM,
        tenant_id=clinic,
        raw=SERVICE_NUMBER,
        kind=Did.Kind.SPECIAL,
        circuit_id=lines.circuits["1135550112"].pk,
        reverse_charging=True,
        supplier=ANSWERING_CARRIER,
    )
    did_create(actor=SYSTEM, tenant_id=clinic, raw="551135550119", supplier=ANSWERING_CARRIER)
    did_create(
        actor=SYSTEM,
        tenant_id=people.tenants["rota"].pk,
        raw="555135550129",
        supplier=DOWN_CARRIER,
        is_active=False,
    )

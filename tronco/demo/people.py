"""The demonstration's resellers, customers and users. All are invented.

master ── 5 customers
   ├── Horizonte Voz ── 3 customers
   │        └── Serra Azul ── 2 customers
   └── Litoral Fone ── 3 customers
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from tronco.core.ids import new_password
from tronco.customers.services import customer_create
from tronco.identity.models import User
from tronco.identity.roles import Role
from tronco.identity.services import user_create
from tronco.tenancy.access import SYSTEM
from tronco.tenancy.documents import check_digit
from tronco.tenancy.models import Tenant
from tronco.tenancy.services import TenantFacts, tenant_change, tenant_create

MASTER_NAME = "Operadora Aroeira"
# What `tronco prepare` calls a master that nobody has named.
UNNAMED_MASTER = "Operadora"
PASSWORD_LENGTH = 14


class Person(NamedTuple):
    """A tenant below `above`, which is the key of another, or empty: the master.

    `root` begins its CNPJ (8 characters) or CPF (9 digits); the rest is computed.
    """

    key: str
    above: str
    name: str
    root: str
    contact: str
    phone: str
    max_calls: int | None = None

    @property
    def is_company(self) -> bool:
        return len(self.root) == 8


class Worker(NamedTuple):
    """Somebody who signs in, at the tenant of that key."""

    username: str
    name: str
    at: str
    role: Role


RESELLERS = (
    Person("horizonte", "", "Horizonte Voz", "99910001", "Marina Teixeira", "3135550900"),
    Person("serra", "horizonte", "Serra Azul Telefonia", "99910002", "Caio Brandão", "3235550900"),
    Person("litoral", "", "Litoral Fone", "99910003", "Rafaela Coutinho", "4835550900"),
)
# The root of the demonstration's first reseller is what tells that it is there.
MARK = RESELLERS[0].root
CUSTOMERS = (
    Person("padaria", "", "Padaria Trigo da Vila", "99920001", "Sônia Arruda", "1135550100"),
    Person("clinica", "", "Clínica Bem Cuidar", "99920002", "Dr. Paulo Vianna", "1135550110", 8),
    # Since July 2026 a CNPJ may have letters.
    Person("rota", "", "Rota Sul Transportes", "99TR20A3", "Luciana Krieger", "5135550120", 10),
    Person("farias", "", "Farias & Moura Contabilidade", "99920004", "Edson Farias", "1135550130"),
    Person("helena", "", "Helena Prado Siqueira", "000000910", "Helena Prado", "11955550140"),
    Person("morada", "horizonte", "Imobiliária Morada", "99920005", "Tânia Lacerda", "3135550150"),
    Person("escola", "horizonte", "Escola Jardim das Letras", "99920006", "Irene Sá", "3135550160"),
    Person("pampulha", "horizonte", "Autopeças Pampulha", "99920007", "Davi Rocha", "3135550170"),
    Person("pousada", "serra", "Pousada Vale do Ouro", "99920008", "Célia Antunes", "3235550180"),
    Person("campo", "serra", "Laticínios Campo Belo", "99920009", "Nilton Borges", "3535550190"),
    Person("mare", "litoral", "Restaurante Maré Alta", "99920010", "Jonas Pereira", "4835550200"),
    Person("nogueira", "litoral", "Nogueira Advocacia", "99920011", "Lívia Nogueira", "2135550210"),
    Person("joao", "litoral", "João Batista Lemos", "000000920", "João Batista", "47955550220"),
)
FINANCE = Worker("financeiro", "Ana Beatriz Couto", "", Role.FINANCE)
SUPPORT = Worker("suporte", "Bruno Sampaio", "", Role.SUPPORT)
WORKERS = (
    FINANCE,
    SUPPORT,
    Worker("consulta", "Cláudia Menezes", "", Role.READ_ONLY),
    Worker("horizonte", "Marina Teixeira", "horizonte", Role.ADMINISTRATOR),
    Worker("serra", "Caio Brandão", "serra", Role.ADMINISTRATOR),
    Worker("litoral", "Rafaela Coutinho", "litoral", Role.ADMINISTRATOR),
    Worker("clinica", "Paulo Vianna", "clinica", Role.CUSTOMER_ADMINISTRATOR),
    Worker("morada", "Tânia Lacerda", "morada", Role.CUSTOMER_ADMINISTRATOR),
)


@dataclass(frozen=True, slots=True)
class Access:
    """How somebody signs in; the password is told now and never again."""

    username: str
    password: str
    what: str


@dataclass(frozen=True, slots=True)
class People:
    """The tenants by their keys; the master's is empty."""

    tenants: dict[str, Tenant]
    access: list[Access] = field(default_factory=list)

    @property
    def master(self) -> Tenant:
        return self.tenants[""]


def cashier_of(key: str) -> str:
    """The name of who takes the money of the tenant with that key: somebody of its seller's."""
    seller = next(person.above for person in (*RESELLERS, *CUSTOMERS) if person.key == key)
    cashiers = {worker.at: worker.name for worker in WORKERS if worker.role == Role.ADMINISTRATOR}
    return cashiers.get(seller, FINANCE.name)


def people_load(master: Tenant) -> People:
    """Create everybody, and name the master if nobody has."""
    if master.name == UNNAMED_MASTER:
        tenant_change(
            actor=SYSTEM,
            tenant_id=master.pk,
            name=MASTER_NAME,
            status=master.status,
            email="contato@aroeira.example.com.br",
            document=document_of("99900001"),
        )
        master.refresh_from_db()
    people = People({"": master})
    for person in RESELLERS:
        people.tenants[person.key] = _tenant(people, person, Tenant.Kind.RESELLER)
    for person in CUSTOMERS:
        people.tenants[person.key] = _tenant(people, person, Tenant.Kind.CUSTOMER)
    for worker in WORKERS:
        worker_load(people, worker)
    return people


def is_loaded() -> bool:
    """Tell whether the demonstration's people are there, whatever they are called by now."""
    return Tenant.objects.filter(document=document_of(MARK)).exists()


def document_of(root: str) -> str:
    """Complete a CNPJ of which the first eight characters are given, or a CPF of nine digits."""
    body, largest = (f"{root}0001", 9) if len(root) == 8 else (root, 11)
    first = check_digit(body, largest=largest)
    return body + first + check_digit(body + first, largest=largest)


def _tenant(people: People, person: Person, kind: str) -> Tenant:
    facts: TenantFacts = {
        "contact": person.contact,
        "person": Tenant.Person.COMPANY if person.is_company else Tenant.Person.INDIVIDUAL,
        "document": document_of(person.root),
        "email": f"contato@{person.key}.example.com.br",
        "phone": person.phone,
        "max_calls": person.max_calls,
    }
    above = people.tenants[person.above].pk
    if kind == Tenant.Kind.RESELLER:
        return tenant_create(actor=SYSTEM, parent_id=above, kind=kind, name=person.name, **facts)
    return customer_create(
        actor=SYSTEM,
        parent_id=above,
        name=person.name,
        status=Tenant.Status.ACTIVE,
        # Those who sign in have their passwords from `access.txt`.
        invite=False,
        **facts,
    )


def worker_load(people: People, worker: Worker) -> User:
    """Let somebody sign in, with a password of his own."""
    password = new_password(PASSWORD_LENGTH)
    user: User = user_create(
        actor=SYSTEM,
        username=worker.username,
        name=worker.name,
        tenant_id=people.tenants[worker.at].pk,
        role=worker.role,
        password=password,
        email=f"{worker.username}@{worker.at or 'aroeira'}.example.com.br",
        must_change_password=False,
    )
    people.access.append(
        Access(user.username, password, f"{user.get_role_display()}, {user.tenant}")
    )
    return user

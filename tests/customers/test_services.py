"""A customer's life: made and invited, on another plan, removed and restored; who may what."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.db import connection, transaction

from tests.charging.calls import authorise, request
from tests.identity.making import CHOSEN, address, choose
from tests.support.asterisk import wait_until
from tests.support.web import WebClient, make_user, signed_in
from tests.support.world import PASSWORD, World, make_world
from tronco.calls.models import Cdr
from tronco.charging.gateway import Grant
from tronco.charging.models import Authorization, LedgerEntry
from tronco.circuits.models import Circuit
from tronco.core.errors import Conflict, InvalidInput, NotAllowed, NotFound, TroncoError
from tronco.customers import selectors, services
from tronco.customers.models import Subscription
from tronco.dids.models import Did, Tenure
from tronco.dids.services import did_create
from tronco.identity.models import User
from tronco.identity.roles import Role
from tronco.mail.models import Email
from tronco.tenancy.access import SYSTEM
from tronco.tenancy.models import Tenant
from tronco.tenancy.services import tenant_change, tenant_restore

EMAIL = "dona@padaria.example.com.br"


@pytest.fixture
def world(db: None) -> World:
    return make_world()


def create(world: World, **changes: Any) -> Tenant:
    """A customer of reseller A, made by its support."""
    facts: dict[str, Any] = {
        "actor": world.actor(world.reseller_a, Role.SUPPORT),
        "parent_id": world.reseller_a.pk,
        "name": "Padaria",
        "email": EMAIL,
        "plan_id": world.plan(world.reseller_a).pk,
    }
    return services.customer_create(**{**facts, **changes})


def change(world: World, customer: Tenant, **changes: Any) -> Tenant:
    facts: dict[str, Any] = {
        "actor": world.actor(world.reseller_a),
        "tenant_id": customer.pk,
        "name": customer.name,
        "status": customer.status,
        "plan_id": customer.subscription.plan_id,
    }
    return services.customer_change(**{**facts, **changes})


def test_from_the_form_to_the_first_sign_in(world: World) -> None:
    customer = create(world)
    assert customer.status == Tenant.Status.PENDING
    assert len(customer.subscription.service_code) == 8
    access = selectors.find_access(customer)
    assert access is not None
    assert (access.username, access.role) == (EMAIL, Role.CUSTOMER_ADMINISTRATOR)
    assert Email.objects.get().recipient == EMAIL
    assert choose(address(), phone="1133334444").status_code == 302
    customer.refresh_from_db()
    assert (customer.status, customer.phone) == ("active", "1133334444")
    entered = WebClient().post("/identity/sign-in/", {"username": EMAIL, "password": CHOSEN})
    assert entered.status_code == 302


def test_without_an_email_or_a_wish_nobody_is_invited(world: World) -> None:
    for changes in ({"email": ""}, {"invite": False}):
        customer = create(world, **changes)
        assert selectors.find_access(customer) is None
    assert not Email.objects.exists()
    services.customer_invite(actor=world.actor(world.reseller_a), tenant_id=customer.pk)
    assert Email.objects.get().tenant == customer


def test_a_name_that_is_taken_becomes_another(world: World) -> None:
    make_user(world.reseller_b, username=EMAIL)
    customer = create(world)
    access = selectors.find_access(customer)
    assert access is not None
    assert (access.username, access.email) == (f"cliente{customer.pk}", EMAIL)


def test_who_has_his_password_is_not_invited_again(world: World) -> None:
    customer = create(world)
    choose(address())
    with pytest.raises(Conflict):
        services.customer_invite(actor=world.actor(world.reseller_a), tenant_id=customer.pk)


@pytest.mark.parametrize(
    ("who", "role", "changes", "refusal"),
    [
        ("reseller_a", Role.READ_ONLY, {}, NotAllowed),
        ("reseller_a", Role.FINANCE, {}, NotAllowed),
        ("reseller_b", Role.ADMINISTRATOR, {}, NotFound),
        ("reseller_a", Role.SUPPORT, {"plan": "reseller_b"}, InvalidInput),
        ("reseller_a", Role.SUPPORT, {"plan": "master"}, InvalidInput),
        ("reseller_a", Role.SUPPORT, {"due_day": 26}, InvalidInput),
        ("reseller_a", Role.SUPPORT, {"status": "removed"}, InvalidInput),
        ("reseller_a", Role.SUPPORT, {"document": "52998224725"}, InvalidInput),
        ("reseller_a", Role.SUPPORT, {"postal_code": "123"}, InvalidInput),
        ("reseller_a", Role.SUPPORT, {"uf": "XX"}, InvalidInput),
    ],
)
def test_what_is_refused(
    world: World, who: str, role: Role, changes: dict[str, Any], refusal: type[Exception]
) -> None:
    if seller := changes.pop("plan", None):
        changes["plan_id"] = world.plan(getattr(world, seller)).pk
    before = Tenant.objects.count()
    with pytest.raises(refusal):
        create(world, actor=world.actor(getattr(world, who), role), **changes)
    assert Tenant.objects.count() == before
    assert not Email.objects.exists()


def test_whoever_sees_some_customers_sees_the_one_he_makes(world: World) -> None:
    """S3-05: under the database role of the web, whose rows end at his profile."""
    ana = make_user(world.reseller_a, Role.SUPPORT, username="ana")
    ana.customers.set([world.customer_a])
    client = signed_in(ana)
    page = client.get("/tenancy/customers/add/").content.decode()
    assert 'name="parent"' not in page
    typed = {"name": "Padaria", "person": "company", "status": "pending", "due_day": "10"}
    answer = client.post("/tenancy/customers/add/", {**typed, "email": EMAIL, "invite": "on"})
    made = Tenant.objects.get(name="Padaria")
    assert made.parent == world.reseller_a
    assert answer["Location"] == f"/tenancy/customers/{made.pk}/"
    assert client.get(answer["Location"]).status_code == 200
    assert set(ana.customers.all()) == {world.customer_a, made}
    assert Email.objects.get().tenant == made
    # His reach grew by this one alone.
    assert client.get(f"/tenancy/customers/{world.customer_a1.pk}/").status_code == 404


def test_another_plan_takes_along_the_lines_that_were_on_it(world: World) -> None:
    customer = create(world)
    here, other = world.plan(world.reseller_a), world.plan(world.reseller_a, "control")
    follows = world.circuit(tenant=customer, plan=here)
    stays = world.circuit(tenant=customer, plan=other, limit_u=50_000_000)
    better = world.plan(world.reseller_a)
    better.pk, better.name = None, "Varejo melhor"
    better.save()
    change(world, customer, plan_id=better.pk)
    assert Circuit.objects.get(pk=follows.pk).account.plan == better
    assert Circuit.objects.get(pk=stays.pk).account.plan == other
    assert Subscription.objects.get(tenant=customer).plan == better
    with pytest.raises(InvalidInput) as refusal:
        customer.refresh_from_db()
        change(world, customer, plan_id=other.pk)
    assert refusal.value.code == "plan-kind"
    assert follows.number in str(refusal.value)


@pytest.mark.parametrize("limit_u", [None, 0, 50_000_000])
def test_another_plan_leaves_the_limits_of_the_lines_as_they_were(
    world: World, limit_u: int | None
) -> None:
    here = world.plan(world.reseller_a, "postpaid")
    customer = create(world, plan_id=here.pk)
    line = world.circuit(tenant=customer, plan=here, limit_u=limit_u)
    better = world.plan(world.reseller_a, "postpaid")
    better.pk, better.name = None, "Varejo melhor"
    better.save()
    change(world, customer, plan_id=better.pk)
    account = Circuit.objects.get(pk=line.pk).account
    assert (account.plan, account.limit_u) == (better, limit_u)


@pytest.mark.parametrize(
    ("today", "due_day", "expected"),
    [
        (date(2026, 11, 10), 10, date(2026, 11, 10)),
        (date(2026, 11, 11), 10, date(2026, 12, 10)),
        (date(2026, 12, 26), 25, date(2027, 1, 25)),
        (date(2026, 1, 31), 1, date(2026, 2, 1)),
    ],
)
def test_when_the_next_bill_is_due(today: date, due_day: int, expected: date) -> None:
    assert Subscription(due_day=due_day).next_due(today) == expected


def test_the_accesss_email_follows_while_nobody_else_reads_it(world: World) -> None:
    customer = create(world)
    support = world.actor(world.reseller_a, Role.SUPPORT)
    change(world, customer, actor=support, email="nova@padaria.example.com.br")
    access = User.objects.get(tenant=customer)
    assert access.email == "nova@padaria.example.com.br"
    assert WebClient().get(address()).status_code == 404  # the link in the old mailbox
    services.customer_invite(actor=support, tenant_id=customer.pk)
    choose(address())
    customer.refresh_from_db()
    # From now on a link would be a way to the customer's password.
    change(world, customer, actor=support, email="suporte@mal.example.com.br")
    access.refresh_from_db()
    assert access.email == "nova@padaria.example.com.br"


def test_a_new_password_is_given_by_who_may_change_users(world: World) -> None:
    customer = create(world)
    support = world.actor(world.reseller_a, Role.SUPPORT)
    with pytest.raises(NotAllowed):
        change(world, customer, actor=support, password=PASSWORD)
    change(world, customer, password=PASSWORD)
    access = User.objects.get(tenant=customer)
    assert access.check_password(PASSWORD)
    assert access.must_change_password


def removed(world: World, customer: Tenant) -> Tenant:
    return services.customer_remove(actor=world.actor(world.reseller_a), tenant_id=customer.pk)


def test_removal_keeps_what_the_law_keeps(world: World) -> None:
    customer = create(world, status="active")
    choose(address())
    browser = WebClient()
    browser.post("/identity/sign-in/", {"username": EMAIL, "password": CHOSEN})
    circuit = world.circuit(tenant=customer)
    number = did_create(
        actor=SYSTEM, tenant_id=customer.pk, raw="1133334444", circuit_id=circuit.pk
    ).did
    now = datetime(2026, 11, 20, 15, tzinfo=UTC)
    Cdr.objects.create(
        identity=1,
        call_id="node1-1.0",
        tenant=customer,
        account=circuit.account,
        circuit=circuit,
        central="node1",
        direction="out",
        call_class="local_fixed",
        started_at=now,
        ended_at=now,
        outcome="answered",
        caller="1133334444",
        dialled="1140044004",
        called="+551140044004",
    )
    goes = selectors.count_what_goes(customer)
    assert goes == {"lines": 1, "numbers": 1, "users": 1}
    removed(world, customer)
    customer.refresh_from_db()
    circuit.refresh_from_db()
    number.refresh_from_db()
    assert (customer.status, circuit.status) == ("removed", "disabled")
    assert (number.tenant, number.state) == (world.reseller_a, Did.State.QUARANTINE)
    assert "/sign-in/" in browser.get("/identity/profile/")["Location"]
    assert Cdr.objects.filter(tenant=customer).count() == 1
    assert LedgerEntry.objects.filter(account=circuit.account).exists()
    assert Tenure.objects.get(tenant=customer).until is not None
    assert Subscription.objects.filter(tenant=customer).exists()


def test_a_running_call_forbids_removal_and_the_page_says_so(world: World) -> None:
    customer = create(world)
    circuit = world.circuit(tenant=customer)
    now = datetime(2026, 11, 20, 15, tzinfo=UTC)
    call = Authorization.objects.create(
        call_id="node1-1.1",
        tenant=customer,
        account=circuit.account,
        circuit_id=circuit.pk,
        central="node1",
        direction="out",
        caller="1133334444",
        dialled="1140044004",
        called="+551140044004",
        call_class="local_fixed",
        started_at=now,
        seen_at=now,
    )
    with pytest.raises(Conflict) as refusal:
        removed(world, customer)
    assert refusal.value.code == "calls-running"
    client = signed_in(make_user(world.reseller_a, username="chefe"))
    page = client.get(f"/tenancy/customers/{customer.pk}/delete/").content.decode()
    for told in ("Linhas desativadas: 1", "Chamadas em curso, que a impedem: 1"):
        assert told in page
    call.state = Authorization.State.RELEASED
    call.save()
    assert removed(world, customer).status == "removed"


def test_who_is_removed_is_restored_before_anything_else(world: World) -> None:
    customer = create(world)
    circuit = world.circuit(tenant=customer)
    removed(world, customer)
    customer.refresh_from_db()
    with pytest.raises(Conflict):
        change(world, customer, name="Outra", status="active")
    with pytest.raises(NotAllowed):
        tenant_restore(actor=world.actor(world.reseller_a, Role.SUPPORT), tenant_id=customer.pk)
    chefe = make_user(world.reseller_a, username="chefe")
    client = signed_in(chefe)
    assert client.post(f"/tenancy/customers/{customer.pk}/do/restore/").status_code == 302
    customer.refresh_from_db()
    circuit.refresh_from_db()
    assert (customer.status, circuit.status) == ("inactive", "disabled")
    with pytest.raises(Conflict):
        tenant_restore(actor=chefe.actor, tenant_id=customer.pk)


@pytest.mark.parametrize("way", ["service", "removed by status"])
def test_nobody_is_removed_by_the_way(world: World, way: str) -> None:
    customer = create(world)
    with pytest.raises(InvalidInput):
        if way == "service":
            change(world, customer, status="removed")
        else:
            tenant_change(actor=SYSTEM, tenant_id=customer.pk, name=customer.name, status="removed")


def is_somebody_waiting() -> bool:
    """Whether one of this database's sessions waits for another's lock; others are other tests'."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM pg_locks AS waits JOIN pg_locks AS has USING (pid)"
            " JOIN pg_database AS here ON here.oid = has.database"
            " WHERE NOT waits.granted AND here.datname = current_database())"
        )
        return bool(cursor.fetchone()[0])


def meanwhile(done: Callable[[], Any], other: Callable[[], Any]) -> Any:
    """Do something whose transaction is still open as another one begins; return what becomes of
    the other."""

    def run() -> Any:
        try:
            return other()
        except TroncoError as refusal:
            return type(refusal)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            done()
            late = pool.submit(run)
            wait_until(is_somebody_waiting, "the second one waits for the first", timeout_s=60)
        return late.result()


@pytest.mark.django_db(transaction=True)
def test_who_is_removed_is_not_brought_back_by_a_change_at_the_same_time(
    transactional_db: None,
) -> None:
    world = make_world()
    customer = create(world, status="active")
    late = meanwhile(lambda: removed(world, customer), lambda: change(world, customer, name="B"))
    assert late is Conflict
    assert Tenant.objects.get(pk=customer.pk).status == "removed"


@pytest.mark.django_db(transaction=True)
def test_invited_by_two_at_once_he_has_one_access(transactional_db: None) -> None:
    world = make_world()
    customer = create(world, invite=False)

    def invite() -> User:
        actor = world.actor(world.reseller_a)
        return services.customer_invite(actor=actor, tenant_id=customer.pk)

    assert meanwhile(invite, invite) == User.objects.get(tenant=customer)


@pytest.mark.django_db(transaction=True)
def test_what_each_state_allows(transactional_db: None) -> None:
    """Sign-in, calls, emergency, and being changed."""
    world = make_world()
    customer = create(world, status="active")
    choose(address())
    circuit = world.circuit(tenant=customer)
    number = {"username": EMAIL, "password": CHOSEN}
    seen = {}
    for status in ("active", "pending", "inactive", "removed"):
        Tenant.objects.filter(pk=customer.pk).update(status=status)
        enters = WebClient().post("/identity/sign-in/", number).status_code == 302
        call, emergency = authorise(request(circuit), request(circuit, "190"))
        client = signed_in(make_user(world.reseller_a, username=f"chefe-{status}"))
        form = client.get(f"/tenancy/customers/{customer.pk}/").content.decode()
        seen[status] = (
            enters,
            isinstance(call, Grant),
            isinstance(emergency, Grant),
            f"/tenancy/customers/{customer.pk}/edit/" in form,
        )
    assert seen == {
        "active": (True, True, True, True),
        "pending": (True, False, True, True),
        "inactive": (False, False, True, True),
        "removed": (False, False, True, False),
    }

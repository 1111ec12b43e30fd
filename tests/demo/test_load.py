"""The demonstration operator, loaded as `tronco demo` loads it, once for all tests of this file."""

from __future__ import annotations

import json
import stat
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from tests.support.invariants import RULES
from tronco.branding.selectors import look_of
from tronco.calls.models import CLASS_CHOICES, Cdr
from tronco.calls.rerate import rerate_calls
from tronco.centrals.services import central_create
from tronco.charging.models import Account, LedgerEntry
from tronco.circuits.digest import digests_of
from tronco.circuits.models import Circuit
from tronco.core.errors import Conflict
from tronco.core.pins import check_pin
from tronco.demo.data import Loaded, demonstration_load
from tronco.demo.extensions import EXTENSIONS, NURSE, OF_THE_NURSE
from tronco.demo.lines import LINES, SERVICE_NUMBER
from tronco.dids.models import Did, NumberRange
from tronco.identity.models import User
from tronco.pbx.models import LineService
from tronco.recordings.models import Policy, Rule
from tronco.routing.models import Trunk
from tronco.tenancy.access import SYSTEM
from tronco.tenancy.models import Tenant
from tronco.tenancy.services import master_create

pytestmark = pytest.mark.django_db

OVERDRAWN = "calls never take a prepaid account below zero"


@dataclass(frozen=True)
class Demonstration:
    loaded: Loaded
    scene: Path

    @property
    def access(self) -> Path:
        return self.scene.with_name("access.txt")

    @property
    def phones(self) -> dict[str, str]:
        read = json.loads(self.scene.read_text())
        return {phone["number"]: phone["password"] for phone in read["phones"]}


def load(scene: Path, *, carrier_port: int = 5099) -> Demonstration:
    loaded = demonstration_load(
        central="node1",
        carrier_port=carrier_port,
        scene=scene,
        access=scene.with_name("access.txt"),
    )
    return Demonstration(loaded, scene)


@pytest.fixture(scope="module")
def demo(
    django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Demonstration]:
    with django_db_blocker.unblock(), transaction.atomic():
        master_create(actor=SYSTEM, name="Operadora")
        central_create(actor=SYSTEM, name="node1", host="127.0.0.1")
        yield load(tmp_path_factory.mktemp("demo") / "scene.json")
        transaction.set_rollback(True)


def rows(query: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query)
        found: list[tuple[Any, ...]] = cursor.fetchall()
        return found


# --- it is true to the rules of charging ----------------------------------------------------------


@pytest.mark.parametrize("rule", [rule for rule in RULES if rule != OVERDRAWN])
def test_the_rules_hold(demo: Demonstration, rule: str) -> None:
    assert rows(RULES[rule]) == []


def test_no_call_takes_a_prepaid_account_below_zero(demo: Demonstration) -> None:
    overdrawn = LedgerEntry.objects.filter(kind="call", account__plan__kind="prepaid")
    assert [e for e in overdrawn if e.balance_after_u < 0] == []


def test_every_entry_follows_from_the_one_before(demo: Demonstration) -> None:
    broken = """
        SELECT * FROM (
            SELECT account_id, id, at, balance_before_u,
                   lag(balance_before_u + amount_u, 1, 0::bigint) OVER one AS before_u,
                   lag(at, 1, at) OVER one AS before
              FROM charging_ledgerentry WINDOW one AS (PARTITION BY account_id ORDER BY id)) AS e
         WHERE balance_before_u <> before_u OR at < before OR at > clock_timestamp()"""
    assert rows(broken) == []


def test_every_level_paid_what_the_record_says(demo: Demonstration) -> None:
    charges = """
        SELECT (c ->> 'account')::bigint, call_id, (c ->> 'price_u')::bigint
          FROM calls_cdr, jsonb_array_elements(charges) AS c WHERE (c ->> 'price_u')::bigint > 0"""
    entries = """
        SELECT account_id, source, -amount_u FROM charging_ledgerentry WHERE kind = 'call'"""
    found = rows(charges)
    assert len(found) > 2000
    assert sorted(found) == sorted(rows(entries))


def test_prices_come_out_the_same_again(demo: Demonstration) -> None:
    again = rerate_calls(Cdr.objects.filter(outcome="answered"))
    assert (again.differences, again.calls > 1500) == ([], True)


def test_what_was_used_in_the_open_cycle(demo: Demonstration) -> None:
    wrong = """
        SELECT a.id FROM charging_account a LEFT JOIN charging_ledgerentry e
            ON e.account_id = a.id AND e.kind = 'call'
           AND e.at >= a.cycle_start::timestamp AT TIME ZONE 'America/Sao_Paulo'
         GROUP BY a.id HAVING a.used_u <> coalesce(-sum(e.amount_u), 0)"""
    assert rows(wrong) == []


def test_allowances_were_used_by_calls(demo: Demonstration) -> None:
    used = rows("SELECT coalesce(sum(used), 0) FROM charging_bucket")[0][0]
    told = """
        SELECT sum((taken ->> 'used')::bigint)
          FROM calls_cdr, jsonb_array_elements(explanation -> 'levels') AS level,
               jsonb_array_elements(level -> 'allowances') AS taken"""
    assert used == rows(told)[0][0] > 0


def test_records_lie_in_their_months(demo: Demonstration) -> None:
    assert rows("SELECT count(*) FROM calls_cdr_other") == [(0,)]


# --- it is worth looking at -----------------------------------------------------------------------


def test_calls_of_every_kind(demo: Demonstration) -> None:
    calls = Counter(Cdr.objects.values_list("outcome", flat=True))
    assert calls.keys() == {value for value, _ in Cdr.Outcome.choices}
    assert 3000 < calls.total() == demo.loaded.calls < 6000
    assert 0.6 < calls["answered"] / calls.total() < 0.8
    assert set(Cdr.objects.values_list("call_class", flat=True)) == {
        "",  # between colleagues
        *(value for value, _ in CLASS_CHOICES),
    }
    assert {"class-not-allowed", "suspended"} <= set(Cdr.objects.values_list("reason", flat=True))
    assert len(set(Cdr.objects.values_list("uf", flat=True))) > 10


def test_a_month_of_working_days(demo: Demonstration) -> None:
    starts = Cdr.objects.values_list("started_at", flat=True)
    by_day = Counter(timezone.localtime(at).weekday() for at in starts)
    assert min(by_day[day] for day in range(5)) > 2 * by_day[6]
    first, last = (Cdr.objects.order_by(order).first() for order in ("started_at", "-started_at"))
    assert first is not None
    assert last is not None
    assert timedelta(days=27) < last.started_at - first.started_at <= timedelta(days=30)
    assert last.ended_at < timezone.now()


def test_calls_failed_over_and_emergencies_were_free(demo: Demonstration) -> None:
    assert Cdr.objects.filter(explanation__attempts__1__isnull=False).count() > 5
    emergencies = Cdr.objects.filter(call_class="emergency")
    assert {(call.outcome, call.price_u) for call in emergencies} == {("answered", 0)}


def test_accounts_in_every_state(demo: Demonstration) -> None:
    prepaid = Account.objects.filter(plan__kind="prepaid", role="circuit")
    balances = [account.balance_u for account in prepaid]
    assert min(balances) == -18_400_000
    assert any(0 <= balance_u < 3_000_000 for balance_u in balances)
    assert Circuit.objects.filter(status="suspended").count() == 1
    assert Circuit.objects.filter(status="disabled").count() == 1
    kinds = Counter(LedgerEntry.objects.values_list("kind", flat=True))
    assert {"opening", "credit", "debit", "call", "cycle"} <= kinds.keys()
    people = LedgerEntry.objects.filter(kind="credit").values_list("actor", flat=True)
    assert "Ana Beatriz Couto" in people
    assert "Marina Teixeira" in people


def test_a_reseller_has_a_brand_and_the_one_below_has_its_logo(demo: Demonstration) -> None:
    own = look_of(Tenant.objects.get(name="Imobiliária Morada").path)
    assert (own.name, own.color, own.domain) == (
        "Horizonte Voz",
        "#9a3412",
        "horizonte.localhost",
    )
    below = look_of(Tenant.objects.get(name="Pousada Vale do Ouro").path)
    assert (below.name, below.domain) == ("Serra Azul Telefonia", own.domain)
    assert below.color != own.color and below.logo_hash == own.logo_hash != ""
    assert look_of(Tenant.objects.get(name="Litoral Fone").path).name == ""


def test_the_tree(demo: Demonstration) -> None:
    kinds = Counter(Tenant.objects.values_list("kind", flat=True))
    assert kinds == {"master": 1, "reseller": 3, "customer": 13}
    assert Tenant.objects.get(kind="master").name == "Operadora Aroeira"
    assert Circuit.objects.filter(line=None).count() == len(LINES)
    own = Circuit.objects.filter(line__isnull=False)
    assert own.count() == sum(len(made) for _most, made in EXTENSIONS.values())
    assert own.get(user__username=NURSE.username).service.extension == OF_THE_NURSE[1]


def test_ranges_have_numbers_in_every_state_that_sells(demo: Demonstration) -> None:
    for found in NumberRange.objects.all():
        states = Counter(found.numbers.values_list("state", flat=True))
        assert min(states["in_use"], states["reserved"], states["available"]) >= 1
        assert states.total() == int(found.last) - int(found.first) + 1


# --- its files ------------------------------------------------------------------------------------


def test_phones_sign_in_with_what_the_scene_says(demo: Demonstration) -> None:
    assert 8 <= len(demo.phones) <= 10
    for number, password in demo.phones.items():
        circuit = Circuit.objects.get(number=number, status="active")
        digests = digests_of(number, password, realm=settings.TRONCO_SIP_REALM)
        assert circuit.ha1_md5 == digests.ha1_md5


def test_the_carrier_calls_the_phones(demo: Demonstration) -> None:
    numbers = json.loads(demo.scene.read_text())["numbers"]
    rung = Did.objects.filter(raw__in=numbers, is_active=True)
    assert {did.circuit.number for did in rung if did.circuit} == demo.phones.keys()
    assert rung.count() == len(numbers)


def test_the_clinic_pays_for_who_calls_it_for_free(demo: Demonstration) -> None:
    did = Did.objects.get(raw=SERVICE_NUMBER)
    assert (did.kind, did.reverse_charging) == ("special", True)


def test_people_sign_in_and_their_passwords_are_private(demo: Demonstration) -> None:
    told = dict(line.split()[:2] for line in demo.access.read_text().splitlines())
    assert told.keys() == {one.username for one in demo.loaded.access} | {
        line.number for line in LINES
    }
    for one in demo.loaded.access[:2]:
        assert told[one.username] == one.password
        assert User.objects.get(username=one.username).check_password(one.password)
    for path in (demo.scene, demo.access):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


# --- again, and elsewhere -------------------------------------------------------------------------


def test_loading_it_again_changes_nothing(demo: Demonstration) -> None:
    scene, access = demo.scene.read_text(), demo.access.read_text()
    counts = (Tenant.objects.count(), Circuit.objects.count(), LedgerEntry.objects.count())
    assert load(demo.scene).loaded == Loaded(is_new=False)
    assert (scene, access) == (demo.scene.read_text(), demo.access.read_text())
    assert counts == (
        Tenant.objects.count(),
        Circuit.objects.count(),
        LedgerEntry.objects.count(),
    )


def test_its_carrier_may_move(demo: Demonstration) -> None:
    load(demo.scene, carrier_port=6001)
    assert Trunk.objects.get(name="carnauba-sp").port == 6001


def test_visits_go_where_something_answers(demo: Demonstration) -> None:
    visits = json.loads(demo.scene.read_text())["visits"]
    numbers = {visit["number"] for visit in visits}
    dids = Did.objects.filter(raw__in=numbers, is_active=True, state=Did.State.IN_USE)
    assert dids.count() == len(numbers)
    assert {"menu", "queue", "portal", "voicemail", "test"} <= {did.mode for did in dids}
    portal = next(did.raw for did in dids if did.mode == "portal")
    (pin,) = {v["keys"][0].rstrip("#") for v in visits if v["number"] == portal and v["keys"]}
    line = LineService.objects.exclude(pin_hash="").get()
    assert check_pin(pin, line.pin_hash, key=settings.SECRET_KEY)


def test_a_lost_scene_is_written_anew(demo: Demonstration, tmp_path: Path) -> None:
    again = load(tmp_path / "scene.json")
    assert again.phones.keys() == demo.phones.keys()
    test_phones_sign_in_with_what_the_scene_says(again)


def test_it_does_not_mix_with_other_customers(demo: Demonstration, tmp_path: Path) -> None:
    # Without its mark, it is just somebody's operator.
    Tenant.objects.filter(kind="reseller").update(document="")
    with pytest.raises(Conflict, match="customers, price lists or carriers of its own"):
        load(tmp_path / "scene.json")
    assert not (tmp_path / "scene.json").exists()


def test_the_clinic_records_what_its_group_answers(demo: Demonstration) -> None:
    [rule] = Rule.objects.filter(tenant__name__contains="Clínica")
    policy = Policy.objects.get(tenant=rule.tenant)
    assert rule.queue is not None
    assert (policy.is_allowed, policy.announces, policy.own_listen) == (True, True, True)

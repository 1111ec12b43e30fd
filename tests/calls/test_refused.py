"""What was refused at numbers: by number, caller and reason, how often."""

from __future__ import annotations

import itertools
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from tests.support.web import administrator
from tests.support.world import World, make_world
from tronco.calls.addresses import call_url
from tronco.calls.models import Cdr
from tronco.calls.selectors import list_calls, list_refused
from tronco.core.errors import Conflict
from tronco.dashboard.selectors import list_alerts
from tronco.dids.models import Did
from tronco.dids.services import did_create, did_delete
from tronco.tenancy.access import SYSTEM

pytestmark = pytest.mark.django_db
_identities = itertools.count(1)


@pytest.fixture
def world() -> World:
    return make_world()


def refuse(did: Did, caller: str, reason: str, at: datetime, outcome: str = "refused") -> None:
    identity = next(_identities)
    Cdr.objects.create(
        started_at=at, identity=identity, call_id=f"node1-{identity}", tenant=did.tenant, did=did,
        central="node1", direction="in", caller=caller, dialled=did.raw, called=did.e164,
        ended_at=at, outcome=outcome, reason=reason,
    )  # fmt: skip


def number(world: World, raw: str, tenant: Any = None) -> Did:
    owner = tenant or world.customer
    return did_create(actor=SYSTEM, tenant_id=owner.pk, raw=raw).did


def test_refusals_are_counted(world: World) -> None:
    now = timezone.now()
    one, other = number(world, "1133334444"), number(world, "1133335555", world.customer_b)
    for minutes in range(3):
        refuse(one, "+5511999990001", "no-credit", now - timedelta(minutes=minutes))
    refuse(one, "+5511999990001", "wrong-pin", now)
    refuse(one, "+5511999990002", "no-credit", now)
    refuse(one, "+5511999990002", "", now, outcome="answered")
    refuse(other, "+5511999990001", "no-credit", now)

    told = [(r.did_id, r.caller[-1], r.reason, r.count) for r in list_refused(actor=SYSTEM)]
    assert told[0] == (one.pk, "1", "no-credit", 3)
    assert set(told[1:]) == {
        (one.pk, "1", "wrong-pin", 1),
        (one.pk, "2", "no-credit", 1),
        (other.pk, "1", "no-credit", 1),
    }
    assert list_refused(actor=SYSTEM)[0].started_at == now
    theirs = list_refused(actor=world.actor(world.reseller_b))
    assert [row.did_id for row in theirs] == [other.pk]


def test_the_screen_filters_counts_and_exports(world: World) -> None:
    client = administrator(world)
    now = timezone.now()
    did = number(world, "1133334444")
    refuse(did, "+5511999990001", "no-credit", now)
    refuse(did, "+5511999990001", "no-credit", now - timedelta(days=3))
    refuse(did, "+5511999990001", "no-credit", now - timedelta(days=20))

    page = client.get(reverse("calls:did_refused", args=[did.pk]), follow=True)
    assert page.status_code == 200
    row = page.context["table"].rows[0].record
    assert (row.count, row.did) == (3, did)
    for query, count in (({}, 2), ({"days": "1"}, 1), ({"days": "30", "reason": "no-credit"}, 3)):
        rows = client.get(reverse("calls:refused_list"), query).context["table"].rows
        assert [one.record.count for one in rows] == [count], query
    assert (
        not client.get(reverse("calls:refused_list"), {"reason": "wrong-pin"}).context["table"].rows
    )
    for sort in ("count", "-started_at", "reason", "did", "caller"):
        assert client.get(reverse("calls:refused_list"), {"sort": sort}).status_code == 200
    answer: Any = client.get(reverse("calls:refused_export"), {"format": "csv", "days": "30"})
    text = b"".join(answer.streaming_content).decode()
    assert "+551133334444" in text
    assert ";3;" in text


def test_who_only_buys_is_not_told_that_his_seller_would_lose(world: World) -> None:
    did = number(world, "1133334444", world.customer_a1)
    refuse(did, "+5511999990001", "below-cost", timezone.now())
    told = {}
    for name in ("master", "reseller_a1", "customer_a1"):
        tenant = getattr(world, name)
        (row,) = list_refused(actor=world.actor(tenant))
        (call,) = list_calls(actor=world.actor(tenant))
        alerts = list_alerts(actor=world.actor(tenant))
        assert [(row.told_reason, 1)] == [(call.told_reason, 1)] == alerts.refused
        told[name] = call.told_reason
        page = administrator(world, tenant)
        for url in (call_url(call), reverse("dashboard:home")):
            text = page.get(url, headers={"accept-language": "en"}).content.decode()
            assert ("sold below its cost" in text) is (name != "customer_a1"), (name, url)
    assert told == {"master": "below-cost", "reseller_a1": "below-cost", "customer_a1": "no-rate"}


def test_a_number_with_many_calls_is_not_deleted_and_they_are_not_read(world: World) -> None:
    did = number(world, "1133334444")
    for minutes in range(3):
        refuse(did, "+5511999990001", "no-credit", timezone.now() - timedelta(minutes=minutes))
    with CaptureQueriesContext(connection) as asked, pytest.raises(Conflict, match="on record"):
        did_delete(actor=SYSTEM, did_id=did.pk)
    (sql,) = [query["sql"] for query in asked if 'FROM "calls_cdr"' in query["sql"]]
    assert sql.endswith("LIMIT 1")

"""What the switch is told of suppliers of numbers, and what it says of them."""

from __future__ import annotations

import re

import pytest

from tests.support.world import make_world
from tronco.centrals.models import Central
from tronco.dids.models import Did
from tronco.sipcore.suppliers import (
    Standing,
    Standings,
    SupplierSettings,
    load_suppliers,
    suppliers_conf,
)


def supplier(did_id: int, host: str = "sip.a.example", **facts: object) -> SupplierSettings:
    typed = {"raw": f"551133334{did_id:03}", "port": 5060, **facts}
    return SupplierSettings(did_id=did_id, host=host, **typed)  # type: ignore[arg-type]


def registering(did_id: int, host: str = "sip.a.example") -> SupplierSettings:
    return supplier(did_id, host, username=f"u{did_id}", password="p;w", registers=True)


def sections(text: str) -> set[tuple[str, str]]:
    return set(re.findall(r"(?m)^\[(.+)\]\ntype = (\w+)$", text))


def test_each_registers_and_one_watches_the_place() -> None:
    text = suppliers_conf([registering(7), registering(8)])
    assert sections(text) == {
        ("did~7", "aor"),
        *((f"did~{i}", kind) for i in (7, 8) for kind in ("endpoint", "auth", "registration")),
    }
    assert "password = p\\;w" in text
    assert "contact_user = 551133334007" in text
    assert "match" not in text, "its calls are known by the registration"


def test_of_many_at_one_address_one_takes_the_calls() -> None:
    text = suppliers_conf([supplier(n) for n in (3, 4, 5)])
    assert sections(text) == {("did~3", "aor"), ("did~3", "endpoint"), ("did~3", "identify")}
    assert "match = sip.a.example" in text


def test_a_carriers_calls_stay_the_carriers() -> None:
    text = suppliers_conf([supplier(3, is_trusted=False)])
    assert ("did~3", "identify") not in sections(text)


def test_how_they_stand() -> None:
    standings = Standings()
    standings.begin([registering(7), registering(8), registering(9, "sip.b.example")])

    def listed(did_id: int, status: str) -> dict[str, str]:
        event = "OutboundRegistrationDetail"
        return {"Event": event, "ObjectName": f"did~{did_id}", "Status": status}

    def probed(did_id: int, status: str) -> list[int]:
        return standings.take_event({"AOR": f"did~{did_id}", "ContactStatus": status})

    standings.take_registrations([listed(7, "Registered"), listed(9, "Rejected")])
    assert standings.all() == {
        7: Standing("registered"),
        8: Standing("trying"),
        9: Standing("rejected", "refused"),
    }
    assert probed(7, "Unreachable") == []
    assert standings.all()[7] == standings.all()[8] == Standing("trying", "silent")
    assert probed(7, "Reachable") == [7, 8]
    assert standings.all()[7] == Standing("trying"), "what was said before tells nothing now"
    assert probed(7, "Reachable") == []


@pytest.mark.django_db
def test_whose_numbers_a_central_takes_care_of() -> None:
    world = make_world()
    other = Central.objects.create(tenant=world.master, name="node2", host="192.0.2.2")
    there = world.circuit()
    there.central = other
    there.save()

    def number(raw: str, **facts: object) -> int:
        facts = {"host": "sip.a.example", "state": "in_use", **facts}
        did = Did.objects.create(tenant=world.customer, raw=raw, e164=f"+55{raw}", **facts)
        return int(did.pk)

    plain, moved = number("1133330001"), number("1133330002", circuit=there)
    carriers = number("1133330003", host=world.trunk.host)
    number("1133330004", host="")
    number("1133330005", is_active=False)
    number("1133330006", state="ported_out")
    here = load_suppliers(central="node1")
    assert [one.did_id for one in here] == [plain, carriers]
    assert [one.is_trusted for one in here] == [True, False]
    assert [one.did_id for one in load_suppliers(central="node2")] == [moved]

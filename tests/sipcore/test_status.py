"""Telephones and trunks as Asterisk tells of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.support.world import make_world
from tronco.circuits.models import LatencySample, Registration
from tronco.routing.models import Trunk
from tronco.sipcore.central import CentralState, store_central
from tronco.sipcore.config import TrunkSettings
from tronco.sipcore.registrations import (
    Contact,
    Contacts,
    store_all_offline,
    store_latency,
    store_registrations,
)
from tronco.sipcore.trunks import Networks, TrunkState, TrunkStates, store_trunk_states

URI = "sip:1001@192.0.2.7:5062"


def event(status: str, rtt: str = "0", *, uri: str = URI, aor: str = "1001") -> dict[str, str]:
    return {
        "Event": "ContactStatus",
        "AOR": aor,
        "URI": uri,
        "ContactStatus": status,
        "RoundtripUsec": rtt,
    }


def row(status: str, rtt: str, *, uri: str = URI, endpoint: str = "1001") -> dict[str, str]:
    return {
        "Event": "ContactList",
        "Endpoint": endpoint,
        "Uri": uri,
        "Status": status,
        "RoundtripUsec": rtt,
        "UserAgent": "Fone 1.0",
        "ExpirationTime": "1795301476",
    }


@pytest.mark.parametrize(
    ("uri", "address", "port"),
    [
        (URI, "192.0.2.7", 5062),
        ("sip:1001@192.0.2.7", "192.0.2.7", 5060),
        ("sips:a@[2001:db8::1]:5061;transport=tls", "2001:db8::1", 5061),
        ("sip:a@casa.exemplo:5070", None, 5070),
    ],
)
def test_where_a_contact_is(uri: str, address: str | None, port: int) -> None:
    assert (Contact(uri).address, Contact(uri).port) == (address, port)


def test_a_phone_comes_answers_falls_silent_and_goes() -> None:
    contacts = Contacts()
    assert contacts.take_event(event("NonQualified"))
    assert contacts.take_changes() == {"1001": Contact(URI)}
    contacts.take_event(event("Reachable", "2584"))
    assert contacts.take_changes() == {"1001": Contact(URI, rtt_us=2584)}
    assert contacts.take_changes() == {}
    assert contacts.addresses() == {"192.0.2.7"}
    contacts.take_event(event("Unreachable"))
    assert contacts.take_changes() == {"1001": Contact(URI, reachable=False)}
    assert not contacts.take_event(event("Removed"))
    assert contacts.take_changes() == {"1001": None}
    assert contacts.addresses() == set()


def test_the_list_tells_the_rest() -> None:
    contacts = Contacts()
    contacts.take_event(event("Reachable", "2584", aor="1002", uri="sip:1002@192.0.2.9:1"))
    probed = contacts.take_list([row("Reachable", "900"), row("NonQualified", "N/A", endpoint="x")])
    best = contacts.take_changes()
    assert [number for number, _ in probed] == ["1001"]
    assert best["1001"] == Contact(
        URI,
        rtt_us=900,
        user_agent="Fone 1.0",
        expires_at=datetime.fromtimestamp(1795301476, UTC),
    )
    assert best["1002"] is None, "no longer in the list"
    assert contacts.circuits() == ["1001", "x"]


def test_of_two_phones_the_one_that_answers_counts() -> None:
    contacts = Contacts()
    other = "sip:1001@192.0.2.8:5062"
    contacts.take_event(event("Reachable", "10"))
    contacts.take_event(event("Unreachable", uri=other))
    assert contacts.take_changes()["1001"] == Contact(URI, rtt_us=10)
    contacts.put_back(["1001"])
    assert "1001" in contacts.take_changes()


def test_a_trunk_is_no_phone() -> None:
    contacts, states = Contacts(), TrunkStates()
    said = event("Reachable", "700", aor="trunk~3")
    assert not contacts.take_event(said)
    states.take_event(said)
    assert contacts.take_changes() == {}
    assert states.take_changes() == {3: TrunkState(reachable=True, rtt_us=700)}
    assert states.health()[3].reachable is True


def test_a_trunk_s_registration_and_details() -> None:
    states = TrunkStates()
    states.take_registrations(
        [
            {
                "Event": "OutboundRegistrationDetail",
                "ObjectName": "trunk~3",
                "Status": "Registered",
            },
            {"Event": "AuthDetail", "ObjectName": "trunk~3"},
        ]
    )
    states.take_details(
        [
            {"Event": "EndpointDetail", "AOR": ""},
            {
                "Event": "ContactStatusDetail",
                "AOR": "trunk~3",
                "Status": "Unreachable",
                "RoundtripUsec": "0",
            },
        ]
    )
    assert states.take_changes() == {3: TrunkState(reachable=False, registration="Registered")}


def test_networks_of_trunks() -> None:
    trunks = [
        TrunkSettings(id=1, host="192.0.2.1", port=5060),
        TrunkSettings(id=2, host="a.exemplo", port=5060, source_addresses=("198.51.100.0/24",)),
    ]
    networks = Networks(trunks)
    assert "192.0.2.1" in networks
    assert "198.51.100.77" in networks
    assert "192.0.2.2" not in networks


@pytest.mark.django_db
def test_registrations_in_the_database() -> None:
    world = make_world()
    circuit, other = world.circuit(), world.circuit()
    store_registrations(
        {
            circuit.number: Contact(URI, rtt_us=900, user_agent="Fone"),
            "not-there": Contact("sip:x@192.0.2.1:5"),
        }
    )
    online = Registration.objects.get()
    assert (online.circuit, online.online, online.address, online.rtt_us) == (
        circuit,
        True,
        "192.0.2.7",
        900,
    )
    store_registrations({circuit.number: None, other.number: Contact(URI, reachable=False)})
    gone = Registration.objects.get(circuit=circuit)
    assert (gone.online, gone.address, gone.rtt_us) == (False, "192.0.2.7", None)
    assert not Registration.objects.get(circuit=other).online

    store_registrations({circuit.number: Contact(URI), other.number: Contact(URI)})
    store_all_offline(central=world.central.name, but=[circuit.number])
    assert list(Registration.objects.filter(online=True)) == [
        Registration.objects.get(circuit=circuit)
    ]


@pytest.mark.django_db
def test_latency_is_gathered_in_five_minutes() -> None:
    world = make_world()
    circuit = world.circuit()
    start = datetime(2026, 3, 2, 10, 5, tzinfo=UTC)
    for seconds, contact in [
        (1, Contact(URI, rtt_us=100)),
        (31, Contact(URI, rtt_us=300)),
        (61, Contact(URI, reachable=False)),
        (300, Contact(URI, rtt_us=500)),
    ]:
        store_latency([(circuit.number, contact)], now=start + timedelta(seconds=seconds))
    first, second = LatencySample.objects.order_by("at")
    assert (first.at, first.samples, first.lost) == (start, 2, 1)
    assert (first.min_us, first.max_us, first.sum_us) == (100, 300, 400)
    assert (second.at, second.samples) == (start + timedelta(minutes=5), 1)


@pytest.mark.django_db
def test_trunks_and_centrals_in_the_database() -> None:
    world = make_world()
    store_trunk_states({world.trunk.pk: TrunkState(True, 700, "Registered")})
    trunk = Trunk.objects.get(pk=world.trunk.pk)
    assert (trunk.reachable, trunk.rtt_us, trunk.registration) == (True, 700, "Registered")
    assert trunk.checked_at is not None

    store_central(name="node1", state=CentralState(True, "22.10", datetime.now(UTC), 3))
    world.central.refresh_from_db()
    assert (world.central.status, world.central.channels) == ("up", 3)
    store_central(name="node1", state=CentralState(is_up=False))
    world.central.refresh_from_db()
    assert (world.central.status, world.central.channels) == ("down", 0)
    assert world.central.seen_at is not None

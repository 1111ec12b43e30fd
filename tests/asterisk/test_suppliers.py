"""Numbers that register with their supplier, a second Asterisk: up, refused, and up again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.asterisk.conftest import Town
from tests.support.asterisk import SECRET_KEY, wait_until
from tests.support.stage import answer
from tronco.calls.models import Cdr
from tronco.circuits.models import Circuit
from tronco.core.secrets import encrypt
from tronco.dids.models import Did, DidRegistration
from tronco.dids.services import did_create
from tronco.runtime.asterisk import Node, find_asterisk
from tronco.runtime.ports import choose_port
from tronco.tenancy.access import SYSTEM

pytestmark = pytest.mark.asterisk
HOST = "127.0.0.6"
# What the list of numbers promises.
SHOWN_WITHIN_S = 10
# A probe every ten seconds, three to wait for it.
NOTICED_WITHIN_S = 25
CALLER = "1140028922"


@dataclass
class Supplier:
    """Somebody else's switch: a registrar with one user, who may be called."""

    node: Node
    port: int

    def start(self) -> None:
        self.node.start()

    def forget(self) -> None:
        """Lose its memory with its life: it knows no registration when it is back."""
        self.node.stop()
        for path in self.node.directory.rglob("astdb.sqlite3*"):
            path.unlink()

    def call(self, dialled: str = "call") -> None:
        """Call whoever is registered, where he registered from; or another number there."""
        self.node.rx(f"channel originate Local/{dialled}@default application Wait 2")


@pytest.fixture(scope="module")
def supplier(town: Town) -> Iterator[Supplier]:
    node = Node(town.exchange.home, "fornecedor", find_asterisk())
    port = choose_port()
    node.prepare(
        {
            "pjsip.conf": f"""[udp]
type = transport
protocol = udp
bind = {HOST}:{port}

[5511]
type = endpoint
disallow = all
allow = alaw
auth = 5511
aors = 5511

[5511]
type = auth
auth_type = userpass
username = 5511
password = se\\;gredo

[5511]
type = aor
max_contacts = 1
remove_existing = yes
""",
            "extensions.conf": (
                f"[default]\nexten => call,1,Set(CALLERID(all)=<{CALLER}>)\n"
                "exten => call,n,Dial(PJSIP/5511)\n"
                f"exten => _X.,1,Set(CALLERID(all)=<{CALLER}>)\n"
                "exten => _X.,n,Set(URI=${PJSIP_CONTACT(${PJSIP_AOR(5511,contact)},uri)})\n"
                "exten => _X.,n,Dial(PJSIP/5511/sip:${EXTEN}@${CUT(URI,@,2)})\n"
            ),
            "manager.conf": "[general]\nenabled = no\n",
            "rtp.conf": "[general]\nrtpstart = 42000\nrtpend = 42100\n",
            "cdr.conf": "[general]\nenable = no\n",
            "cel.conf": "[general]\nenable = no\n",
        }
    )
    found = Supplier(node, port)
    found.start()
    yield found
    node.stop()


@pytest.fixture
def number(town: Town, supplier: Supplier) -> Iterator[Did]:
    circuit = town.world.circuit()
    did = did_create(
        actor=SYSTEM, tenant_id=circuit.tenant_id, raw="551140006001", circuit_id=circuit.pk
    ).did
    Did.objects.filter(pk=did.pk).update(
        host=HOST, port=supplier.port, username="5511", registers=True,
        password_encrypted=encrypt("se;gredo", key=SECRET_KEY),
    )  # fmt: skip
    did.refresh_from_db()
    yield did
    Did.objects.filter(pk=did.pk).update(is_active=False, raw=f"velho-{did.pk}")


def stands(did: Did, state: str, cause: str = "") -> bool:
    return DidRegistration.objects.filter(did=did, state=state, cause=cause).exists()


def is_called(town: Town, supplier: Supplier, circuit: Circuit) -> None:
    """A call from the supplier reaches the number's phone, and is on record as the number's."""
    before = Cdr.objects.filter(circuit=circuit).count()
    supplier.call()
    wait_until(
        lambda: Cdr.objects.filter(circuit=circuit).count() > before,
        "the call is on record",
        timeout_s=15,
    )


def test_it_comes_up_and_brings_calls(town: Town, supplier: Supplier, number: Did) -> None:
    wait_until(lambda: stands(number, "registered"), "registered", timeout_s=SHOWN_WITHIN_S)
    assert number.circuit is not None
    town.stage.phone(number.circuit, on_call=answer)

    is_called(town, supplier, number.circuit)

    record = Cdr.objects.filter(circuit=number.circuit).latest("started_at")
    assert (record.did_id, record.dialled, record.outcome) == (number.pk, number.raw, "answered")
    assert record.caller == f"+55{CALLER}"


def test_it_delivers_its_own_numbers_only(town: Town, supplier: Supplier, number: Did) -> None:
    wait_until(lambda: stands(number, "registered"), "registered", timeout_s=SHOWN_WITHIN_S)
    foreign = did_create(actor=SYSTEM, tenant_id=town.world.customer_b.pk, raw="551140006099").did

    supplier.call(foreign.raw)

    refused = Cdr.objects.filter(dialled=foreign.raw)
    wait_until(refused.exists, "it is on record", timeout_s=15)
    assert (refused.get().outcome, refused.get().reason) == ("refused", "unknown-number")


def test_a_refused_password_shows_and_is_cured(town: Town, supplier: Supplier, number: Did) -> None:
    wait_until(lambda: stands(number, "registered"), "registered", timeout_s=SHOWN_WITHIN_S)
    row = Did.objects.filter(pk=number.pk)
    row.update(password_encrypted=encrypt("errada", key=SECRET_KEY))
    wait_until(lambda: stands(number, "rejected", "refused"), "refused", timeout_s=SHOWN_WITHIN_S)
    row.update(password_encrypted=encrypt("se;gredo", key=SECRET_KEY))
    wait_until(lambda: stands(number, "registered"), "up again", timeout_s=SHOWN_WITHIN_S)
    row.update(registers=False)
    wait_until(
        lambda: not DidRegistration.objects.filter(did=number).exists(),
        "who does not register has no state",
        timeout_s=SHOWN_WITHIN_S,
    )


def test_it_recovers_after_the_supplier_restarts(
    town: Town, supplier: Supplier, number: Did
) -> None:
    wait_until(lambda: stands(number, "registered"), "registered", timeout_s=SHOWN_WITHIN_S)
    assert number.circuit is not None
    town.stage.phone(number.circuit, on_call=answer)

    supplier.forget()
    wait_until(lambda: stands(number, "trying", "silent"), "noticed", timeout_s=NOTICED_WITHIN_S)
    supplier.start()
    wait_until(lambda: stands(number, "registered"), "up again", timeout_s=NOTICED_WITHIN_S)

    is_called(town, supplier, number.circuit)

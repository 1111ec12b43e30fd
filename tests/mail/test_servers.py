"""By which server mail leaves: the nearest seller's, over real sockets."""

from __future__ import annotations

import ipaddress
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from django.urls import reverse

from tests.support.smtp import Server, mail_server, own_mail_server
from tests.support.web import WebClient, administrator
from tests.support.world import World, make_tenant, make_world
from tests.ui.cases import ResourceCase
from tronco.core import secrets
from tronco.core.errors import InvalidInput
from tronco.mail import services, setup_services
from tronco.mail.connections import public_address
from tronco.mail.models import Email, MailServer
from tronco.mail.setup_views import MailServers
from tronco.mail.smtp import parse_networks
from tronco.runtime.ports import choose_port
from tronco.tenancy.access import SYSTEM
from tronco.tenancy.models import Tenant


@pytest.fixture
def world(db: None) -> World:
    return make_world()


@pytest.fixture
def own(settings: Any) -> Iterator[Server]:
    with own_mail_server(settings) as server:
        yield server


def server_of(seller: Tenant, port: int, **fields: Any) -> MailServer:
    values = {"security": "none", "sender": "voz@revenda.example", "host": "127.0.0.1", **fields}
    return setup_services.server_create(actor=SYSTEM, tenant_id=seller.pk, port=port, **values)


def sent(tenant: Tenant) -> Email:
    email = services.email_queue(
        tenant_id=tenant.pk, kind="voicemail", recipient="a@b.example", subject="Oi", text="Oi"
    )
    services.email_deliver(email_id=email.pk, at=datetime.now(UTC) + timedelta(seconds=1))
    email.refresh_from_db()
    return email


def self_signed(directory: Path) -> ssl.SSLContext:
    """What a server shows whose certificate it has made itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "smtp.revenda.example")])
    now = datetime.now(UTC)
    made = x509.CertificateBuilder(
        issuer_name=name,
        subject_name=name,
        public_key=key.public_key(),
        serial_number=x509.random_serial_number(),
        not_valid_before=now - timedelta(days=1),
        not_valid_after=now + timedelta(days=1),
    ).sign(key, hashes.SHA256())
    form, plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    path = directory / "smtp.pem"
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, form, plain)
        + made.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context


def allow_this_machine(settings: Any) -> None:
    settings.TRONCO_MAIL_NETWORKS = parse_networks("127.0.0.0/8")


def test_the_nearest_seller_s_server_takes_it(world: World, own: Server, settings: Any) -> None:
    allow_this_machine(settings)
    with mail_server() as his:
        server_of(world.reseller_a, his.port)
        for tenant in (world.customer_a, world.customer_a1):
            assert sent(tenant).state == Email.State.SENT
        assert [message["From"] for message in his.taken] == [
            "Revenda A <voz@revenda.example>",
            "Revenda A1 <voz@revenda.example>",
        ]
        assert his.taken[0]["Message-ID"].endswith("@revenda.example>")
        sent(world.customer_b)
    assert [message["From"] for message in own.taken] == ["Revenda B <avisos@operadora.example>"]


def test_without_any_other_the_seller_s_own_is_enough(world: World, settings: Any) -> None:
    allow_this_machine(settings)
    with mail_server() as his:
        server_of(world.reseller_a, his.port)
        assert sent(world.customer_a).state == Email.State.SENT
        assert sent(world.customer_b).state == Email.State.QUEUED


def test_only_the_master_s_may_stand_inside_our_network(world: World) -> None:
    with mail_server() as his:
        server_of(world.master, his.port)
        server_of(world.reseller_a, his.port)
        assert sent(world.customer_b).state == Email.State.SENT
        refused = sent(world.customer_a)
    assert refused.state == Email.State.QUEUED and "internet aberta" in refused.error
    assert len(his.taken) == 1


@pytest.mark.parametrize(
    ("host", "networks", "allowed"),
    [
        ("127.0.0.1", "", False),
        ("localhost", "", False),
        ("10.1.2.3", "", False),
        ("169.254.169.254", "", False),
        ("::1", "", False),
        ("::ffff:127.0.0.1", "", False),
        ("0.0.0.0", "", False),
        ("2130706433", "", False),
        ("64:ff9b::10.1.2.3", "", False),
        ("2002:a01:203::1", "", False),
        ("fec0::1", "", False),
        ("::127.0.0.1", "", False),
        ("ff0e::1", "", False),
        ("224.0.1.1", "", False),
        ("10.1.2.3", "10.1.0.0/16,fd00::/8", True),
        ("10.2.2.3", "10.1.0.0/16", False),
        ("8.8.8.8", "", True),
        ("2001:4860:4860::8888", "", True),
    ],
)
def test_where_a_reseller_s_server_may_stand(
    settings: Any, host: str, networks: str, allowed: bool
) -> None:
    settings.TRONCO_MAIL_NETWORKS = parse_networks(networks)
    if allowed:
        assert ipaddress.ip_address(public_address(host))
    else:
        with pytest.raises(OSError, match="internet"):
            public_address(host)


def test_a_wrong_network_is_named() -> None:
    with pytest.raises(InvalidInput, match="TRONCO_MAIL_NETWORKS"):
        parse_networks("10.0.0.0/99")


def test_a_password_goes_only_where_it_was_typed_for(world: World) -> None:
    one = server_of(
        world.reseller_a,
        587,
        security="starttls",
        username="voz",
        password="segredo",
        host="a.example",
    )
    assert "segredo" not in one.password_encrypted
    values: dict[str, Any] = {
        "port": 587,
        "security": "starttls",
        "sender": one.sender,
        "username": "voz",
    }
    kept = setup_services.server_change(
        actor=SYSTEM, server_id=one.pk, host="a.example", **{**values, "port": 465}
    )
    assert kept.password_encrypted == one.password_encrypted
    with pytest.raises(InvalidInput) as refused:
        setup_services.server_change(actor=SYSTEM, server_id=one.pk, host="b.example", **values)
    assert refused.value.field == "password"
    with pytest.raises(InvalidInput) as refused:
        server_of(world.reseller_b, 25, username="voz", password="segredo")
    assert refused.value.field == "security"


def test_a_server_without_the_encryption_asked_for_gets_nothing(world: World) -> None:
    with mail_server() as his:
        one = server_of(world.master, his.port, security="starttls")
        page = administrator(world).post(
            reverse("mail:mailserver_do", args=[one.pk, "test"]), {"recipient": "eu@b.example"}
        )
    assert page.status_code == 422 and "STARTTLS" in page.content.decode()
    assert not his.taken


def test_a_certificate_that_nobody_vouches_for_is_refused_until_it_is_renewed(
    world: World, tmp_path: Path
) -> None:
    with mail_server(tls_context=self_signed(tmp_path)) as his:
        server_of(world.master, his.port, security="starttls")
        refused = sent(world.customer_b)
    assert refused.state == Email.State.QUEUED and refused.next_at
    assert "certificate" in refused.error
    assert not his.taken


def test_a_password_that_does_not_open_holds_up_nobody_else(world: World, own: Server) -> None:
    broken = server_of(
        world.reseller_a, 587, security="tls", username="voz", password="segredo", host="a.example"
    )
    token = secrets.encrypt("segredo", key="another")
    MailServer.objects.filter(pk=broken.pk).update(password_encrypted=token)
    first, second = (
        services.email_queue(
            tenant_id=tenant.pk, kind="voicemail", recipient="a@b.example", subject="Oi", text="Oi"
        )
        for tenant in (world.customer_a, world.customer_b)
    )
    assert services.emails_deliver_due(at=datetime.now(UTC)) == 1
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.state, first.attempts, second.state) == ("queued", 1, "sent")
    assert "TRONCO_SECRET_KEY" in first.error


class TestMailServers(ResourceCase):
    resource = MailServers
    changes = {"port": "465", "security": "tls"}

    def make(self, world: World, name: str = "Primeiro") -> MailServer:
        seller = make_tenant(world.reseller_a, "reseller", name)
        return MailServer.objects.create(tenant=seller, host=name, sender="a@b.example")

    def typed(self, world: World) -> dict[str, Any]:
        return {
            "tenant": world.reseller_b.pk,
            "host": "smtp.b.example",
            "port": "587",
            "security": "starttls",
            "username": "voz@b.example",
            "password": "segredo",
            "sender": "voz@b.example",
        }

    def test_a_test_really_sends_and_says_what_went_wrong(
        self, world: World, client: WebClient
    ) -> None:
        with mail_server() as his:
            one = server_of(world.master, his.port)
            url = reverse("mail:mailserver_do", args=[one.pk, "test"])
            assert client.post(url, {"recipient": "eu@b.example"}).status_code == 302
            [message] = his.taken
            assert message["To"] == "eu@b.example" and Email.objects.get().state == "sent"
            his.recipient_reply = "550 no such user"
            page = client.post(url, {"recipient": "eu@b.example"})
            assert page.status_code == 422 and "550 no such user" in page.content.decode()
        MailServer.objects.update(port=choose_port())
        page = client.post(url, {"recipient": "eu@b.example"})
        assert page.status_code == 422 and "refused" in page.content.decode()

    def test_a_password_is_never_shown(self, world: World, client: WebClient) -> None:
        one = server_of(
            world.master, 587, security="tls", username="voz", password="segredo", host="a.example"
        )
        for action in ("detail", "edit", "history"):
            page = client.get(reverse(f"mail:mailserver_{action}", args=[one.pk])).content.decode()
            assert "segredo" not in page and one.password_encrypted not in page

"""Reads of e-mails, and of what counts for a seller: his own, or that of the nearest above him."""

from __future__ import annotations

from dataclasses import dataclass
from email.utils import formataddr

from django.conf import settings
from django.db.models import QuerySet
from django.db.models.functions import Length
from django.utils import translation
from django.utils.translation import gettext as _

from tronco.branding.selectors import look_of
from tronco.core import secrets
from tronco.core.errors import NotFound
from tronco.mail.connections import own_relay
from tronco.mail.kinds import get_kind
from tronco.mail.models import Email, MailServer, Notices, Template
from tronco.mail.smtp import Relay
from tronco.tenancy.access import Actor
from tronco.tenancy.models import Tenant
from tronco.tenancy.selectors import find_own_customer


@dataclass(frozen=True)
class Words:
    """Subject and text of a kind, and whose they are; None: the product's own."""

    subject: str
    text: str
    seller: Tenant | None


@dataclass(frozen=True)
class Way:
    """How mail of a seller leaves: its address and name, and whose server; None: ours."""

    address: str
    name: str
    server: MailServer | None = None

    @property
    def sender(self) -> str:
        return formataddr((self.name, self.address))

    def relay(self) -> Relay:
        """Where it is handed over; raises Unavailable when the server's password does not open."""
        if self.server is None:
            return own_relay()
        return Relay(
            host=self.server.host,
            port=self.server.port,
            user=self.server.username,
            password=secrets.decrypt(self.server.password_encrypted, key=settings.SECRET_KEY),
            starttls=self.server.security == MailServer.Security.STARTTLS,
            tls=self.server.security == MailServer.Security.TLS,
            # The master may have one in his own network; who buys from him may not look into it.
            public_only=self.server.tenant.kind != Tenant.Kind.MASTER,
        )


def list_emails(*, actor: Actor) -> QuerySet[Email]:
    """Return the e-mails of everybody below, without their attachments."""
    return Email.objects.visible_to(actor).select_related("tenant").defer("attachment")


def get_email(*, actor: Actor, email_id: int, lock: bool = False) -> Email:
    """Return an e-mail, or raise NotFound."""
    rows = Email.objects.visible_to(actor).defer("attachment")
    if lock:
        rows = rows.select_for_update()
    email = rows.filter(pk=email_id).first()
    if email is None:
        raise NotFound(_("There is no such e-mail."))
    return email


def get_template(*, actor: Actor, template_id: int) -> Template:
    """Return a template within reach, or raise NotFound."""
    template = Template.objects.visible_to(actor).filter(pk=template_id).first()
    if template is None:
        raise NotFound(f"no e-mail template {template_id}")
    return template


def get_server(*, actor: Actor, server_id: int) -> MailServer:
    """Return a mail server within reach, or raise NotFound."""
    server = (
        MailServer.objects.visible_to(actor).select_related("tenant").filter(pk=server_id).first()
    )
    if server is None:
        raise NotFound(f"no mail server {server_id}")
    return server


def find_notices(tenant: Tenant) -> Notices:
    """Return what a customer wants to be told; what is usual, unsaved, if he said nothing."""
    return Notices.objects.filter(tenant=tenant).first() or Notices(tenant=tenant)


def get_own_customer(*, actor: Actor) -> Tenant:
    """Return the customer to whom this person belongs, or raise NotFound."""
    own = find_own_customer(actor=actor)
    if own is None:
        raise NotFound("not in a customer's panel")
    return own


def find_words(*, seller: Tenant, kind: str, language: str) -> Words:
    """Return what an e-mail of a kind says: the seller's words, or those of the nearest above."""
    product = get_kind(kind)
    template = (
        Template.objects.filter(tenant__in=seller.ancestor_ids, kind=kind, language=language)
        .select_related("tenant")
        .order_by(Length("tenant__path").desc())
        .first()
    )
    if template is not None:
        return Words(template.subject, template.text, template.tenant)
    with translation.override(language):
        return Words(str(product.subject), str(product.text), None)


def find_way(seller: Tenant) -> Way:
    """Return how mail of a seller leaves: his server, that of the nearest above, or ours."""
    name = look_of(seller.path).name or seller.name
    server = (
        MailServer.objects.filter(tenant__in=seller.ancestor_ids)
        .select_related("tenant")
        .order_by(Length("tenant__path").desc())
        .first()
    )
    return Way(server.sender if server else settings.DEFAULT_FROM_EMAIL, name, server)

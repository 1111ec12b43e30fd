"""Writes of what sellers set up: their words, their mail server, what their customers are told."""

from __future__ import annotations

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from tronco.core import secrets
from tronco.core.errors import InvalidInput, NotFound
from tronco.mail.kinds import KINDS
from tronco.mail.models import MailServer, Notices, Template
from tronco.mail.selectors import find_notices, get_own_customer, get_server, get_template
from tronco.mail.texts import check_text
from tronco.tenancy.access import Actor
from tronco.tenancy.models import Tenant
from tronco.tenancy.saving import save_checked
from tronco.tenancy.selectors import get_tenant


@transaction.atomic
def template_create(
    *, actor: Actor, tenant_id: int, kind: str, language: str, subject: str, text: str
) -> Template:
    """Say it in a seller's own words from now on."""
    actor.require("mail.edit")
    seller = _get_seller(actor, tenant_id)
    check_words(kind=kind, subject=subject, text=text)
    template = Template(tenant=seller, kind=kind, language=language, subject=subject, text=text)
    save_checked(template)
    return template


@transaction.atomic
def template_change(*, actor: Actor, template_id: int, subject: str, text: str) -> Template:
    """Change the words."""
    actor.require("mail.edit")
    template = get_template(actor=actor, template_id=template_id)
    check_words(kind=template.kind, subject=subject, text=text)
    template.subject, template.text = subject, text
    save_checked(template)
    return template


@transaction.atomic
def template_delete(*, actor: Actor, template_id: int) -> None:
    """Go back to the words of the seller above, or to the product's."""
    actor.require("mail.delete")
    get_template(actor=actor, template_id=template_id).delete()


def check_words(*, kind: str, subject: str, text: str) -> None:
    """Raise InvalidInput, naming the field, for a place that the kind does not have."""
    if kind not in KINDS:
        raise InvalidInput(_("This kind has no text of its own."), field="kind")
    check_text(subject, KINDS[kind].places, field="subject")
    check_text(text, KINDS[kind].places, field="text")


@transaction.atomic
def server_create(
    *,
    actor: Actor,
    tenant_id: int,
    host: str,
    port: int,
    security: str,
    sender: str,
    username: str = "",
    password: str = "",
) -> MailServer:
    """Let a seller's e-mails leave by a server of his own."""
    actor.require("mail.edit")
    server = MailServer(tenant=_get_seller(actor, tenant_id))
    return _fill_server(server, host, port, security, sender, username, password)


@transaction.atomic
def server_change(
    *,
    actor: Actor,
    server_id: int,
    host: str,
    port: int,
    security: str,
    sender: str,
    username: str = "",
    password: str = "",
) -> MailServer:
    """Change the server. An empty password keeps the one that is stored, at the same server."""
    actor.require("mail.edit")
    server = get_server(actor=actor, server_id=server_id)
    is_same = (host.strip(), username) == (server.host, server.username)
    if server.password_encrypted and username and not password and not is_same:
        # Else whoever may change the host's name has the password shown to a server of his.
        raise InvalidInput(
            _("Type the password again: server or user has changed."), field="password"
        )
    return _fill_server(server, host, port, security, sender, username, password)


@transaction.atomic
def server_delete(*, actor: Actor, server_id: int) -> None:
    """Let e-mails leave by the server of the seller above again."""
    actor.require("mail.delete")
    get_server(actor=actor, server_id=server_id).delete()


@transaction.atomic
def notices_create(
    *,
    actor: Actor,
    tenant_id: int,
    language: str,
    address: str = "",
    missed_calls: bool = False,
    suspension: bool = True,
    invoice: bool = True,
) -> Notices:
    """Say what a customer wants to be told."""
    actor.require("mail.edit")
    notices = Notices(tenant=get_tenant(actor=actor, tenant_id=tenant_id, lock=True))
    return _fill_notices(notices, language, address, missed_calls, suspension, invoice)


@transaction.atomic
def notices_change(
    *,
    actor: Actor,
    notices_id: int,
    language: str,
    address: str = "",
    missed_calls: bool = False,
    suspension: bool = True,
    invoice: bool = True,
) -> Notices:
    """Change what a customer wants to be told."""
    actor.require("mail.edit")
    return _fill_notices(
        _get_notices(actor, notices_id), language, address, missed_calls, suspension, invoice
    )


@transaction.atomic
def notices_delete(*, actor: Actor, notices_id: int) -> None:
    """Go back to what is usual."""
    actor.require("mail.delete")
    _get_notices(actor, notices_id).delete()


@transaction.atomic
def own_notices_set(
    *,
    actor: Actor,
    language: str,
    address: str = "",
    missed_calls: bool = False,
    suspension: bool = True,
    invoice: bool = True,
) -> Notices:
    """Say of what one's own company wants to be told."""
    actor.require("notices.edit")
    customer = get_own_customer(actor=actor)
    notices = find_notices(get_tenant(actor=actor, tenant_id=customer.pk, lock=True))
    return _fill_notices(notices, language, address, missed_calls, suspension, invoice)


def _fill_server(
    server: MailServer,
    host: str,
    port: int,
    security: str,
    sender: str,
    username: str,
    password: str,
) -> MailServer:
    server.host, server.port, server.security = host.strip(), port, security
    server.sender, server.username = sender, username
    if password:
        server.password_encrypted = secrets.encrypt(password, key=settings.SECRET_KEY)
    if not username:
        server.password_encrypted = ""
    if server.password_encrypted and security == MailServer.Security.NONE:
        raise InvalidInput(
            _("A password is not sent without encryption; choose one."), field="security"
        )
    save_checked(server)
    return server


def _fill_notices(
    notices: Notices,
    language: str,
    address: str,
    missed_calls: bool,
    suspension: bool,
    invoice: bool,
) -> Notices:
    notices.language, notices.address = language, address
    notices.missed_calls, notices.suspension = missed_calls, suspension
    notices.invoice = invoice
    save_checked(notices)
    return notices


def _get_seller(actor: Actor, tenant_id: int) -> Tenant:
    seller = get_tenant(actor=actor, tenant_id=tenant_id)
    if seller.kind == Tenant.Kind.CUSTOMER:
        raise InvalidInput(_("A customer sells to nobody."), field="tenant")
    return seller


def _get_notices(actor: Actor, notices_id: int) -> Notices:
    notices = Notices.objects.visible_to(actor).filter(pk=notices_id).first()
    if notices is None:
        raise NotFound(f"no notices {notices_id}")
    return notices

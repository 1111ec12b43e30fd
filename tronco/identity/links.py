"""Links by e-mail: the invitation that finishes a registration, and the forgotten password.

Whoever holds a user's link is that user, so a link works once and for a short time; a new one, a
new password or another e-mail address ends those before it.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta

from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from tronco.branding.selectors import look_of
from tronco.core.errors import Conflict, InvalidInput
from tronco.identity.models import User, UserLink
from tronco.identity.roles import Role
from tronco.identity.selectors import get_user
from tronco.identity.services import links_end, password_set
from tronco.mail.services import notice_queue
from tronco.tenancy.access import NOBODY, Actor, acting, bound_scope
from tronco.tenancy.services import tenant_register
from tronco.ui.formats import instant

LASTS = {
    UserLink.Kind.INVITATION: timedelta(days=7),
    UserLink.Kind.PASSWORD: timedelta(hours=2),
}
# Who asks for his password again and again gets one message in so long.
PAUSE = timedelta(minutes=5)
MOST_NAMESAKES = 5


@transaction.atomic
def invitation_send(*, actor: Actor, user_id: int) -> None:
    """Send, or send again, the link to who has not chosen a password yet."""
    actor.require("identity.edit")
    user = get_user(actor=actor, user_id=user_id)
    if user.has_usable_password():
        raise Conflict(_("This user has a password already."), code="registered-already")
    _send(user, UserLink.Kind.INVITATION)


@transaction.atomic
def password_link_send(*, actor: Actor, user_id: int) -> None:
    """Send a user a link to choose another password; the present one works until then."""
    actor.require("identity.edit")
    _send(get_user(actor=actor, user_id=user_id), UserLink.Kind.PASSWORD)


def password_ask(*, name: str) -> None:
    """Send a link to whoever has this user name or e-mail, if somebody has; tell nobody."""
    named = User.objects.filter(username__iexact=name) | User.objects.filter(email__iexact=name)
    for user in named.exclude(email="").order_by("pk")[:MOST_NAMESAKES]:
        with bound_scope(user.actor.scopes), transaction.atomic():
            lately = user.links.filter(created_at__gt=timezone.now() - PAUSE)
            if user.actor is NOBODY or lately.exists():
                continue
            registered = user.has_usable_password()
            _send(user, UserLink.Kind.PASSWORD if registered else UserLink.Kind.INVITATION)


def find_link(token: str) -> UserLink | None:
    """Return the link of a token, if it still works and its user may enter."""
    links = UserLink.objects.select_related("user").filter(
        token_hash=_digest(token), used_at=None, expires_at__gt=timezone.now()
    )
    link = links.first()
    return None if link is None or link.user.actor is NOBODY else link


def link_use(
    *, token: str, password: str, name: str = "", phone: str = "", document: str = ""
) -> User:
    """Choose the password, and with an invitation finish the registration."""
    link = find_link(token)
    if link is None:
        raise _over()
    actor = link.user.actor
    with bound_scope(actor.scopes), transaction.atomic(), acting(actor, why=link_reason(link)):
        # Of two who use it at once, the second waits here, and finds it used.
        if not UserLink.objects.select_for_update().filter(pk=link.pk, used_at=None).exists():
            raise _over()
        user: User = link.user
        if link.kind == UserLink.Kind.INVITATION:
            _register(user, name=name, phone=phone, document=document)
        password_set(user, password)
        user.must_change_password = False
        user.save(update_fields=["name", "password", "must_change_password"])
        link.used_at = timezone.now()
        link.save(update_fields=["used_at"])
        links_end(user)
    return user


def link_reason(link: UserLink) -> str:
    """What the history says of what is done by a link."""
    if link.kind == UserLink.Kind.INVITATION:
        return _("Registration finished by the link of the invitation")
    return _("Password chosen by a link")


def _over() -> Conflict:
    return Conflict(_("This link is over: it was used, or its time has passed."), code="link-over")


def _register(user: User, *, name: str, phone: str, document: str) -> None:
    user.name = name.strip() or user.name
    if user.role == Role.CUSTOMER_ADMINISTRATOR:
        tenant_register(actor=user.actor, contact=user.name, phone=phone, document=document)


def _send(user: User, kind: str) -> None:
    if not user.email:
        raise InvalidInput(_("This user has no e-mail address."), field="email", code="no-email")
    if user.actor is NOBODY:
        raise Conflict(_("This access is closed; open it first."), code="access-closed")
    links_end(user)
    token = secrets.token_urlsafe(32)
    until = timezone.now() + LASTS[UserLink.Kind(kind)]
    UserLink.objects.create(user=user, kind=kind, token_hash=_digest(token), expires_at=until)
    address = look_of(user.tenant.path).site_url + reverse("identity:link", args=[token])
    notice_queue(
        tenant_id=user.tenant_id,
        kind=kind,
        recipient=user.email,
        facts={
            "name": user.name,
            "username": user.username,
            "link": address,
            "until": instant(until),
        },
    )


def _digest(token: str) -> str:
    """Tokens are long and random: a fast digest cannot be guessed backwards."""
    return hashlib.sha256(token.encode()).hexdigest()

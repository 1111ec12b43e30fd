"""What the e-mails say by which somebody gets his access."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _

from tronco.identity.models import User, UserLink
from tronco.ui.formats import instant


class Message(NamedTuple):
    """An e-mail's subject and text."""

    subject: str
    text: str


def link_message(*, kind: str, user: User, address: str, until: datetime) -> Message:
    """Return what goes with a link; whoever reads it may have no language set yet."""
    facts = {
        "name": user.name,
        "username": user.username,
        "of": user.tenant,
        "address": address,
        "until": instant(until),
    }
    with translation.override(settings.LANGUAGE_CODE):
        if kind == UserLink.Kind.INVITATION:
            return Message(_("Your access to %(of)s") % facts, _INVITATION() % facts)
        return Message(_("Your new password"), _PASSWORD() % facts)


def _INVITATION() -> str:
    return _(
        "Hello, %(name)s.\n\n"
        "An access to the panel of %(of)s was made for you. To finish the registration and choose"
        " your password, open:\n\n%(address)s\n\n"
        "Your user name: %(username)s\n\n"
        "The link works once, until %(until)s. If it is over, ask for another."
    )


def _PASSWORD() -> str:
    return _(
        "Hello, %(name)s.\n\n"
        "To choose a new password, open:\n\n%(address)s\n\n"
        "Your user name: %(username)s\n\n"
        "The link works once, until %(until)s. If you did not ask for it, do nothing: your"
        " password stays as it is."
    )

"""A text with its facts as a letter: plain for every reader, and with the seller's looks.

Its HTML is ours: what resellers write, and what facts say, is text in it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from django.conf import settings
from django.template.loader import render_to_string

from tronco.branding.selectors import look_of
from tronco.core import secrets
from tronco.mail.models import Email
from tronco.mail.selectors import Words
from tronco.mail.texts import fill
from tronco.tenancy.models import Tenant

# Where the HTML has the seller's logo, which goes along.
LOGO = 'src="cid:logo"'


@dataclass(frozen=True)
class Letter:
    """What leaves."""

    subject: str
    text: str
    html: str


def write_letter(words: Words, seller: Tenant, facts: Mapping[str, str]) -> Letter:
    """Put the facts into the words, in the looks of the seller."""
    known = {**facts, "seller": look_of(seller.path).name or seller.name}
    text = fill(words.text, known)
    return Letter(subject=fill(words.subject, known), text=text, html=_html(seller, text))


def letter_of(email: Email) -> Letter:
    """Return an e-mail as its reader gets it, with what the log does not show."""
    if not email.hidden_encrypted:
        return Letter(email.subject, email.text, email.html)
    hidden = json.loads(secrets.decrypt(email.hidden_encrypted, key=settings.SECRET_KEY))
    text = fill(email.text, hidden)
    seller = email.tenant.parent or email.tenant
    return Letter(fill(email.subject, hidden), text, _html(seller, text))


def hide(hidden: Mapping[str, str]) -> str:
    """Return what an e-mail keeps of facts that its log does not show."""
    return secrets.encrypt(json.dumps(dict(hidden)), key=settings.SECRET_KEY) if hidden else ""


def _html(seller: Tenant, text: str) -> str:
    look = look_of(seller.path)
    name = look.name or seller.name
    return render_to_string("mail/letter.html", {"look": look, "name": name, "text": text})

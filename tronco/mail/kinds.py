"""Kinds of e-mail with a text of their own: when each is sent, the facts it has places for, and the
product's own words, in both languages by the catalogue of translations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from tronco.core.errors import NotFound
from tronco.mail.models import Email

Text = Any  # str or a lazy translation


@dataclass(frozen=True)
class Place:
    """A fact that a text may tell: what it is, and one to show how it looks.

    A secret one is for the reader alone: the log of e-mails does not show it.
    """

    about: Text
    example: Text
    is_secret: bool = False


@dataclass(frozen=True)
class Kind:
    """One kind of e-mail. `subject` and `text` are the product's own."""

    name: str
    when: Text
    own_places: Mapping[str, Place]
    subject: Text
    text: Text

    @property
    def label(self) -> str:
        return str(Email.Kind(self.name).label)

    @property
    def places(self) -> dict[str, Place]:
        """What its texts may tell, with what every kind tells."""
        return {**COMMON, **self.own_places}

    def examples(self) -> dict[str, str]:
        """Facts to show a text with."""
        return {name: str(place.example) for name, place in self.places.items()}


COMMON = {
    "customer": Place(_("name of the customer"), "Padaria Pão Quente"),
    "seller": Place(_("who sends it: the name of your brand"), "Operadora Aroeira"),
}
_LINE = Place(_("number of the line"), "1133334444")
_CALLER = Place(_("who called"), "(11) 98888-7777")
_AT = Place(_("date and time"), "20/11/2026 12:30")
_NAME = Place(_("name of the user"), "Ana Souza")
_LINK = Place(_("link that opens once"), "https://voz.example/link", is_secret=True)
_USERNAME = Place(_("user name to sign in with"), "ana")
_UNTIL = Place(_("until when the link opens"), "21/11/2026 12:30")
_ACCOUNT = Place(_("which account"), "1133334444")
_ASKED = Place(_("how much was asked for"), "R$ 50,00")
_REQUEST = Place(_("page of the request"), "https://voz.example/topups/7/")

KINDS = {
    kind.name: kind
    for kind in (
        Kind(
            Email.Kind.INVITATION,
            _("Somebody was given access and chooses his password."),
            {"name": _NAME, "username": _USERNAME, "link": _LINK, "until": _UNTIL},
            _("Welcome to {seller}"),
            _(
                "Hello, {name}.\n\nAn access to the panel of {customer} was made for you. To finish"
                " the registration and choose your password, open:\n\n{link}\n\n"
                "Your user name: {username}\n\n"
                "The link works once, until {until}. If it is over, ask for another."
            ),
        ),
        Kind(
            Email.Kind.PASSWORD,
            _("Somebody asked to choose a new password."),
            {"name": _NAME, "username": _USERNAME, "link": _LINK, "until": _UNTIL},
            _("Your new password at {seller}"),
            _(
                "Hello, {name}.\n\nTo choose a new password, open:\n\n{link}\n\n"
                "Your user name: {username}\n\n"
                "The link works once, until {until}. If you did not ask for it, do nothing: your"
                " password stays as it is."
            ),
        ),
        Kind(
            Email.Kind.MISSED_CALL,
            _("A call to a customer was not answered, where he wants to know of it."),
            {"caller": _CALLER, "line": _LINE, "at": _AT},
            _("{caller} called you"),
            _(
                "{caller} called {line} and nobody answered.\n\nDate: {at}\n\n"
                "This message was sent by {seller} on behalf of {customer}."
            ),
        ),
        Kind(
            Email.Kind.VOICEMAIL,
            _("Somebody left a message; its sound goes along."),
            {
                "caller": _CALLER,
                "line": _LINE,
                "at": _AT,
                "duration": Place(_("how long the message is"), "14 s"),
            },
            _("Message from {caller}"),
            _(
                "Somebody left a message for line {line}.\n\n"
                "From: {caller}\nDate: {at}\nDuration: {duration}\n\n"
                "The message is attached."
            ),
        ),
        Kind(
            Email.Kind.LOW_BALANCE,
            _("The balance fell below what the customer wants to be warned at."),
            {
                "account": _ACCOUNT,
                "balance": Place(_("what is left"), "R$ 4,90"),
                "threshold": Place(_("where the warning begins"), "R$ 5,00"),
                "link": Place(
                    _("page where credit is asked for"), "https://voz.example/topups/add/"
                ),
            },
            _("Your balance is low: {balance}"),
            _(
                "Hello, {customer}.\n\nThe balance of {account} is {balance}, below {threshold}."
                " Add credit so that your calls go on:\n\n{link}\n\n{seller}"
            ),
        ),
        Kind(
            Email.Kind.TOPUP_ASKED,
            _("A customer or reseller asks for credit; goes to whoever sells to him."),
            {
                "asker": Place(_("who asks"), "Padaria Pão Quente"),
                "account": _ACCOUNT,
                "amount": Place(_("how much"), "R$ 50,00"),
                "note": Place(_("what he wrote"), "Pix de hoje"),
                "link": _REQUEST,
            },
            _("{asker} asks for {amount} of credit"),
            _(
                "{asker} asks for {amount} of credit for {account}.\n\nNote: {note}\n\n"
                "To approve or refuse it, open:\n\n{link}"
            ),
        ),
        Kind(
            Email.Kind.TOPUP_APPROVED,
            _("A request for credit was approved."),
            {
                "account": _ACCOUNT,
                "asked": _ASKED,
                "amount": Place(_("how much was credited"), "R$ 50,00"),
                "reason": Place(_("what the seller wrote"), "Pix recebido"),
                "link": _REQUEST,
            },
            _("{amount} of credit for {account}"),
            _(
                "Hello, {customer}.\n\n{amount} were credited to {account}; you had asked for"
                " {asked}.\n\nRemark: {reason}\n\n{link}\n\n{seller}"
            ),
        ),
        Kind(
            Email.Kind.TOPUP_REFUSED,
            _("A request for credit was refused."),
            {
                "account": _ACCOUNT,
                "asked": _ASKED,
                "reason": Place(_("why"), "Pix não localizado"),
                "link": _REQUEST,
            },
            _("Your request for credit was refused"),
            _(
                "Hello, {customer}.\n\nYour request of {asked} for {account} was refused.\n\n"
                "Reason: {reason}\n\n{link}\n\n{seller}"
            ),
        ),
        Kind(
            Email.Kind.BLOCKED,
            _("A circuit was suspended."),
            {"line": _LINE, "at": _AT},
            _("Line {line} was suspended"),
            _(
                "Hello, {customer}.\n\nLine {line} was suspended on {at}; it places no calls."
                " Emergency calls always work. Talk to {seller} to have it back."
            ),
        ),
        Kind(
            Email.Kind.SERVICES_BLOCKED,
            _("A customer was made inactive, or the account of a reseller was suspended."),
            {"at": _AT},
            _("The services of {customer} were suspended"),
            _(
                "Hello, {customer}.\n\nYour services were suspended on {at}; your lines place no"
                " calls. Emergency calls always work. Talk to {seller} to have them back."
            ),
        ),
        Kind(
            Email.Kind.INVOICE,
            _("A cycle of a customer's postpaid or control plans closed."),
            {
                "period": Place(_("the cycle that closed"), "01/10/2026 - 31/10/2026"),
                "fees": Place(_("monthly fees of his plans"), "R$ 150,00"),
                "consumption": Place(_("what his postpaid calls cost"), "R$ 23,40"),
                "total": Place(_("fees and postpaid calls"), "R$ 173,40"),
                "due": Place(_("due date"), "10/11/2026"),
                "calls": Place(
                    _("postpaid calls by class, a line each"), _("Local mobile: 12 calls, R$ 23,40")
                ),
                "included": Place(_("calls that control plans covered"), "R$ 8,10"),
                "link": Place(_("page with every call"), "https://voz.example/calls/"),
            },
            _("{seller}: your cycle of {period}"),
            _(
                "Hello, {customer}.\n\nYour cycle of {period} was closed.\n\n"
                "Monthly fees: {fees}\nPostpaid calls: {consumption}\nTotal: {total}\n"
                "Due date: {due}\n\nPostpaid calls by class:\n{calls}\n\n"
                "Calls that control plans covered: {included}\n\nEvery call: {link}\n\n"
                "This is a statement, not a tax document.\n\n{seller}"
            ),
        ),
        Kind(
            Email.Kind.TASK_FAILED,
            _("A background task of the platform failed; goes to the master."),
            {
                "task": Place(_("name of the task"), "mail.deliver"),
                "at": _AT,
                "number": Place(_("number of the run"), "4711"),
            },
            _("Task {task} failed"),
            _(
                "The background task {task} (number {number}) failed on {at}.\n\n"
                "The log of the background tasks says why."
            ),
        ),
    )
}


def get_kind(name: str) -> Kind:
    """Return a kind that has a text, or raise NotFound."""
    try:
        return KINDS[name]
    except KeyError as error:
        raise NotFound(f"no kind of e-mail {name}") from error

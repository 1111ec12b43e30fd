"""Roles and what each may do, by the level at which its holder stands.

A permission is `noun.verb`. The noun is a folder of `tronco`; verbs are view, export, edit (create
and change), delete, credit (post to a balance) and operate (hang up, lift a ban,
pause a group's member, hear voicemail, say when to be warned of a balance, enter a customer's
panel). The noun `own` is the extension that one uses oneself, with its calls and messages; `demo`
the demonstration's mailbox, which is its administrator's alone; `notices` what a customer is told
by e-mail.
"""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Role(models.TextChoices):
    """What a user is, at the level of his own tenant."""

    ADMINISTRATOR = "administrator", _("Administrator")
    FINANCE = "finance", _("Finance")
    SUPPORT = "support", _("Support")
    READ_ONLY = "read_only", _("Read only")
    CUSTOMER_ADMINISTRATOR = "customer_admin", _("Customer administrator")
    EXTENSION_USER = "extension_user", _("Extension user")


_VERBS = ("view", "export", "edit", "delete", "credit", "operate")
# What exists at each level: switches and carriers are the master's alone; a customer does not sell.
_NOUNS = {
    "master": (
        "dashboard",
        "tenancy",
        "identity",
        "catalog",
        "charging",
        "circuits",
        "extensions",
        "topups",
        "callingcards",
        "pbx",
        "dids",
        "calls",
        "routing",
        "centrals",
        "audit",
        "mail",
        "branding",
        "demo",
    ),
    "reseller": (
        "dashboard",
        "tenancy",
        "identity",
        "catalog",
        "charging",
        "circuits",
        "extensions",
        "topups",
        "callingcards",
        "pbx",
        "dids",
        "calls",
        "audit",
        "mail",
        "branding",
    ),
    "customer": (
        "dashboard",
        "identity",
        "circuits",
        "extensions",
        "topups",
        "pbx",
        "dids",
        "calls",
    ),
}
# The seller's as a whole: who is given some of his customers has nothing of it.
_OF_THE_SELLER = frozenset({"catalog", "callingcards", "routing", "centrals", "branding", "demo"})
# What is done in a customer's panel alone, and what a visitor of the seller's needs for it.
PANEL_ONLY = {"extensions.edit": "circuits.edit", "notices.edit": "mail.edit"}
# To ask a seller for credit: the master has none.
_OF_WHO_BUYS = frozenset({"topups.edit"})
# That there are recordings.
_SEEN_BY_ALL = frozenset({"recordings.view", "recordings.export"})
# His own telephone, and nothing of his company's.
_EXTENSION_USER = frozenset({"dashboard.view", "own.view", "own.edit"})
_CUSTOMER = frozenset(
    {
        "dashboard.view",
        "identity.view",
        "identity.edit",
        "identity.delete",
        "circuits.view",
        "circuits.export",
        "circuits.operate",
        "extensions.view",
        "extensions.export",
        "extensions.edit",
        "extensions.delete",
        "topups.view",
        "topups.export",
        "topups.edit",
        "own.view",
        "own.edit",
        "notices.edit",
        "pbx.view",
        "pbx.export",
        "pbx.edit",
        "pbx.delete",
        "pbx.operate",
        "dids.view",
        "dids.export",
        "calls.view",
        "calls.export",
        *_SEEN_BY_ALL,
        # Those who talk have a right to secrecy: who carries the calls neither has them recorded
        # nor hears them (docs/recordings.md).
        "recordings.edit",
        "recordings.delete",
        "recordings.listen",
    }
)


def permissions_for(role: Role, level: str) -> frozenset[str]:
    """Return the permissions of a role at `level` (master, reseller, customer)."""
    everything = frozenset(f"{noun}.{verb}" for noun in _NOUNS[level] for verb in _VERBS)
    if level == "master":
        everything -= _OF_WHO_BUYS
    everything |= _SEEN_BY_ALL
    if role == Role.EXTENSION_USER:
        return _EXTENSION_USER if level == "customer" else frozenset()
    if level == "customer":
        return _CUSTOMER
    if role == Role.ADMINISTRATOR:
        wanted = everything
    elif role == Role.FINANCE:
        wanted = _ending(everything, "view", "export", "credit") | {
            "catalog.edit",
            "catalog.delete",
            "topups.edit",
        }
    elif role == Role.SUPPORT:
        wanted = _ending(everything, "view", "export", "operate") | {
            "circuits.edit",
            "dids.edit",
            "pbx.edit",
            "routing.edit",
            "tenancy.edit",
            "centrals.edit",
        }
    else:
        wanted = _ending(everything, "view")
    return everything & (wanted - set(PANEL_ONLY))


def for_given_customers(permissions: frozenset[str]) -> frozenset[str]:
    """Return what is left of a role for who sees some customers and not their seller."""
    return frozenset(p for p in permissions if p.partition(".")[0] not in _OF_THE_SELLER)


def _ending(permissions: frozenset[str], *verbs: str) -> frozenset[str]:
    return frozenset(p for p in permissions if p.rpartition(".")[2] in verbs)

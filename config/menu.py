"""The menu, in one place: the manuals' names, a permission per item."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from tronco.callingcards.views import Cards
from tronco.catalog.tariff_views import Tariffs
from tronco.catalog.views import Plans
from tronco.circuits.selectors import find_own_circuit
from tronco.circuits.views import Circuits
from tronco.customers.views import Customers
from tronco.dids.views import Dids
from tronco.recordings.selectors import hears_own
from tronco.tenancy.views import Resellers
from tronco.topups.selectors import count_waiting
from tronco.ui.menu import Item, Section, open_sections

# The demonstration's alone.
MAILBOX = Item(
    _("Demo mailbox"),
    "demo:letters",
    "demo.edit",
    words=_("letters e-mails received"),
    icon="mailbox",
)


def has_extension(actor: Any) -> bool:
    """Whether this person uses an extension himself."""
    return actor.can("own.view") and find_own_circuit(actor=actor) is not None


def count_topups(actor: Any) -> int:
    """How many requests for credit wait for this person."""
    return count_waiting(actor=actor)


def may_hear_own(actor: Any) -> bool:
    """Whether this person may hear the recordings of his own calls."""
    return hears_own(actor=actor)


MENU = (
    Section(
        "",
        "layout-dashboard",
        (Item(_("Dashboard"), "dashboard:home", "calls.view", words=_("home start")),),
    ),
    Section(
        _("My extension"),
        "phone",
        (
            Item(
                _("Telephone"),
                "circuits:phone",
                "own.view",
                words=_("softphone call keypad"),
                icon="phone-call",
            ),
            Item(
                _("Set up a telephone"),
                "circuits:phone_setup",
                "own.view",
                words=_("settings server app desk phone"),
                icon="settings-2",
            ),
            Item(_("My calls"), "calls:own_list", "own.view", icon="list-details"),
            Item(
                _("My messages"),
                "pbx:own_message_list",
                "own.view",
                words=_("messages answering machine"),
                icon="message-2",
            ),
            Item(
                _("My recordings"),
                "recordings:own_list",
                "own.view",
                icon="microphone-2",
                only=may_hear_own,
            ),
            Item(_("My follow-me"), "pbx:own_line", "own.edit", icon="adjustments"),
        ),
        only=has_extension,
    ),
    Section(
        _("Master data"),
        "folder",
        (
            Item(
                _("Circuits"),
                "circuits:circuit_list",
                "circuits.view",
                words=_("manage IP lines SIP extensions credit history balance"),
                icon="phone",
            ),
            Item(
                _("Extensions"),
                "extensions:extension_list",
                "extensions.view",
                words=_("telephones short numbers registered PABX"),
                icon="device-landline-phone",
            ),
            Item(_("Customers"), "tenancy:customer_list", "tenancy.view", icon="building-store"),
            Item(_("Resellers"), "tenancy:reseller_list", "tenancy.view", icon="sitemap"),
            Item(
                _("Numbers"),
                "dids:did_list",
                "dids.view",
                words=_("manage DIDs inventory"),
                icon="hash",
            ),
            Item(
                _("Number ranges"),
                "dids:numberrange_list",
                "tenancy.view",  # a customer has none
                words=_("registered numbers blocks inventory"),
                icon="list-numbers",
            ),
            Item(
                _("Holders of numbers"),
                "dids:tenure_list",
                "tenancy.view",
                words=_("who had this number on that date"),
                icon="history",
            ),
        ),
    ),
    Section(
        _("Voice"),
        "headset",
        (
            Item(
                _("IVR menus"),
                "pbx:menu_list",
                "pbx.view",
                words=_("manage IVR menus extension menu attendance"),
                icon="sitemap",
            ),
            Item(
                _("Groups (queues)"),
                "pbx:queue_list",
                "pbx.view",
                words=_("call groups waiting members PABX"),
                icon="users-group",
            ),
            Item(
                _("Schedules"),
                "pbx:schedule_list",
                "pbx.view",
                words=_("open hours holidays"),
                icon="clock-hour-9",
            ),
            Item(
                _("Prompts"),
                "pbx:prompt_list",
                "pbx.view",
                words=_("audio recordings sounds speech music on hold"),
                icon="microphone",
            ),
            Item(
                _("Voice portal"),
                "pbx:portalcaller_list",
                "pbx.view",
                words=_("manage voice portal telephones PIN"),
                icon="device-mobile-check",
            ),
            Item(
                _("Calling cards"),
                "callingcards:card_list",
                "callingcards.view",
                words=_("manage calling cards series PIN prepaid"),
                icon="credit-card",
            ),
            Item(
                _("Line services"),
                "pbx:line_list",
                "pbx.view",
                words=_("follow-me voicemail pick-up PIN extension"),
                icon="adjustments",
            ),
            Item(
                _("Voicemail"),
                "pbx:voicemail_list",
                "pbx.view",
                words=_("messages answering machine"),
                icon="message-2",
            ),
            Item(
                _("Recordings"),
                "recordings:recording_list",
                "recordings.view",
                words=_("recorded calls listen"),
                icon="microphone-2",
            ),
        ),
    ),
    Section(
        _("Sales"),
        "license",
        (
            Item(
                _("Plans"),
                "catalog:plan_list",
                "catalog.view",
                words=_("manage sale plans national plan"),
                icon="license",
            ),
            Item(
                _("Price lists"),
                "catalog:tariff_list",
                "catalog.view",
                words=_("tariffs prefixes rates import"),
                icon="list-numbers",
            ),
            Item(
                _("Balances of resellers"),
                "charging:reseller_account_list",
                "charging.view",
                words=_("reseller credit account"),
                icon="wallet",
            ),
            Item(
                _("What does it cost?"),
                "catalog:quote",
                "catalog.view",
                words=_("quote simulate price of a call"),
                icon="calculator",
            ),
        ),
    ),
    Section(
        _("Money"),
        "coins",
        (
            Item(
                _("Statement"),
                "circuits:posting_list",
                "circuits.view",
                words=_("postings credit debit balance movements history"),
                icon="file-invoice",
            ),
            Item(
                _("Credit requests"),
                "topups:topup_list",
                "topups.view",
                words=_("ask for credit top-up receipt approve"),
                icon="coins",
                count=count_topups,
            ),
        ),
    ),
    Section(
        _("Platform"),
        "server",
        (
            Item(_("Live calls"), "calls:live_list", "calls.view", icon="phone-call"),
            Item(
                _("Call records (CDR)"),
                "calls:cdr_list",
                "calls.view",
                words=_("history statement"),
                icon="list-details",
            ),
            Item(
                _("Refused at numbers"),
                "calls:refused_list",
                "calls.view",
                words=_("fraud DIDs reasons"),
                icon="phone-off",
            ),
            Item(
                _("Carriers"),
                "routing:carrier_list",
                "routing.view",
                icon="building-broadcast-tower",
            ),
            Item(_("Trunks"), "routing:trunk_list", "routing.view", icon="arrows-exchange"),
            Item(_("Routes"), "routing:route_list", "routing.view", icon="route"),
            Item(_("Centrals"), "centrals:central_list", "centrals.view", icon="server"),
            Item(
                _("Banned addresses"),
                "centrals:ban_list",
                "centrals.view",
                words=_("security password guessing"),
                icon="shield-x",
            ),
        ),
    ),
    Section(
        _("Administration"),
        "settings",
        (
            Item(_("Users"), "identity:user_list", "identity.view", icon="users"),
            Item(_("My notices"), "mail:own_notices", "notices.edit", icon="bell"),
            Item(_("E-mails"), "mail:email_list", "mail.view", words=_("sent queue"), icon="mail"),
            *((MAILBOX,) if settings.TRONCO_DEMO_MAILBOX else ()),
            Item(
                _("White label"),
                "branding:brand_list",
                "branding.view",
                words=_("brand logo colour domain"),
                icon="palette",
            ),
            Item(
                _("What changed"),
                "audit:changes",
                "audit.view",
                words=_("history audit log"),
                icon="history",
            ),
        ),
    ),
)
# What the quick access looks into, beside the names of screens.
SEARCHED = (Customers(), Circuits(), Dids(), Resellers(), Cards(), Plans(), Tariffs())


def context(request: HttpRequest) -> dict[str, Any]:
    """Template context: the menu as this user sees it."""
    actor = getattr(request, "actor", None)
    if actor is None:
        return {"menu": ()}
    return {"menu": list(open_sections(MENU, actor, request.path))}

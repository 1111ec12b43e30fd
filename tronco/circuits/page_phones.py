"""The telephone in the page: credentials that last as long as the session, and no longer than that.

A circuit's own password is kept nowhere, so a page cannot have it. It gets a name and a password of
its own (`PagePhone`); in the switch it is one more telephone of the circuit (`docs/circuits.md`).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv4Network, ip_address
from pathlib import Path
from typing import Final

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from tronco.circuits.digest import digests_of
from tronco.circuits.models import Circuit, PagePhone
from tronco.circuits.selectors import find_own_circuit
from tronco.core.errors import Conflict
from tronco.core.ids import new_password
from tronco.runtime.ports import page_port_file, read_port
from tronco.tenancy.access import Actor

LASTS: Final = timedelta(hours=8)
# So many pages of one circuit may be open at a time; one more replaces the oldest.
MOST_PAGES: Final = 4
PREFIX: Final = "web~"
# From where the proxy lets pages in to the switch: an address of this machine for each person, so
# that who guesses passwords from his page is kept out, and nobody else.
ADDRESSES: Final = IPv4Network("127.64.0.0/10")
_PASSWORD_LENGTH: Final = 32


@dataclass(frozen=True, slots=True)
class NewPagePhone:
    """What a page signs in with; the password is told now and never again."""

    phone: PagePhone
    password: str


def line_of(endpoint: str) -> str:
    """The circuit whose telephone the switch calls so: `web~1001~4f0c` is one of 1001's."""
    return endpoint.split("~")[1] if endpoint.startswith(PREFIX) else endpoint


def page_address(user_id: int) -> str:
    """From where the pages of a person come."""
    return str(ADDRESSES[user_id % ADDRESSES.num_addresses])


def find_page_user(address: str) -> int | None:
    """Whose pages come from there; None: nobody's."""
    found = ip_address(address)
    return int(found) - int(ADDRESSES[0]) if found in ADDRESSES else None


def list_ice_servers(phone: PagePhone) -> list[dict[str, str]]:
    """Who helps a page's audio through NAT, as browsers take it; none unless the operator has some.

    A TURN server knows by the secret it shares with us (`use-auth-secret` of coturn) that we let
    the page in, and until when.
    """
    servers = []
    if settings.TRONCO_STUN:
        servers.append({"urls": f"stun:{settings.TRONCO_STUN}"})
    if settings.TRONCO_TURN:
        name = f"{int(phone.expires_at.timestamp())}:{phone.name}"
        signed = hmac.new(settings.TRONCO_TURN_SECRET.encode(), name.encode(), hashlib.sha1)
        password = base64.b64encode(signed.digest()).decode()
        servers.append(
            {"urls": f"turn:{settings.TRONCO_TURN}", "username": name, "credential": password}
        )
    return servers


@transaction.atomic
def page_phone_open(*, actor: Actor, session_key: str) -> NewPagePhone:
    """Make the telephone of a page of this person's session."""
    actor.require("own.view")
    circuit = find_own_circuit(actor=actor)
    if circuit is None or circuit.user_id is None:
        raise Conflict(_("No extension is yours yet: ask for one."), code="no-extension")
    phones = PagePhone.objects.filter(circuit=circuit)
    kept = phones.filter(expires_at__gt=timezone.now()).order_by("-expires_at")[: MOST_PAGES - 1]
    phones.exclude(pk__in=list(kept.values_list("pk", flat=True))).delete()
    name = f"{PREFIX}{circuit.number}~{secrets.token_hex(6)}"
    password = new_password(_PASSWORD_LENGTH)
    phone = PagePhone.objects.create(
        name=name,
        circuit=circuit,
        tenant_id=circuit.tenant_id,
        user_id=circuit.user_id,
        session_id=session_key,
        ha1_md5=digests_of(name, password, realm=settings.TRONCO_SIP_REALM).ha1_md5,
        expires_at=timezone.now() + LASTS,
    )
    return NewPagePhone(phone, password)


def page_phone_close(*, actor: Actor, name: str) -> None:
    """Take a page's telephone away; it may be gone already."""
    actor.require("own.view")
    if actor.user_id is not None:
        mine = PagePhone.objects.visible_to(actor).filter(user_id=actor.user_id)
        mine.filter(name=name).delete()


def page_phones_forget(*, now: datetime) -> int:
    """Delete those whose time is over, or whose user has lost the extension or his access."""
    over = Q(expires_at__lte=now) | Q(user__is_active=False) | ~Q(circuit__user_id=F("user_id"))
    return PagePhone.objects.filter(over | Q(circuit__user=None)).delete()[0]


def page_phone_address(*, circuit: Circuit, host: str) -> str:
    """Where a page that was opened at `host` reaches the circuit's central (WebSocket).

    Behind the proxy that ends TLS it is a path of the site; else the switch itself, which listens
    on this machine alone. Empty when it is not known.
    """
    if settings.HTTPS:
        return f"wss://{host}/phone/{circuit.central.name}"
    port = read_port(page_port_file(Path(settings.TRONCO_HOME), circuit.central.name))
    return f"ws://{host.rpartition(':')[0] or host}:{port}/ws" if port else ""

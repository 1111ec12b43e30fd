"""Who guesses passwords is kept out: within seconds, for an hour or more, and never a real phone.

Asterisk tells of every failed login. An address that fails too often goes into the include file of
`acl.conf`; the switch then refuses it before it looks at anything. Addresses from which a phone is
registered, and those of trunks, are never banned: behind one office's address many phones live.
The rows in `centrals.Ban` are what people see and lift; the file follows them.
"""

from __future__ import annotations

import ipaddress
import logging
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from django.db.models import Q

from tronco.centrals.models import Ban, Central
from tronco.circuits.page_phones import find_page_user
from tronco.identity.models import User
from tronco.sipcore.ami import Fields

logger = logging.getLogger(__name__)
FAILURES = frozenset(
    {"ChallengeResponseFailed", "InvalidPassword", "InvalidAccountID", "AuthMethodNotAllowed"}
)
# A phone with a wrong password tries once or twice a minute.
MOST_FAILURES = 10
WINDOW_S = 60.0
FIRST_BAN = timedelta(hours=1)
LONGEST_BAN = timedelta(days=7)
FORGET_BANS_AFTER = timedelta(days=30)
MOST_ADDRESSES = 50_000


@dataclass(frozen=True, slots=True)
class Guesser:
    """An address that failed too often."""

    address: str
    attempts: int
    last_user: str


@dataclass
class Guesses:
    """The failures of late, by address."""

    _failures: dict[str, deque[float]] = field(default_factory=dict)

    def note(self, event: Fields, *, now: float) -> Guesser | None:
        """Take a failed login; the guesser when it was one too many."""
        address = address_of(event.get("RemoteAddress", ""))
        if not address:
            return None
        times = self._failures.setdefault(address, deque(maxlen=MOST_FAILURES))
        times.append(now)
        if len(times) < MOST_FAILURES or now - times[0] > WINDOW_S:
            self._forget_old(now)
            return None
        del self._failures[address]
        user = event.get("AccountID", "")
        return Guesser(address, MOST_FAILURES, "" if user == "<unknown>" else user[:120])

    def forget(self, addresses: Iterable[str]) -> None:
        """They are kept out: once back, they begin anew."""
        for address in addresses:
            self._failures.pop(address, None)

    def _forget_old(self, now: float) -> None:
        if len(self._failures) > MOST_ADDRESSES:
            self._failures = {
                address: times
                for address, times in self._failures.items()
                if now - times[-1] < WINDOW_S
            }


def address_of(remote: str) -> str:
    """The address in `IPV4/UDP/192.0.2.1/5060`; empty if there is none.

    Telephones in pages come through the proxy in front of the site, which gives each person an
    address of his own (`docs/operate/install.md`): to ban the proxy's would ban them all.
    """
    parts = remote.split("/")
    if len(parts) != 4:
        return ""
    try:
        address = str(ipaddress.ip_address(parts[2]))
    except ValueError:
        return ""
    is_page = parts[1] in ("WS", "WSS")
    return "" if is_page and find_page_user(address) is None else address


def store_bans(*, central: str, guessers: list[Guesser]) -> None:
    """Write the bans down. Every one of the last month makes the next twice as long."""
    row = Central.objects.filter(name=central).first()
    if row is None:
        logger.error("there is no central named %s; its bans are not shown", central)
        return
    now = datetime.now(UTC)
    for guesser in guessers:
        earlier = Ban.objects.filter(
            central=row, address=guesser.address, created_at__gt=now - FORGET_BANS_AFTER
        )
        if earlier.filter(expires_at__gt=now, lifted_at=None).exists():
            continue
        Ban.objects.create(
            tenant_id=row.tenant_id,
            central=row,
            address=guesser.address,
            attempts=guesser.attempts,
            last_user=_tried(guesser),
            expires_at=now + min(FIRST_BAN * 2 ** earlier.count(), LONGEST_BAN),
        )


def _tried(guesser: Guesser) -> str:
    """What was tried, and by whom when that is known: `ana → 1002`."""
    user_id = find_page_user(guesser.address)
    user = User.objects.filter(pk=user_id).first() if user_id else None
    return f"{user.username} → {guesser.last_user}"[:120] if user else guesser.last_user


def list_banned(*, central: str) -> set[str]:
    """Return the addresses that are to be kept out now."""
    running = Q(expires_at__gt=datetime.now(UTC), lifted_at=None)
    return set(Ban.objects.filter(running, central__name=central).values_list("address", flat=True))

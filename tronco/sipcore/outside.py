"""A node behind NAT: the address that others see, told to telephones and to pages.

Asterisk includes these files in its transports and in what it knows of audio. They hold while the
database is away, and are read again without harm to running calls.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Final

from tronco.runtime.paths import Home
from tronco.sipcore.ami import Manager
from tronco.sipcore.store import Store

logger = logging.getLogger(__name__)
PJSIP_FILE: Final = "pjsip_outside.conf"
ICE_FILE: Final = "ice_outside.conf"
FILES: Final = (PJSIP_FILE, ICE_FILE)
# To whoever is here the node is what it is.
_LOCAL: Final = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "127.0.0.0/8")
_MODULES: Final = ("res_pjsip.so", "res_rtp_asterisk.so")
_DISCARD_PORT: Final = 9


def outside_files(address: str = "", *, own: str = "") -> dict[str, str]:
    """Return the files: `address` is what others see, `own` what this machine calls itself."""
    pjsip, ice = [], ""
    if address:
        pjsip = [
            f"external_media_address = {address}",
            f"external_signaling_address = {address}",
            *(f"local_net = {network}" for network in _LOCAL),
        ]
    if address and own not in ("", address):
        # Pages of the same office reach it by its own address.
        ice = f"{own} => {address},include_local_address"
    return {PJSIP_FILE: "\n".join([*pjsip, ""]), ICE_FILE: f"{ice}\n"}


class Outside:
    """Keeps one node's files as the database has its central."""

    def __init__(
        self,
        name: str,
        etc: Path,
        *,
        home: Home,
        store: Store,
        connected: Callable[[], Manager],
    ) -> None:
        self._name, self._etc = name, etc
        self._home, self._store, self._connected = home, store, connected
        self._to_reload = False
        self.changed = asyncio.Event()
        self.changed.set()

    def config_changed(self, table: str) -> None:
        """Rows of a table changed (`*`: any may have)."""
        if table in ("centrals_central", "*"):
            self.changed.set()

    async def apply(self) -> None:
        """Write the files and let Asterisk read them, when they are not what they were."""
        self.changed.clear()
        address = await self._store.run(find_outside_address, name=self._name)
        for name, text in outside_files(address, own=own_address(address)).items():
            path = self._etc / name
            if not path.exists() or path.read_text() != text:
                self._home.write(str(path.relative_to(self._home.root)), text)
                self._to_reload = True
        if self._to_reload:
            for module in _MODULES:
                await self._connected().action("Reload", Module=module)
            self._to_reload = False
            logger.info("%s is seen from outside as %s", self._name, address or "what it is")


def find_outside_address(*, name: str) -> str:
    """The address under which others see a central; empty when it is its own."""
    # The start writes the files with nothing in them, before there is a Django.
    from tronco.centrals.models import Central

    found = Central.objects.filter(name=name).values_list("external_address", flat=True).first()
    return found or ""


def own_address(address: str) -> str:
    """The address with which this machine speaks to others; empty when it has no way to them."""
    if not address:
        return ""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            # Nothing is sent: the system only says where it would.
            probe.connect((address, _DISCARD_PORT))
        except OSError:
            return ""
        own: str = probe.getsockname()[0]
        return own

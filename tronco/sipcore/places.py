"""Where the parts of an instance meet: ports, secrets and files of a node on this machine.

`tronco up`, which starts Asterisk, and `tronco sipcore`, which talks to it, ask here and agree.
"""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import unquote, urlsplit

from tronco.runtime.paths import Home
from tronco.runtime.ports import is_free, page_port_file, remembered_port
from tronco.sipcore.config import DatabaseAccess, NodeSettings

SIP_PORT = 5060
RTP_PORTS = (10_000, 19_999)
DATABASE_SECRET = "asterisk-database"  # noqa: S105 - the name of one


def agi_port(home: Home) -> int:
    """Where sipcore listens for the calls of every node of this machine."""
    return remembered_port(home.directory("ports") / "agi")


def node_settings(
    home: Home,
    name: str,
    *,
    database_url: str,
    realm: str,
    sip_address: str = "0.0.0.0",  # noqa: S104
) -> NodeSettings:
    """Return the settings of a node; the same at every call, also in another process."""
    ports = home.directory("ports")
    node = home.root / "asterisk" / name
    return NodeSettings(
        name=name,
        sip_address=sip_address,
        stun=os.environ.get("TRONCO_STUN", ""),
        sip_port=remembered_port(ports / f"sip-{name}", SIP_PORT),
        ami_port=remembered_port(ports / f"ami-{name}"),
        page_port=remembered_port(page_port_file(home.root, name)),
        ami_secret=home.secret(f"ami-{name}"),
        agi_port=agi_port(home),
        rtp_ports=RTP_PORTS,
        realm=realm,
        database=_database_access(home, database_url),
        spool=spool_path(home, name),
        etc=node / "etc",
    )


def release_taken_ports(home: Home, name: str) -> None:
    """Forget the ports of a node that is not running which somebody else has taken meanwhile."""
    ports = home.directory("ports")
    for path in (
        ports / "agi",
        ports / f"sip-{name}",
        ports / f"ami-{name}",
        page_port_file(home.root, name),
    ):
        if path.exists() and not is_free(int(path.read_text())):
            path.unlink()


def spool_path(home: Home, name: str) -> Path:
    return home.root / "asterisk" / name / "var/spool/calls.log"


def journal_path(home: Home) -> Path:
    return home.directory("sipcore") / "journal.log"


def _database_access(home: Home, url: str) -> DatabaseAccess:
    parts = urlsplit(url)
    return DatabaseAccess(
        host=parts.hostname or "127.0.0.1",
        port=parts.port or 5432,
        name=unquote(parts.path.lstrip("/")),
        password=home.secret(DATABASE_SECRET),
    )

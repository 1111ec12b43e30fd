"""All that an Asterisk node is told about telephony, as files. Pure: values in, text out.

Circuits are not here: Asterisk reads them from SQL views (`ast.*`, this folder's migration) and
keeps what it read in memory. Trunks and the way of emergency calls are here, because they must work
when PostgreSQL does not. `docs/sipcore.md` tells which process writes and reloads what.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tronco.sipcore.dialplan import emergency_dialplan, extensions_conf
from tronco.sipcore.endpoints import (
    DIRECT_ENDPOINT,
    FORWARD_ENDPOINT,
    emergency_endpoint,
    trunk_endpoint,
)
from tronco.sipcore.outside import ICE_FILE, PJSIP_FILE, outside_files
from tronco.sipcore.queues import EVENTS as QUEUE_EVENTS
from tronco.sipcore.queues import queue_files
from tronco.sipcore.sounds import LANGUAGE

TRUNKS_FILE = "pjsip_trunks.conf"
EMERGENCY_FILE = "extensions_emergency.conf"
SUPPLIERS_FILE = "pjsip_suppliers.conf"
BANS_FILE = "bans.conf"
DATABASE_ROLE = "tronco_asterisk"
# Long: a row that changes is expired by sipcore, at once; a database that is away must not matter.
CACHE_S = 86_400
PHONE_QUALIFY_S = 30
TRUNK_QUALIFY_S = 10
MOST_SECONDS_WITHOUT_AUDIO = 120
MOST_PAGES = 5000


@dataclass(frozen=True, slots=True)
class DatabaseAccess:
    """How Asterisk reaches the views."""

    host: str
    port: int
    name: str
    password: str


@dataclass(frozen=True, slots=True)
class NodeSettings:
    """One Asterisk node: its ports, secrets and places. `spool` is the file its calls end in."""

    name: str
    sip_port: int
    ami_port: int
    ami_secret: str
    page_port: int  # where telephones of pages come in, from this machine alone
    agi_port: int
    rtp_ports: tuple[int, int]
    realm: str
    database: DatabaseAccess
    spool: Path
    etc: Path
    sip_address: str = "0.0.0.0"  # noqa: S104 - phones come from anywhere
    stun: str = ""  # host:port of who tells pages' calls which address they are seen under

    @property
    def sounds(self) -> Path:
        """A directory a language."""
        return self.etc.parent / "share/sounds"

    @property
    def messages(self) -> Path:
        """Where callers' messages are recorded."""
        return self.etc.parent / "var/spool/messages"

    @property
    def tapes(self) -> Path:
        """Where conversations are recorded."""
        return self.etc.parent / "var/spool/tapes"


@dataclass(frozen=True, slots=True)
class TrunkSettings:
    """A trunk as Asterisk needs it, its password in clear."""

    id: int
    host: str
    port: int
    username: str = ""
    password: str = ""
    register: bool = False
    source_addresses: tuple[str, ...] = ()
    codecs: str = "alaw,ulaw"
    tech_prefix: str = ""
    carries_emergency: bool = False


def render(node: NodeSettings, trunks: Sequence[TrunkSettings]) -> dict[str, str]:
    """Return every file of the node's configuration by name."""
    return {
        "pjsip.conf": _pjsip_conf(node),
        "sorcery.conf": _sorcery_conf(),
        "extconfig.conf": _extconfig_conf(node),
        "res_pgsql.conf": _res_pgsql_conf(node),
        "extensions.conf": extensions_conf(
            agi=f"agi://127.0.0.1:{node.agi_port}",
            spool=node.spool,
            messages=node.messages,
            tapes=node.tapes,
        ),
        "manager.conf": _manager_conf(node),
        "http.conf": _http_conf(node),
        "rtp.conf": _rtp_conf(node),
        "acl.conf": f"[bans]\npermit = 0.0.0.0/0.0.0.0\npermit = ::/0\n#tryinclude {BANS_FILE}\n",
        "stasis.conf": _STASIS_CONF,
        "indications.conf": _INDICATIONS_CONF,
        # Else Asterisk takes *8 for itself, before the dialplan: whoever dials it, and unrecorded.
        "features.conf": "[general]\npickupexten = nobody-dials-this\n",
        # Both engines off: what a call was is written by the dialplan, see docs/sipcore.md.
        "cdr.conf": "[general]\nenable = no\n",
        "cel.conf": "[general]\nenable = no\n",
        BANS_FILE: bans_conf([]),
        **outside_files(),
        **trunk_files(trunks),
        **queue_files([], sounds=node.sounds / LANGUAGE),
    }


def trunk_files(trunks: Sequence[TrunkSettings]) -> dict[str, str]:
    """Return the files that change when a trunk does."""
    emergency = [t for t in trunks if t.carries_emergency] or trunks
    return {
        TRUNKS_FILE: "\n".join(_trunk(trunk) for trunk in trunks) or "; no trunks\n",
        EMERGENCY_FILE: emergency_dialplan(
            [(emergency_endpoint(t.id), _dialable(t.tech_prefix)) for t in emergency]
        ),
    }


def bans_conf(addresses: Iterable[str]) -> str:
    """Return the include file of `acl.conf` that keeps these addresses out."""
    networks = sorted({ipaddress.ip_network(address) for address in addresses}, key=str)
    lines = [f"deny = {network.network_address}/{network.netmask}" for network in networks]
    return "\n".join(["; addresses kept out for guessing passwords", *lines, ""])


def _pjsip_conf(node: NodeSettings) -> str:
    transports = "\n".join(
        f"[{protocol}](outside)\nprotocol = {protocol}\nbind = {node.sip_address}:{node.sip_port}\n"
        for protocol in ("udp", "tcp")
    )
    return f"""[global]
type = global
user_agent = Tronco
default_realm = {node.realm}
endpoint_identifier_order = auth_username,ip,username
disable_multi_domain = yes
ignore_uri_user_options = yes
; an expired registration is noticed this soon
contact_expiration_check_interval = 3
keep_alive_interval = 0

[system]
type = system
disable_tcp_switch = yes

[outside](!)
type = transport
#tryinclude {PJSIP_FILE}

{transports}
[page]
type = transport
protocol = ws
bind = 127.0.0.1:{node.page_port}

[bans]
type = acl
acl = bans

{_static_endpoint(FORWARD_ENDPOINT)}
{_static_endpoint(DIRECT_ENDPOINT, direct_media="yes")}
#include {TRUNKS_FILE}
#tryinclude {SUPPLIERS_FILE}
"""


def _static_endpoint(name: str, *, direct_media: str = "no") -> str:
    """One that only calls out: no request is taken for its."""
    return f"""[{name}]
type = endpoint
context = nowhere
disallow = all
allow = alaw,ulaw
identify_by = ip
direct_media = {direct_media}
rtp_symmetric = yes
force_rport = yes
rewrite_contact = yes
rtp_timeout = {MOST_SECONDS_WITHOUT_AUDIO}
dtmf_mode = rfc4733
send_pai = yes
allow_transfer = no
language = pt_BR
"""


def _trunk(trunk: TrunkSettings) -> str:
    name, always = trunk_endpoint(trunk.id), emergency_endpoint(trunk.id)
    username, host = escape(trunk.username), escape(trunk.host)
    where = f"{f'[{host}]' if ':' in host else host}:{trunk.port}"
    sections = [
        _trunk_endpoint(trunk, name),
        f"""[{name}]
type = aor
contact = sip:{where}
qualify_frequency = {TRUNK_QUALIFY_S}
qualify_timeout = 3.0

[{name}]
type = identify
endpoint = {name}
match = {escape(",".join(trunk.source_addresses)) or host}
""",
        _trunk_endpoint(trunk, always),
        f"[{always}]\ntype = aor\ncontact = sip:{where}\n",
    ]
    if trunk.password:
        sections.append(f"""[{name}]
type = auth
auth_type = userpass
username = {username}
password = {escape(trunk.password)}
""")
    if trunk.register:
        sections.append(f"""[{name}]
type = registration
transport = udp
server_uri = sip:{where}
client_uri = sip:{username}@{where}
contact_user = {username}
{f"outbound_auth = {name}" if trunk.password else ""}
endpoint = {name}
line = yes
expiration = 300
max_random_initial_delay = 2
retry_interval = 15
forbidden_retry_interval = 60
fatal_retry_interval = 60
max_retries = 0
auth_rejection_permanent = no
""")
    return "\n".join(sections)


def _trunk_endpoint(trunk: TrunkSettings, name: str) -> str:
    credentials = [
        *([f"from_user = {escape(trunk.username)}"] if trunk.username else []),
        *([f"outbound_auth = {trunk_endpoint(trunk.id)}"] if trunk.password else []),
    ]
    return "\n".join(
        [
            f"[{name}]",
            "type = endpoint",
            "transport = udp",
            "context = from-trunk",
            "disallow = all",
            f"allow = {escape(trunk.codecs)}",
            f"aors = {name}",
            "identify_by = ip",
            # Only where the other side wants it too: the audio of numbers that say so.
            "direct_media = yes",
            "rtp_symmetric = yes",
            f"rtp_timeout = {MOST_SECONDS_WITHOUT_AUDIO}",
            "dtmf_mode = rfc4733",
            "trust_id_inbound = yes",
            "send_pai = yes",
            "allow_transfer = no",
            "allow_subscribe = no",
            "language = pt_BR",
            *credentials,
            "",
        ]
    )


def escape(value: str) -> str:
    """A semicolon begins a comment in Asterisk's files, and a line's end another setting.

    A backslash has no meaning of its own there but before a semicolon.
    """
    printable = "".join(c for c in value if c.isprintable())
    return printable.replace(";", "\\;")


def _dialable(text: str) -> str:
    """What may stand in a dialled string of the dialplan."""
    return "".join(c for c in text if c.isascii() and (c.isalnum() or c in "+*#"))


def _sorcery_conf() -> str:
    # A reload is for trunks; circuits must stay in memory, the database may be away.
    cache = f"memory_cache,object_lifetime_maximum={CACHE_S},expire_on_reload=no"
    lines = ["[res_pjsip]"]
    for kind, view in (("endpoint", "ps_endpoints"), ("auth", "ps_auths"), ("aor", "ps_aors")):
        lines += [
            f"{kind}/cache = {cache}",
            f"{kind} = config,pjsip.conf,criteria=type={kind}",
            f"{kind} = realtime,{view}",
        ]
    return "\n".join([*lines, ""])


def _extconfig_conf(node: NodeSettings) -> str:
    views = ("ps_endpoints", "ps_auths", "ps_aors")
    return "\n".join(["[settings]", *(f"{v} => pgsql,{node.database.name}" for v in views), ""])


def _res_pgsql_conf(node: NodeSettings) -> str:
    # The application's name tells the views whose circuits are asked for.
    return f"""[general]
hostname = {node.database.host}
port = {node.database.port}
dbname = {node.database.name}
user = {DATABASE_ROLE}
password = {escape(node.database.password)}
appname = {node.name}
requirements = warn
order_multi_row_results_by_initial_column = no
"""


def _manager_conf(node: NodeSettings) -> str:
    events = "\n".join(f"eventfilter(action(include),name({name})) =" for name in _EVENTS)
    return f"""[general]
enabled = yes
webenabled = no
bindaddr = 127.0.0.1
port = {node.ami_port}
displayconnects = no
timestampevents = no
disabledevents = {",".join(_UNHEARD)}

[tronco]
secret = {node.ami_secret}
deny = 0.0.0.0/0.0.0.0
permit = 127.0.0.1/255.255.255.255
read = system,security,originate,agent
write = system,call,command,reporting,originate,agent
writetimeout = 5000
{events}
"""


# What sipcore listens to; everything else would be formatted, sent, read and thrown away.
_EVENTS = (
    "FullyBooted",
    "Shutdown",
    "ContactStatus",
    "Registry",
    "ChallengeResponseFailed",
    "InvalidPassword",
    "InvalidAccountID",
    "AuthMethodNotAllowed",
    "OriginateResponse",
    *QUEUE_EVENTS,
)
# What every call makes and the filter would drop: each would first wake every connection's thread,
# half of all that a call's threads are woken for.
_UNHEARD = (
    *("Newchannel", "Newstate", "Newexten", "NewCallerid", "NewConnectedLine", "NewAccountCode"),
    *("Hangup", "HangupRequest", "SoftHangupRequest"),
    *("HangupHandlerPush", "HangupHandlerPop", "HangupHandlerRun"),
    *("DialBegin", "DialState", "DialEnd", "DeviceStateChange", "ExtensionStatus"),
    *("BridgeCreate", "BridgeEnter", "BridgeLeave", "BridgeMerge", "BridgeDestroy"),
    *("LocalBridge", "LocalOptimizationBegin", "LocalOptimizationEnd"),
    *("MusicOnHoldStart", "MusicOnHoldStop", "DTMFBegin", "DTMFEnd"),
    *("ChallengeSent", "SuccessfulAuth", "TestEvent"),
)


def _http_conf(node: NodeSettings) -> str:
    """The way in for telephones of pages, and nothing else that Asterisk could serve."""
    return f"""[general]
servername = Tronco
enabled = yes
bindaddr = 127.0.0.1
bindport = {node.page_port}
enable_static = no
enable_status = no
; each open page keeps one
sessionlimit = {MOST_PAGES}
"""


def _rtp_conf(node: NodeSettings) -> str:
    lowest, highest = node.rtp_ports
    # ICE is for telephones in pages; the endpoints of others do not ask for it.
    return f"""[general]
rtpstart = {lowest}
rtpend = {highest}
strictrtp = yes
icesupport = yes
{f"stunaddr = {node.stun}" if node.stun else ""}

[ice_host_candidates]
#tryinclude {ICE_FILE}
"""


# Messages that nothing of ours reads, and that every call would otherwise make dozens of.
_STASIS_CONF = """[declined_message_types]
decline = ast_channel_varset_type
decline = ast_channel_talking_start
decline = ast_channel_talking_stop
decline = ast_rtp_rtcp_sent_type
decline = ast_rtp_rtcp_received_type
decline = agi_exec_start_type
decline = agi_exec_end_type
decline = ast_test_suite_message_type
"""

# The tones of Brazil: whoever waits in a menu hears the number he chose ring.
_INDICATIONS_CONF = """[general]
country = br

[br]
description = Brazil
ringcadence = 1000,4000
dial = 425
busy = 425/250,0/250
ring = 425/1000,0/4000
congestion = 425/250,0/250,425/750,0/250
callwaiting = 425/50,0/1000
dialrecall = 350+440
record = 425/250,0/250
info = 950/330,1400/330,1800/330
stutter = 350+440
"""

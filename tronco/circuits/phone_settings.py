"""What a telephone is told to register, in the words of common telephones. Pure.

Each maker calls the same things differently; the labels are those of the telephone's own screens,
which are English, or of its Portuguese translation where there is one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, NamedTuple
from xml.sax.saxutils import escape

# The switch grants from 15 s to an hour; this often a lost registration is noticed, and a home
# router keeps the way open besides.
EXPIRES_S: Final = 300
KEEP_ALIVE_S: Final = 30
STANDARD_PORT: Final = 5060
_CODECS: Final = {
    "alaw": "G.711 A-law (PCMA)",
    "ulaw": "G.711 µ-law (PCMU)",
    "g722": "G.722",
    "g729": "G.729",
    "gsm": "GSM",
    "opus": "Opus",
}


@dataclass(frozen=True, slots=True)
class PhoneSettings:
    """What is the same for every telephone of a circuit."""

    host: str
    port: int
    user: str
    codecs: tuple[str, ...]

    @property
    def server(self) -> str:
        """The address with the port, where it is not the one that telephones suppose."""
        return self.host if self.port == STANDARD_PORT else f"{self.host}:{self.port}"

    @property
    def codec_names(self) -> list[str]:
        return [_CODECS.get(codec, codec) for codec in self.codecs]


class Setting(NamedTuple):
    """One field of a telephone's screen; `value` empty: the password goes there."""

    label: str
    value: str


@dataclass(frozen=True, slots=True)
class Phone:
    """A telephone, where its settings are, and what is written there."""

    name: str
    where: str
    settings: tuple[Setting, ...]


def list_phones(told: PhoneSettings) -> list[Phone]:
    """Return what to write where, telephone by telephone."""
    return [
        Phone(name, where, tuple(Setting(*line) for line in lines(told)))
        for name, where, lines in _PHONES
    ]


def wave_account(told: PhoneSettings, password: str) -> str:
    """Return what the QR code of Grandstream Wave's “Scan QR Code” holds: the whole account.

    The format is that of Grandstream's own PABX (UCM); with the password in it, nothing has to be
    fetched from anywhere, so nothing has to be kept for that.
    """
    fields = {
        "RegisterServer": told.server,
        "UserID": told.user,
        "AuthID": told.user,
        "AuthPass": password,
        "AccountName": told.user,
        "DisplayName": told.user,
    }
    inner = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in fields.items())
    return (
        '<?xml version="1.0" encoding="utf-8"?>'
        f'<AccountConfig version="1"><Account>{inner}</Account></AccountConfig>'
    )


Lines = Callable[[PhoneSettings], list[tuple[str, str]]]


def _linphone(told: PhoneSettings) -> list[tuple[str, str]]:
    return [
        ("Nome de usuário (Username)", told.user),
        ("Senha (Password)", ""),
        ("Domínio (SIP domain)", told.server),
        ("Transporte (Transport)", "UDP"),
    ]


def _zoiper(told: PhoneSettings) -> list[tuple[str, str]]:
    return [
        ("Username", told.user),
        ("Password", ""),
        ("Hostname", told.server),
        ("Authentication username", told.user),
        ("Transport", "SIP UDP"),
    ]


def _microsip(told: PhoneSettings) -> list[tuple[str, str]]:
    return [
        ("Servidor SIP (SIP server)", told.server),
        ("Usuário (Username)", told.user),
        ("Domínio (Domain)", told.server),
        ("Login", told.user),
        ("Senha (Password)", ""),
        ("Transporte (Transport)", "UDP"),
        ("Keep-Alive", str(KEEP_ALIVE_S)),
    ]


def _grandstream(told: PhoneSettings) -> list[tuple[str, str]]:
    return [
        ("Account Active", "Yes"),
        ("SIP Server", told.server),
        ("SIP User ID", told.user),
        ("Authenticate ID", told.user),
        ("Authenticate Password", ""),
        ("NAT Traversal", "Keep-Alive"),
        ("Register Expiration (min)", str(EXPIRES_S // 60)),
        ("Send DTMF", "via RTP (RFC2833)"),
    ]


def _yealink(told: PhoneSettings) -> list[tuple[str, str]]:
    return [
        ("Line Active", "Enabled"),
        ("Register Name", told.user),
        ("User Name", told.user),
        ("Password", ""),
        ("Server Host", told.host),
        ("Port", str(told.port)),
        ("Transport", "UDP"),
        ("Server Expires", str(EXPIRES_S)),
        ("DTMF Type", "RFC2833"),
        ("Keep Alive Interval", str(KEEP_ALIVE_S)),
    ]


def _adapter(told: PhoneSettings) -> list[tuple[str, str]]:
    return [
        ("Primary SIP Server", told.server),
        ("SIP User ID", told.user),
        ("Authenticate ID", told.user),
        ("Authenticate Password", ""),
        ("SIP Registration", "Yes"),
        ("Register Expiration (min)", str(EXPIRES_S // 60)),
        ("DTMF Payload Type", "101 (RFC2833)"),
    ]


_PHONES: Final[tuple[tuple[str, str, Lines], ...]] = (
    ("Linphone", "Assistant › Use SIP account", _linphone),
    ("Zoiper", "Settings › Accounts › Add account", _zoiper),
    ("MicroSIP", "Menu › Add account", _microsip),
    ("Grandstream (GXP, GRP)", "Accounts › Account 1 › General, SIP Settings", _grandstream),
    ("Yealink", "Account › Register, Advanced", _yealink),
    ("ATA (Grandstream HT)", "FXS Port", _adapter),
)

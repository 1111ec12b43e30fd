"""The way out: where mail is handed over, from one setting, and what a refusal means. No models."""

from __future__ import annotations

import ipaddress
import smtplib
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

from tronco.core.errors import InvalidInput

# Scheme: port, STARTTLS, TLS from the first byte.
_SCHEMES = {"smtp": (25, False, False), "smtp+tls": (587, True, False), "smtps": (465, False, True)}
_PERMANENT = 500
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True)
class Relay:
    """A mail server that takes our messages; `host` is empty when there is none.

    With `public_only` it must stand in the open internet, or in one of TRONCO_MAIL_NETWORKS: else
    whoever names a server could knock at what only this machine reaches.
    """

    host: str = ""
    port: int = 25
    user: str = ""
    password: str = ""
    starttls: bool = False
    tls: bool = False
    public_only: bool = False

    def settings(self) -> dict[str, Any]:
        """Django's settings that lead there."""
        return {
            "EMAIL_HOST": self.host,
            "EMAIL_PORT": self.port,
            "EMAIL_HOST_USER": self.user,
            "EMAIL_HOST_PASSWORD": self.password,
            "EMAIL_USE_TLS": self.starttls,
            "EMAIL_USE_SSL": self.tls,
        }


def parse_relay(url: str) -> Relay:
    """Read `smtp://host`, `smtp+tls://user:password@host:587` or `smtps://…`; empty: none."""
    if not url:
        return Relay()
    parts = urlsplit(url)
    try:
        port = parts.port
    except ValueError:
        port = 0
    if parts.scheme not in _SCHEMES or not parts.hostname or port == 0:
        raise InvalidInput(
            "TRONCO_SMTP_URL must be smtp://, smtp+tls:// or smtps:// with a host, as in "
            "smtp+tls://user:password@smtp.example.com:587",
            field="TRONCO_SMTP_URL",
            code="smtp-url",
        )
    default_port, starttls, tls = _SCHEMES[parts.scheme]
    return Relay(
        host=parts.hostname,
        port=port or default_port,
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        starttls=starttls,
        tls=tls,
    )


def parse_networks(text: str) -> tuple[Network, ...]:
    """Read `10.0.5.0/24,fd00::25`."""
    try:
        return tuple(ipaddress.ip_network(part.strip()) for part in text.split(",") if part.strip())
    except ValueError as error:
        raise InvalidInput(
            f"TRONCO_MAIL_NETWORKS must be networks and commas, as in 10.0.5.0/24: {error}",
            field="TRONCO_MAIL_NETWORKS",
            code="mail-networks",
        ) from error


def is_permanent(problem: Exception) -> bool:
    """Whether trying again cannot help: the message or its address is refused, not the moment."""
    if isinstance(problem, smtplib.SMTPRecipientsRefused):
        return all(code >= _PERMANENT for code, _words in problem.recipients.values())
    if isinstance(problem, smtplib.SMTPDataError):
        return problem.smtp_code >= _PERMANENT
    # A header that cannot be written; a certificate that fails is both, and may be renewed.
    return isinstance(problem, ValueError) and not isinstance(problem, OSError)


def describe(problem: Exception) -> str:
    """What went wrong, in the server's words where it said any."""
    if isinstance(problem, smtplib.SMTPRecipientsRefused):
        return "; ".join(
            f"{address}: {code} {_text(words)}"
            for address, (code, words) in problem.recipients.items()
        )
    if isinstance(problem, smtplib.SMTPResponseException):
        return f"{problem.smtp_code} {_text(problem.smtp_error)}"
    return f"{type(problem).__name__}: {problem}"


def _text(words: bytes | str) -> str:
    return words.decode("utf-8", "replace") if isinstance(words, bytes) else str(words)

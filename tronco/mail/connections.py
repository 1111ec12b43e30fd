"""Connections to mail servers, on which Django's mail leaves. Certificates are checked."""

from __future__ import annotations

import ipaddress
import smtplib
import socket
from typing import Any

from django.conf import settings
from django.core.mail.backends.smtp import EmailBackend
from django.utils.translation import gettext as _

from tronco.mail.smtp import Relay

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
# Where every IPv6 address of the open internet is.
_GLOBAL_UNICAST = ipaddress.ip_network("2000::/3")


def own_relay() -> Relay:
    """The installation's mail server, of the settings."""
    return Relay(
        host=settings.EMAIL_HOST,
        port=settings.EMAIL_PORT,
        user=settings.EMAIL_HOST_USER,
        password=settings.EMAIL_HOST_PASSWORD,
        starttls=settings.EMAIL_USE_TLS,
        tls=settings.EMAIL_USE_SSL,
    )


def connect(relay: Relay) -> EmailBackend:
    """Return a connection there, not open yet."""
    backend = _PublicBackend if relay.public_only else EmailBackend
    return backend(
        host=relay.host,
        port=relay.port,
        username=relay.user,
        password=relay.password,
        use_tls=relay.starttls,
        use_ssl=relay.tls,
    )


def public_address(host: str) -> str:
    """Return an address of a host that stands in the open internet or where settings allow it."""
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    addresses = [ipaddress.ip_address(str(one[4][0])) for one in found]
    for address in addresses:
        allowed = any(address in network for network in settings.TRONCO_MAIL_NETWORKS)
        if not (_is_public(address) or allowed):
            raise OSError(_("%(host)s is not in the open internet") % {"host": host})
    return str(addresses[0])


def _is_public(address: Address) -> bool:
    """Neither of a network of one's own, nor a way into one: NAT64 and 6to4 lead to IPv4."""
    if not address.is_global or address.is_multicast:
        return False
    if isinstance(address, ipaddress.IPv4Address):
        return True
    return address in _GLOBAL_UNICAST and address.sixtofour is None


class _PublicOnly:
    """Looks at the address that is really connected to, not at what a name said before."""

    def _get_socket(self, host: str, port: int, timeout: float) -> Any:
        return super()._get_socket(public_address(host), port, timeout)  # type: ignore[misc]


class _PublicSmtp(_PublicOnly, smtplib.SMTP):
    pass


class _PublicSmtps(_PublicOnly, smtplib.SMTP_SSL):
    pass


class _PublicBackend(EmailBackend):
    @property
    def connection_class(self) -> type[smtplib.SMTP]:
        return _PublicSmtps if self.use_ssl else _PublicSmtp

"""Writes of brands."""

from __future__ import annotations

import hashlib
import re
from contextlib import suppress
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction
from django.http.request import validate_host
from django.utils.translation import gettext as _

from tronco.branding.colors import parse_color
from tronco.branding.logos import read_logo
from tronco.branding.models import Brand
from tronco.branding.selectors import get_brand
from tronco.core.errors import InvalidInput
from tronco.tenancy.access import Actor
from tronco.tenancy.models import Tenant
from tronco.tenancy.saving import save_checked
from tronco.tenancy.selectors import get_tenant

_DOMAIN = re.compile(
    r"(?=.{4,200}\Z)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])\Z"
)


@transaction.atomic
def brand_create(
    *,
    actor: Actor,
    tenant_id: int,
    name: str = "",
    color: str = "",
    domain: str = "",
    logo: bytes | None = None,
) -> Brand:
    """Give a seller a brand of his own."""
    actor.require("branding.edit")
    seller = get_tenant(actor=actor, tenant_id=tenant_id)
    if seller.kind == Tenant.Kind.CUSTOMER:
        raise InvalidInput(_("A customer sells to nobody."), field="tenant")
    return _fill(Brand(tenant=seller, path=seller.path), name, color, domain, logo)


@transaction.atomic
def brand_change(
    *,
    actor: Actor,
    brand_id: int,
    name: str = "",
    color: str = "",
    domain: str = "",
    logo: bytes | None = None,
    without_logo: bool = False,
) -> Brand:
    """Change a brand. Without another logo the present one stays, unless it shall go."""
    actor.require("branding.edit")
    brand = get_brand(actor=actor, brand_id=brand_id)
    if without_logo:
        brand.logo, brand.logo_hash = None, ""
    return _fill(brand, name, color, domain, logo)


@transaction.atomic
def brand_delete(*, actor: Actor, brand_id: int) -> None:
    """Show the brand above instead."""
    actor.require("branding.delete")
    get_brand(actor=actor, brand_id=brand_id).delete()


def _fill(brand: Brand, name: str, color: str, domain: str, logo: bytes | None) -> Brand:
    brand.name = " ".join(name.split())
    brand.color = parse_color(color) if color else ""
    brand.domain = _checked_domain(domain)
    if logo is not None:
        brand.logo = read_logo(logo)
        brand.logo_hash = hashlib.sha256(brand.logo).hexdigest()
    save_checked(brand)
    return brand


def _checked_domain(text: str) -> str:
    domain = text.strip().rstrip(".").lower()
    if not domain:
        return ""
    with suppress(UnicodeError):
        # As browsers name a domain with letters like ç.
        domain = domain.encode("idna").decode()
    if not _DOMAIN.match(domain):
        raise InvalidInput(
            _("Write the domain alone, like voz.example.com."), field="domain", code="domain"
        )
    # Where it answers to any name, TRONCO_URL says which is its own.
    own = [host for host in settings.TRONCO_HOSTS if host != "*"]
    if validate_host(domain, [*own, urlsplit(settings.TRONCO_URL).hostname or ""]):
        raise InvalidInput(
            _("This domain is the platform's own."), field="domain", code="domain-ours"
        )
    return domain

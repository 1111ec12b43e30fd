"""What is shown of whom: each of a brand's parts is the nearest seller's that has it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

from django.conf import settings
from django.db import connection, transaction

from tronco.branding.models import Brand
from tronco.core.errors import NotFound
from tronco.tenancy.access import Actor, bound_scope

PRODUCT = "Tronco"


@dataclass(frozen=True)
class Look:
    """What is shown; `color` is `#rrggbb`. Empty: the product's own."""

    name: str = ""
    color: str = ""
    logo_hash: str = ""
    domain: str = ""

    @property
    def title(self) -> str:
        """What the site is called."""
        return self.name or PRODUCT

    @property
    def color_digits(self) -> str:
        return self.color.removeprefix("#")

    @property
    def site_url(self) -> str:
        """Where its people reach the site: as `TRONCO_URL`, under its domain if it has one."""
        parts = urlsplit(settings.TRONCO_URL)
        port = f":{parts.port}" if parts.port else ""
        host = f"{self.domain}{port}" if self.domain else parts.netloc
        return urlunsplit((parts.scheme, host, parts.path.rstrip("/"), "", ""))


def look_of(path: str) -> Look:
    """Return what is shown to those of a tenant, by the tenant's path."""
    parts = [part for part in path.split("/") if part]
    above = [f"/{'/'.join(parts[:count])}/" for count in range(1, len(parts) + 1)]
    return _merged(list(Brand.objects.filter(path__in=above).defer("logo").order_by("-path")))


def look_of_domain(domain: str) -> Look:
    """Return what is shown to who has not signed in, by the domain he came to."""
    brand = find_brand(domain)
    if brand is None:
        return Look()
    with bound_scope((brand.path,)):
        return look_of(brand.path)


def find_brand(domain: str) -> Brand | None:
    """Return the brand of a domain. Whoever asks may: a domain is public."""
    return Brand.objects.filter(domain=domain.lower()).exclude(domain="").defer("logo").first()


def find_logo(logo_hash: str) -> bytes | None:
    """Return the picture of that name. Who knows the name was shown it, signed in or not."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            # Named for this transaction alone: the connection serves others after it.
            cursor.execute("SELECT set_config('tronco.logo', %s, true)", [logo_hash])
        found = Brand.objects.filter(logo_hash=logo_hash).values_list("logo", flat=True).first()
    return None if found is None else bytes(found)


def get_brand(*, actor: Actor, brand_id: int) -> Brand:
    """Return a brand within reach, or raise NotFound."""
    brand = Brand.objects.visible_to(actor).select_related("tenant").filter(pk=brand_id).first()
    if brand is None:
        raise NotFound(f"no brand {brand_id}")
    return brand


def _merged(nearest_first: Sequence[Brand]) -> Look:
    def first(name: str) -> str:
        return next((value for one in nearest_first if (value := getattr(one, name))), "")

    return Look(
        name=first("name"),
        color=first("color"),
        logo_hash=first("logo_hash"),
        domain=first("domain"),
    )

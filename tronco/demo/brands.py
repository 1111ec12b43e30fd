"""The demonstration's white label: a reseller with everything of his own, and one below him who
changes the colour alone. Their logos are painted here."""

from __future__ import annotations

import io

from PIL import Image, ImageDraw

from tronco.branding.services import brand_create
from tronco.demo.people import People
from tronco.tenancy.access import SYSTEM

COLOR = "#9a3412"
# Browsers take such names for this machine.
DOMAIN = "horizonte.localhost"
BELOW_COLOR = "#1e5a8a"


def brands_load(people: People) -> None:
    """Give Horizonte Voz a brand, and Serra Azul below him a colour."""
    horizonte, serra = people.tenants["horizonte"], people.tenants["serra"]
    brand_create(
        actor=SYSTEM,
        tenant_id=horizonte.pk,
        name=horizonte.name,
        color=COLOR,
        domain=DOMAIN,
        logo=paint_sunrise(),
    )
    brand_create(actor=SYSTEM, tenant_id=serra.pk, name=serra.name, color=BELOW_COLOR)


def paint_sunrise() -> bytes:
    """Return a PNG: a sun over the horizon, painted large and made smaller to be smooth."""
    image = Image.new("RGBA", (720, 720))
    draw = ImageDraw.Draw(image)
    draw.pieslice((120, 140, 600, 620), 180, 360, fill="#f59e0b")
    for top, color in ((380, COLOR), (460, "#c2410c"), (540, "#ea580c")):
        draw.rounded_rectangle((40, top, 680, top + 48), radius=24, fill=color)
    out = io.BytesIO()
    image.resize((144, 144), Image.Resampling.LANCZOS).save(out, "PNG")
    return out.getvalue()

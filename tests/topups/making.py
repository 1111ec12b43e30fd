"""Requests for credit, and files that come along, for tests."""

from __future__ import annotations

import io

from PIL import Image

from tests.support.world import World
from tronco.charging.models import Account
from tronco.core.money import MICRO
from tronco.identity.roles import Role
from tronco.tenancy.access import Actor
from tronco.topups.models import TopUp
from tronco.topups.services import topup_ask

A_PDF = b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"


def asker(world: World, account: Account) -> Actor:
    """Whoever asks for credit on that account."""
    is_reseller = account.role == Account.Role.RESELLER
    role = Role.ADMINISTRATOR if is_reseller else Role.CUSTOMER_ADMINISTRATOR
    return world.actor(account.tenant, role)


def make_topup(
    world: World, account: Account, *, reais: int = 50, receipt: bytes | None = None
) -> TopUp:
    return topup_ask(
        actor=asker(world, account),
        account_id=account.pk,
        amount_u=reais * MICRO,
        note="Pix de hoje",
        receipt=receipt,
    )


def a_photo(kind: str = "JPEG", size: tuple[int, int] = (60, 40)) -> bytes:
    """A picture that tells where it was taken, and has something behind its end."""
    picture = Image.new("RGB", size, "navy")
    exif = Image.Exif()
    exif[0x010E] = "Rua das Flores, 7"
    out = io.BytesIO()
    more = {"save_all": True, "append_images": [picture]} if kind == "MPO" else {}
    picture.save(out, kind, exif=exif, **more)
    return out.getvalue() + b"<script>alert(1)</script>"

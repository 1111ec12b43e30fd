"""White label: whose name and looks are shown to whom, and that nothing hostile gets into them."""

from __future__ import annotations

import io
import struct
import zlib
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from PIL import Image

from tests.branding.making import picture
from tests.support.smtp import own_mail_server
from tests.support.web import WebClient, administrator, make_user
from tests.support.world import PASSWORD, World, make_tenant, make_world
from tests.ui.cases import ResourceCase
from tronco.branding.colors import contrast, parse_color, stylesheet
from tronco.branding.logos import read_logo
from tronco.branding.models import Brand
from tronco.branding.selectors import look_of
from tronco.branding.services import brand_change, brand_create
from tronco.branding.views import Brands
from tronco.core.errors import InvalidInput
from tronco.mail import services as mail
from tronco.tenancy.access import SYSTEM
from tronco.tenancy.models import Tenant

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return make_world()


def brand(seller: Tenant, **fields: Any) -> Brand:
    return brand_create(actor=SYSTEM, tenant_id=seller.pk, **fields)


# Colours.


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("#1a5fb4", ""),
        ("1A5FB4", ""),
        (" #000000 ", ""),
        ("#ffffff", "color-contrast"),
        ("#ffd700", "color-contrast"),
        ("#8a8a8a", "color-contrast"),
        ("red", "color"),
        ("#fff", "color"),
        ("#1a5fb4; } body { display: none", "color"),
        ("#1a5fb4\n", ""),
        ("url(https://x.example/)", "color"),
        ("expression(alert(1))", "color"),
        ("</style><script>alert(1)</script>", "color"),
    ],
)
def test_a_colour_is_six_digits_and_dark_enough(text: str, code: str) -> None:
    if not code:
        assert parse_color(text) in {"#1a5fb4", "#000000"}
        return
    with pytest.raises(InvalidInput) as refused:
        parse_color(text)
    assert (refused.value.code, refused.value.field) == (code, "color")


def test_a_contrast_that_just_misses_is_not_told_as_enough() -> None:
    with pytest.raises(InvalidInput, match=r"contraste de 4,4; é preciso ao menos 4,5"):
        parse_color("#777777")


@pytest.mark.parametrize("color", ["000000", "1a5fb4", "a51d2d", "26547c", "006644"])
def test_links_are_readable_in_the_dark(color: str) -> None:
    css = stylesheet(color)
    link = css.partition("--tblr-link-color: #")[2][:6]
    assert contrast(link, "1f2937") >= 4.5
    assert contrast(color, "ffffff") >= 4.5 and f"--tblr-primary: #{color};" in css


def test_contrast_is_reckoned_as_wcag_does() -> None:
    assert contrast("000000", "ffffff") == pytest.approx(21)
    assert contrast("777777", "ffffff") == pytest.approx(4.48, abs=0.01)


# Logos.


def bomb() -> bytes:
    """A PNG of a few bytes that says it is 60,000 × 60,000."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    head = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 99))


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_a_logo_is_painted_anew(kind: str) -> None:
    exif = Image.Exif()
    exif[0x010E] = "secret place"
    sent = picture(kind=kind, exif=exif)
    assert b"secret place" in sent
    logo = read_logo(sent + b"<script>alert(1)</script>")
    assert logo.startswith(b"\x89PNG") and b"secret" not in logo and b"<script" not in logo
    assert Image.open(io.BytesIO(logo)).size == (432, 144)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"not a picture",
        b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
        b"GIF89a" + b"\0" * 50,
        picture()[:60],
        picture(kind="GIF"),
        picture(kind="TIFF"),
        picture(kind="BMP"),
        picture((4001, 10)),
        b"%PDF-1.7",
        bomb(),
        b"\0" * 2_000_001,
    ],
    ids=lambda data: repr(data[:12]),
)
def test_what_is_no_picture_of_three_kinds_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidInput) as refused:
        read_logo(data)
    assert refused.value.field == "logo_file"


# Domains.


@pytest.mark.parametrize(
    ("domain", "kept"),
    [
        ("voz.revenda.example", "voz.revenda.example"),
        (" VOZ.Revenda.example. ", "voz.revenda.example"),
        ("xn--vz-uia.example", "xn--vz-uia.example"),
        ("Ligação.example", "xn--ligao-dra1a.example"),
        ("voz．example", "voz.example"),
        ("nosso。example", None),
        ("ligação com espaço.example", None),
        ("localhost", None),
        ("10.0.0.1", None),
        ("[::1]", None),
        ("*.example.com", None),
        (".example.com", None),
        ("voz.example:8000", None),
        ("https://voz.example", None),
        ("voz.example/caminho", None),
        ("voz .example", None),
        ("voz\r\n.example", None),
        ("nosso.example", None),
        ("um.nosso-2.example", None),
        ("painel.example", None),
    ],
)
def test_a_domain_is_a_name_and_not_ours(
    world: World, settings: Any, domain: str, kept: str | None
) -> None:
    settings.TRONCO_HOSTS = ["nosso.example", ".nosso-2.example", "*"]
    settings.TRONCO_URL = "https://Painel.example:8443/"
    if kept is not None:
        assert brand(world.reseller_a, domain=domain).domain == kept
        return
    with pytest.raises(InvalidInput) as refused:
        brand(world.reseller_a, domain=domain)
    assert refused.value.field == "domain"


def test_a_domain_is_one_brand_s(world: World) -> None:
    brand(world.reseller_a, domain="voz.example")
    with pytest.raises(InvalidInput, match="outra marca"):
        brand(world.reseller_b, domain="voz.example")


# What is shown.


def test_each_part_is_the_nearest_seller_s(world: World) -> None:
    brand(world.master, name="Aroeira", color="#1a5fb4", logo=picture())
    brand(world.reseller_a, name="Voz A", domain="a.example")
    brand(world.reseller_a1, color="#a51d2d")
    look = look_of(world.customer_a1.path)
    assert (look.title, look.color, look.domain) == ("Voz A", "#a51d2d", "a.example")
    assert look.logo_hash == Brand.objects.get(tenant=world.master).logo_hash
    assert look.site_url == "http://a.example:8000"
    look = look_of(world.customer_b.path)
    assert (look.title, look.color, look.site_url) == (
        "Aroeira",
        "#1a5fb4",
        "http://localhost:8000",
    )


def test_sign_in_shows_the_domain_s_brand_to_who_is_not_signed_in(world: World) -> None:
    brand(world.master, name="Aroeira", logo=picture())
    brand(world.reseller_a, name="<b>Voz A", color="#a51d2d", domain="a.example")
    url = reverse("identity:sign_in")
    page = WebClient().get(url, headers={"host": "a.example"}).content.decode()
    assert "&lt;b&gt;Voz A" in page and "<b>Voz" not in page
    assert "/branding/colors/a51d2d.css" in page
    logo = reverse("branding:logo", args=[Brand.objects.get(tenant=world.master).logo_hash])
    assert logo in page
    answer = WebClient().get(logo, headers={"host": "a.example"})
    assert answer["Content-Type"] == "image/png" and answer.content.startswith(b"\x89PNG")
    own = WebClient().get(url).content.decode()
    assert "Tronco" in own and "Voz A" not in own and "Aroeira" not in own


def test_one_signs_in_at_a_brand_s_domain_with_its_forms_protected(world: World) -> None:
    brand(world.reseller_a, domain="a.example")
    make_user(world.reseller_a, username="ana")
    client = WebClient(enforce_csrf_checks=True, headers={"host": "a.example"})
    url = reverse("identity:sign_in")
    client.get(url)
    typed = {
        "username": "ana",
        "password": PASSWORD,
        "csrfmiddlewaretoken": client.cookies["csrftoken"].value,
    }
    other = {"origin": "http://evil.example"}
    assert client.post(url, typed, headers=other).status_code == 403
    answer = client.post(url, typed, headers={"origin": "http://a.example"})
    assert (answer.status_code, answer["Location"]) == (302, "/")


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("testserver", 200),
        ("localhost:8000", 200),
        ("a.example", 200),
        ("A.EXAMPLE:8443", 200),
        ("evil.example", 400),
        ("a.example.evil.example", 400),
        ("sub.a.example", 400),
        ("a.example@evil.example", 400),
        ("a.example/evil", 400),
        ("", 400),
    ],
)
def test_the_site_answers_to_its_names_only(world: World, host: str, status: int) -> None:
    brand(world.reseller_a, domain="a.example")
    answer = WebClient().get(reverse("identity:sign_in"), headers={"host": host})
    assert answer.status_code == status


def test_a_removed_domain_is_answered_no_more(world: World) -> None:
    one = brand(world.reseller_a, domain="a.example", name="Voz A")
    brand_change(actor=SYSTEM, brand_id=one.pk, name="Voz A")
    answer = WebClient().get(reverse("identity:sign_in"), headers={"host": "a.example"})
    assert answer.status_code == 400


def test_pages_show_the_brand_of_whoever_signed_in(world: World) -> None:
    brand(world.master, name="Aroeira", color="#1a5fb4")
    brand(world.reseller_a, name="Voz A")
    for tenant, name in (
        (world.master, "Aroeira"),
        (world.reseller_a, "Voz A"),
        (world.customer_a, "Voz A"),
        (world.customer_b, "Aroeira"),
    ):
        page = administrator(world, tenant).get("/").content.decode()
        assert f"· {name}</title>" in page and "/branding/colors/1a5fb4.css" in page


def test_a_colour_s_stylesheet_is_one(world: World) -> None:
    answer = WebClient().get("/branding/colors/1a5fb4.css")
    assert answer["Content-Type"].startswith("text/css")
    assert answer["X-Content-Type-Options"] == "nosniff" and "immutable" in answer["Cache-Control"]
    for path in ("colors/zzz.css", "colors/1a5fb4;}.css", "logo/x.png"):
        assert WebClient().get(f"/branding/{path}").status_code == 404


def test_e_mails_bear_name_colour_and_logo(world: World, settings: Any) -> None:
    brand(world.reseller_a, name="Voz A", color="#a51d2d", logo=picture())
    with own_mail_server(settings) as server:
        one = mail.notice_queue(
            tenant_id=world.customer_a.pk,
            kind="missed_call",
            facts={"caller": "x", "line": "y", "at": "z"},
            recipient="ana@cliente.example",
        )
        assert one is not None
        mail.email_deliver(email_id=one.pk, at=datetime.now(UTC) + timedelta(seconds=1))
    [message] = server.taken
    assert message["From"] == "Voz A <avisos@operadora.example>"
    html = message.get_body(("html",)).get_content()
    assert "Voz A" in html and "solid #a51d2d" in html and 'src="cid:logo"' in html
    [logo] = [part for part in message.walk() if part.get_content_type() == "image/png"]
    assert logo["Content-ID"] == "<logo>" and logo.get_content().startswith(b"\x89PNG")
    letter = reverse("mail:email_letter", args=[one.pk])
    page = administrator(world).get(letter).content.decode()
    assert "cid:" not in page and "/branding/logo/" in page


class TestBrands(ResourceCase):
    resource = Brands
    changes = {"name": "Outra", "color": "#26547c"}

    def make(self, world: World, name: str = "Primeiro") -> Brand:
        seller = make_tenant(world.reseller_a, "reseller", name)
        return Brand.objects.create(tenant=seller, path=seller.path, name=name)

    def typed(self, world: World) -> dict[str, Any]:
        return {"tenant": world.reseller_b.pk, "name": "Voz B", "color": "#1a5fb4", "domain": ""}

    def test_a_logo_is_sent_shown_and_taken_away(self, world: World, client: WebClient) -> None:
        file = SimpleUploadedFile("x.svg", picture(kind="WEBP"), "image/svg+xml")
        answer = client.post(
            reverse("branding:brand_add"), {**self.typed(world), "logo_file": file}
        )
        assert answer.status_code == 302
        one = Brand.objects.get()
        page = client.get(reverse("branding:brand_detail", args=[one.pk])).content.decode()
        assert reverse("branding:logo", args=[one.logo_hash]) in page
        edit = reverse("branding:brand_edit", args=[one.pk])
        client.post(edit, {"name": "Voz B"})
        assert Brand.objects.get().logo_hash == one.logo_hash, "it stays"
        client.post(edit, {"name": "Voz B", "without_logo": "on"})
        assert not Brand.objects.get().logo_hash

    def test_a_file_that_is_no_picture_is_named_at_its_field(
        self, world: World, client: WebClient
    ) -> None:
        file = SimpleUploadedFile("logo.png", b"<svg/>", "image/png")
        answer = client.post(
            reverse("branding:brand_add"), {**self.typed(world), "logo_file": file}
        )
        assert answer.status_code == 422 and answer.context["form"].errors["logo_file"]

"""An e-mail's HTML, for a frame inside a page: nothing in it runs, loads or leads anywhere."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse

from tronco.branding.selectors import look_of
from tronco.mail.letters import LOGO
from tronco.tenancy.models import Tenant
from tronco.ui.details import ObjectPage

# What a letter does for readers who like it dark (templates/mail/letter.html).
IF_DARK = "(prefers-color-scheme: dark)"
# As the frame's own document: a sandbox of its own origin, without scripts, forms and links.
POLICY = (
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:;"
    " frame-ancestors 'self'"
)


class LetterPage(ObjectPage):
    """The HTML alone; a subclass says whose."""

    def html(self) -> str:
        """What is shown; empty: there is none."""
        raise NotImplementedError

    def seller(self) -> Tenant:
        """Whose letter it is: the logo in it is his."""
        raise NotImplementedError

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        html = self.html()
        if not html:
            raise Http404
        return framed(request, html, self.seller())


def framed(request: HttpRequest, html: str, seller: Tenant) -> HttpResponse:
    """A seller's letter for a frame; with `?dark` as who likes it dark reads it."""
    look = look_of(seller.path)
    if look.logo_hash:
        html = html.replace(LOGO, f'src="{reverse("branding:logo", args=[look.logo_hash])}"')
    if "dark" in request.GET:
        html = html.replace(IF_DARK, "all")
    headers = {"Content-Security-Policy": POLICY, "X-Frame-Options": "SAMEORIGIN"}
    return HttpResponse(html, headers=headers)

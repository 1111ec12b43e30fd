"""An e-mail's HTML, for a frame inside a page: nothing in it runs, loads or leads anywhere."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse

from tronco.ui.details import ObjectPage

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

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        html = self.html()
        if not html:
            raise Http404
        headers = {"Content-Security-Policy": POLICY, "X-Frame-Options": "SAMEORIGIN"}
        return HttpResponse(html, headers=headers)

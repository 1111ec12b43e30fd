"""What every answer tells browsers, what no request may be, and from where a request comes."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from http import HTTPStatus

from django.conf import settings
from django.http import HttpRequest, HttpResponse

# More than any file that a screen takes. Django writes a body's files to the disk before a form
# can look at their size, and before anybody has signed in.
MOST_BODY_BYTES = 32_000_000

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        # blob: what a form's script plays before it is sent.
        "media-src 'self' blob:",
        "manifest-src 'self'",
        # An e-mail, whose own policy lets nothing run (mail/pages.py).
        "frame-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)


class SecurityHeaders:
    """The content security policy, on every page."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.setdefault("Content-Security-Policy", POLICY)
        response.setdefault("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
        if getattr(request, "user", None) is not None and request.user.is_authenticated:
            response.setdefault("Cache-Control", "private, no-cache")
        return response


class BodyLimit:
    """Refuses a body that is too large, before it is read.

    One without a length (chunked) counts as empty: Django reads no further than the length told.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        length = request.META.get("CONTENT_LENGTH") or "0"
        if length.isdecimal() and int(length) > MOST_BODY_BYTES:
            return HttpResponse(status=HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        return self.get_response(request)


def client_address(request: HttpRequest) -> str:
    """Return the address of whoever asks; behind our proxy, the one that the proxy saw.

    The proxy appends it to what the client may have written into the same header.
    """
    seen: str = request.META.get("REMOTE_ADDR", "")
    if not settings.HTTPS:
        return seen
    told = request.META.get("HTTP_X_FORWARDED_FOR", "").rpartition(",")[2].strip()
    try:
        return str(ipaddress.ip_address(told))
    except ValueError:
        return seen

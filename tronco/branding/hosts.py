"""Which names the site answers to: the installation's own and the brands' domains."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.http.request import split_domain_port, validate_host

from tronco.branding.selectors import find_brand


def domain_of(request: HttpRequest) -> str:
    """Return the name by which the site was asked, without a port."""
    return split_domain_port(request.get_host())[0]


class KnownHosts:
    """Refuses every other name, in place of Django's ALLOWED_HOSTS, which is fixed at the start.

    It stands first, so that nothing sees a name that nobody vouches for.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        try:
            domain = domain_of(request)
        except DisallowedHost:
            return HttpResponseBadRequest()
        if not validate_host(domain, settings.TRONCO_HOSTS) and find_brand(domain) is None:
            return HttpResponseBadRequest()
        return self.get_response(request)

"""Into a customer's panel and out of it."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _

from tronco.identity import visits
from tronco.identity.middleware import VISIT
from tronco.ui.details import ObjectPage
from tronco.ui.pages import Page
from tronco.ui.urls import screen_url


class BeginVisit(ObjectPage):
    """Says what it means to enter a customer's panel, and enters it."""

    permission = visits.PERMISSION
    template_name = "identity/visit.html"

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        visit = visits.visit_begin(actor=self.actor, tenant_id=self.object.pk)
        request.session[VISIT] = visit.pk
        return HttpResponseRedirect("/")


class EndVisit(Page):
    """Back to oneself, where one came from."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        visit = request.visit  # type: ignore[attr-defined]
        if visit is None:
            return HttpResponseRedirect("/")
        visits.visit_end(actor=self.actor, visit_id=visit.pk)
        del request.session[VISIT]
        messages.success(
            request, _("You left the panel of %(customer)s.") % {"customer": visit.tenant}
        )
        return HttpResponseRedirect(screen_url(visit.tenant) or reverse("dashboard:home"))

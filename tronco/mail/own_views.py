"""What a customer says in his panel: of what he is told by e-mail, where, in which language."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from tronco.core.errors import TroncoError
from tronco.mail import selectors, setup_services
from tronco.mail.forms import OwnNoticesForm
from tronco.ui import edits
from tronco.ui.pages import Page


class OwnNotices(Page):
    """The notices of one's own company."""

    permission = "notices.edit"
    title = _("My notices")
    template_name = "mail/own_notices.html"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        return self.render(form=self.form())

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        form = self.form(request.POST)
        if not form.is_valid():
            return self.render(form=form, status=422)
        try:
            setup_services.own_notices_set(actor=self.actor, **form.cleaned_data)
        except TroncoError as error:
            edits.show_error(form, error)
            return self.render(form=form, status=422)
        messages.success(request, _now("Saved."))
        return HttpResponseRedirect(reverse("mail:own_notices"))

    def form(self, data: Any = None) -> OwnNoticesForm:
        """What counts now, to be changed."""
        notices = selectors.find_notices(selectors.get_own_customer(actor=self.actor))
        return OwnNoticesForm(data, actor=self.actor, instance=notices)

"""What an e-mail's link opens, and the forgotten password: pages of who is not signed in."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views import View
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from tronco.core.errors import Conflict, TroncoError
from tronco.identity import links, second_factor
from tronco.identity.access_views import enter
from tronco.identity.forms import ForgottenForm, RegistrationForm, ResetForm
from tronco.identity.models import UserLink
from tronco.tenancy.access import bound_scope
from tronco.ui.edits import show_error


@method_decorator(never_cache, name="dispatch")
class Forgotten(View):
    """Asks for whom a link shall be sent; the answer never tells whether he exists."""

    def get(self, request: HttpRequest) -> HttpResponse:
        return self.show(request, ForgottenForm())

    def post(self, request: HttpRequest) -> HttpResponse:
        form = ForgottenForm(request.POST)
        if not form.is_valid():
            return self.show(request, form, status=422)
        links.password_ask(name=form.cleaned_data["name"])
        return self.show(request, form, asked=True)

    def show(
        self, request: HttpRequest, form: Any, *, status: int = 200, asked: bool = False
    ) -> HttpResponse:
        """The question, or what comes after it."""
        context = {"form": form, "title": _("Forgotten password"), "asked": asked}
        return render(request, "identity/forgotten.html", context, status=status)


@method_decorator([never_cache, sensitive_post_parameters()], name="dispatch")
class FollowLink(View):
    """Chooses a password by a link; looking at the page does not use it up."""

    def get(self, request: HttpRequest, token: str) -> HttpResponse:
        link = links.find_link(token)
        return self.over(request) if link is None else self.show(request, link, form_of(link))

    def post(self, request: HttpRequest, token: str) -> HttpResponse:
        link = links.find_link(token)
        if link is None:
            return self.over(request)
        form = form_of(link, request.POST)
        if not form.is_valid():
            return self.show(request, link, form, status=422)
        values = {name: value for name, value in form.cleaned_data.items() if name != "again"}
        try:
            user = links.link_use(token=token, **values)
        except Conflict:
            return self.over(request)
        except TroncoError as error:
            show_error(form, error)
            return self.show(request, link, form, status=422)
        messages.success(request, _("Your password is chosen. Welcome!"))
        if second_factor.find_device(user):
            # The link takes the place of the password alone.
            return HttpResponseRedirect(reverse("identity:sign_in"))
        enter(request, user)
        return HttpResponseRedirect("/")

    def over(self, request: HttpRequest) -> HttpResponse:
        """One answer for what was used, is late or never was."""
        return render(
            request, "identity/link_over.html", {"title": _("This link is over")}, status=404
        )

    def show(
        self, request: HttpRequest, link: UserLink, form: Any, *, status: int = 200
    ) -> HttpResponse:
        """The form, under the name of whom it is for."""
        with bound_scope(link.user.actor.scopes):
            context = {
                "form": form,
                "user": link.user,
                "invited": link.kind == UserLink.Kind.INVITATION,
                "of": str(link.user.tenant),
                "title": _("Choose your password"),
            }
        return render(request, "identity/link.html", context, status=status)


def form_of(link: UserLink, data: Any = None) -> Any:
    """A registration for who was invited, else a password alone."""
    if link.kind != UserLink.Kind.INVITATION:
        return ResetForm(data)
    with bound_scope(link.user.actor.scopes):
        return RegistrationForm(data, user=link.user)

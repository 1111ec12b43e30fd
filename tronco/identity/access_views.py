"""Signing in and out, one's password, profile and second factor."""

from __future__ import annotations

import time
from typing import Any

from django.contrib import messages
from django.contrib.auth import authenticate, login, logout, update_session_auth_hash
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views import View
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from tronco.core.errors import InvalidInput, TroncoError, Unavailable
from tronco.identity import second_factor, services, sessions, visits
from tronco.identity.forms import CodeForm, ConfirmForm, PasswordForm, ProfileForm, SignInForm
from tronco.identity.models import User
from tronco.identity.selectors import list_sessions
from tronco.tenancy.access import NOBODY
from tronco.ui.edits import show_error
from tronco.ui.pages import Page
from tronco.ui.security import client_address
from tronco.ui.urls import is_key

PENDING = "identity.pending"
PENDING_S = 300


@method_decorator([never_cache, sensitive_post_parameters()], name="dispatch")
class SignIn(View):
    """Name and password; then the code, for who has a second factor."""

    def get(self, request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated:
            return HttpResponseRedirect(next_address(request))
        return self.show(request, SignInForm())

    def post(self, request: HttpRequest) -> HttpResponse:
        form = SignInForm(request.POST)
        if not form.is_valid():
            return self.show(request, form, status=422)
        user: Any = authenticate(request, **form.cleaned_data)
        if user is None:
            form.add_error(None, _("The user name or the password is wrong."))
            return self.show(request, form, status=422)
        if user.actor is NOBODY:
            form.add_error(None, _("This access is closed. Ask who gave it to you."))
            return self.show(request, form, status=422)
        if second_factor.find_device(user):
            request.session.cycle_key()
            request.session[PENDING] = {
                "user": user.pk,
                "until": time.time() + PENDING_S,
                "next": next_address(request),
            }
            return HttpResponseRedirect(reverse("identity:sign_in_code"))
        enter(request, user)
        return HttpResponseRedirect(next_address(request))

    def show(self, request: HttpRequest, form: SignInForm, *, status: int = 200) -> HttpResponse:
        context = {"form": form, "next": next_address(request), "title": _("Sign in")}
        return render(request, "identity/sign_in.html", context, status=status)


@method_decorator([never_cache, sensitive_post_parameters()], name="dispatch")
class SignInCode(View):
    """The second factor, within five minutes of the password."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        self.pending: Any = request.session.get(PENDING)
        if not self.pending or self.pending["until"] < time.time():
            return self.over(request)
        user = User.objects.filter(pk=self.pending["user"], is_active=True).first()
        if user is None:
            return self.over(request)
        self.user: User = user
        return super().dispatch(request, *args, **kwargs)

    def over(self, request: HttpRequest) -> HttpResponse:
        """Back to name and password."""
        request.session.pop(PENDING, None)
        messages.info(request, _("Sign in again: the time for the code is over."))
        return HttpResponseRedirect(reverse("identity:sign_in"))

    def get(self, request: HttpRequest) -> HttpResponse:
        return self.show(request, CodeForm())

    def post(self, request: HttpRequest) -> HttpResponse:
        form = CodeForm(request.POST)
        if not form.is_valid():
            return self.show(request, form, status=422)
        try:
            device = second_factor.code_verify(user=self.user, code=form.cleaned_data["code"])
        except Unavailable as error:
            form.add_error("code", str(error))
            return self.show(request, form, status=503)
        if device is None:
            form.add_error("code", _("This code is wrong or was used; wait for the next one."))
            return self.show(request, form, status=422)
        del request.session[PENDING]
        enter(request, self.user)
        return HttpResponseRedirect(self.pending["next"])

    def show(self, request: HttpRequest, form: CodeForm, *, status: int = 200) -> HttpResponse:
        context = {"form": form, "title": _("Second factor")}
        return render(request, "identity/sign_in_code.html", context, status=status)


class SignOut(View):
    """Ends the session."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest) -> HttpResponse:
        if visit := getattr(request, "visit", None):
            visits.visit_end(actor=request.actor, visit_id=visit.pk)  # type: ignore[attr-defined]
        logout(request)
        return HttpResponseRedirect(reverse("identity:sign_in"))


def enter(request: HttpRequest, user: User) -> None:
    """Begin a session for who has proved who he is."""
    login(request, user, backend="django.contrib.auth.backends.ModelBackend")
    note_session(request, user)


def note_session(request: HttpRequest, user: User) -> None:
    """Remember where the present session is."""
    sessions.session_begin(
        user=user,
        key=str(request.session.session_key),
        address=client_address(request),
        browser=request.headers.get("User-Agent", ""),
    )


def next_address(request: HttpRequest) -> str:
    """Where to go after signing in: a page of ours that was asked for, or the first one."""
    wanted = request.POST.get("next") or request.GET.get("next") or "/"
    safe = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, request.is_secure())
    return wanted if safe else "/"


class OwnPage(Page):
    """A page about oneself: everybody has it, but nobody in the panel of somebody else."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if getattr(request, "visit", None):
            messages.error(request, _("Leave the customer's panel first: this is about yourself."))
            return HttpResponseRedirect("/")
        return super().dispatch(request, *args, **kwargs)

    @property
    def user(self) -> User:
        """Who is looking."""
        return self.request.user  # type: ignore[return-value]


class Profile(OwnPage):
    """One's name and e-mail, and the way to password and second factor."""

    template_name = "identity/profile.html"
    title = gettext_lazy("Profile")

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self.show(ProfileForm(instance=self.user))

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        form = ProfileForm(request.POST, instance=User.objects.get(pk=self.user.pk))
        if not form.is_valid():
            return self.show(form, status=422)
        services.user_change_own(actor=self.actor, **form.cleaned_data)
        messages.success(request, _("Saved."))
        return HttpResponseRedirect(reverse("identity:profile"))

    def show(self, form: ProfileForm, *, status: int = 200) -> HttpResponse:
        return self.render(
            form=form,
            device=second_factor.find_device(self.user),
            sessions=list_sessions(user_id=self.user.pk),
            present=self.request.session.session_key,
            status=status,
        )


class EndSession(OwnPage):
    """Signs one out elsewhere: of one session, or of all but the present one."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        chosen = request.POST.get("session", "")
        if is_key(chosen):
            sessions.session_end(actor=self.actor, session_id=int(chosen))
        else:
            present = request.session.session_key
            sessions.sessions_end(actor=self.actor, user_id=self.user.pk, but=present)
        messages.success(request, _("Signed out there."))
        return HttpResponseRedirect(reverse("identity:profile"))


@method_decorator([never_cache, sensitive_post_parameters()], name="dispatch")
class ChangePassword(OwnPage):
    """One's own password; who must change it sees nothing else before."""

    template_name = "identity/password.html"
    title = gettext_lazy("Change password")

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self.render(form=PasswordForm(user=self.user))

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        form = PasswordForm(request.POST, user=self.user)
        if form.is_valid():
            try:
                user = services.user_set_password(
                    actor=self.actor, user_id=self.user.pk, password=form.cleaned_data["password"]
                )
            except InvalidInput as error:
                show_error(form, error)
            else:
                update_session_auth_hash(request, user)
                note_session(request, user)
                messages.success(request, _("Your password was changed."))
                return HttpResponseRedirect("/")
        return self.render(form=form, status=422)


@method_decorator([never_cache, sensitive_post_parameters()], name="dispatch")
class SecondFactor(OwnPage):
    """Enrol an authenticator, renew recovery codes, or remove both."""

    template_name = "identity/second_factor.html"
    title = gettext_lazy("Second factor")

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self.show()

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        steps = {
            "begin": self.begin,
            "confirm": self.confirm,
            "renew": self.renew,
            "remove": self.remove,
        }
        step = steps.get(request.POST.get("step", ""))
        return step() if step else self.show()

    def begin(self) -> HttpResponse:
        """Show the secret of a new authenticator."""
        if second_factor.find_device(self.user) is None:
            second_factor.enrolment_begin(user=self.user)
        return self.show()

    def confirm(self) -> HttpResponse:
        """Take the first code."""
        form = CodeForm(self.request.POST)
        if form.is_valid():
            try:
                codes = second_factor.enrolment_confirm(
                    user=self.user, code=form.cleaned_data["code"]
                )
            except TroncoError as error:
                show_error(form, error)
            else:
                messages.success(self.request, _("The second factor is on."))
                return self.show(codes=codes)
        return self.show(code_form=form, status=422)

    def renew(self) -> HttpResponse:
        """Replace the recovery codes, after the password."""
        form = ConfirmForm(self.request.POST, user=self.user)
        if not form.is_valid() or second_factor.find_device(self.user) is None:
            return self.show(confirm_form=form, status=422)
        return self.show(codes=second_factor.recovery_codes_replace(user=self.user))

    def remove(self) -> HttpResponse:
        """Back to the password alone, after the password."""
        form = ConfirmForm(self.request.POST, user=self.user)
        if not form.is_valid():
            return self.show(confirm_form=form, status=422)
        second_factor.second_factor_remove(actor=self.actor, user_id=self.user.pk)
        messages.success(self.request, _("The second factor was removed."))
        return HttpResponseRedirect(reverse("identity:second_factor"))

    def show(self, *, status: int = 200, **extra: Any) -> HttpResponse:
        """The state of things, and what can be done."""
        device = second_factor.find_device(self.user)
        enrolment = None if device else second_factor.find_enrolment(self.user)
        context = {
            "device": device,
            "enrolment": enrolment,
            "secret": second_factor.enrolment_secret(enrolment) if enrolment else "",
            "picture": second_factor.enrolment_picture(enrolment) if enrolment else "",
            "left": second_factor.count_recovery_codes(self.user),
            "code_form": CodeForm(),
            "confirm_form": ConfirmForm(user=self.user),
        }
        return self.render(status=status, **{**context, **extra})

"""The telephone in the page: its screen, and how a page gets what it signs in with."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.utils import timezone
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from tronco.circuits import page_phones
from tronco.circuits.models import PagePhone
from tronco.circuits.selectors import find_own_circuit
from tronco.core.errors import Conflict
from tronco.ui.pages import Page
from tronco.ui.security import POLICY

# What the script says, by its own words.
WORDS = {
    "connecting": _("Connecting…"),
    "ready": _("Ready"),
    "offline": _("No connection; trying again…"),
    "no-microphone": _("Let this page use the microphone, then call again."),
    "no-address": _("Calls from the page need this site's address to begin with https."),
    "no-credentials": _("The page could not sign in; reload it."),
    "calling": _("Calling {who}…"),
    "ringing": _("Ringing at {who}…"),
    "incoming": _("{who} is calling"),
    "talking": _("Talking to {who}"),
    "held": _("{who} is on hold"),
    "muted": _("Microphone off"),
    "ended": _("Call ended"),
    "busy": _("Busy"),
    "no-answer": _("Nobody answered"),
    "declined": _("The call was not taken"),
    "no-credit": _("No credit for this call"),
    "not-allowed": _("This call is not allowed for your extension"),
    "not-found": _("This number does not exist"),
    "failed": _("The call could not be completed"),
    "unknown": _("Unknown number"),
    "leave": _("The call ends when you leave this page."),
    "mute": _("Mute"),
    "unmute": _("Unmute"),
    "hold": _("Hold"),
    "resume": _("Take back"),
}


class PhonePage(Page):
    """One's own extension as a telephone: nothing to install."""

    permission = "own.view"
    title = _("Telephone")
    template_name = "circuits/phone.html"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        circuit = find_own_circuit(actor=self.actor)
        address = ""
        if circuit is not None:
            address = page_phones.page_phone_address(circuit=circuit, host=request.get_host())
        words = {name: str(text) for name, text in WORDS.items()}
        response = self.render(circuit=circuit, address=address, words=words)
        # This page alone reaches the switch, and may ask for the microphone.
        place = urlsplit(address)
        if address:
            response["Content-Security-Policy"] = POLICY.replace(
                "connect-src 'self'", f"connect-src 'self' {place.scheme}://{place.netloc}"
            )
        response["Permissions-Policy"] = "camera=(), microphone=(self), geolocation=()"
        return response


class PhoneOpen(Page):
    """Gives the page what it signs in to the switch with; kept nowhere but in the page."""

    permission = "own.view"
    http_method_names = ["post"]

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            made = page_phones.page_phone_open(
                actor=self.actor, session_key=str(request.session.session_key)
            )
        except Conflict as error:
            return JsonResponse({"error": str(error)}, status=HTTPStatus.UNPROCESSABLE_ENTITY.value)
        lasts_s = int((made.phone.expires_at - timezone.now()).total_seconds())
        response = JsonResponse(
            {
                "name": made.phone.name,
                "password": made.password,
                "lasts_s": lasts_s,
                "ice": page_phones.list_ice_servers(made.phone),
            }
        )
        response["Cache-Control"] = "no-store"
        return response


class PhoneClose(Page):
    """The page is being left: its telephone goes."""

    permission = "own.view"
    http_method_names = ["post"]

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        page_phones.page_phone_close(actor=self.actor, name=request.POST.get("name", ""))
        return HttpResponse()


class PhoneDoor(Page):
    """Whether whoever asks has the telephone open; the proxy asks before it lets him through.

    The answer tells from which address the proxy is to reach the switch for him.
    """

    permission = "own.view"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        phones = PagePhone.objects.visible_to(self.actor).filter(
            user=self.actor.user_id,
            session_id=request.session.session_key,
            expires_at__gt=timezone.now(),
        )
        if phones.exists() and self.actor.user_id is not None:
            response = HttpResponse(_now("Come in"))
            response["X-Phone-Address"] = page_phones.page_address(self.actor.user_id)
            return response
        return HttpResponse(status=HTTPStatus.UNPROCESSABLE_ENTITY.value)

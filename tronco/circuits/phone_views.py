"""How a telephone is set up: the settings at any time, the password in one answer alone."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from tronco.circuits import services
from tronco.circuits.models import Circuit
from tronco.circuits.phone_settings import (
    EXPIRES_S,
    KEEP_ALIVE_S,
    PhoneSettings,
    list_phones,
    wave_account,
)
from tronco.circuits.selectors import find_own_circuit
from tronco.ui import details, edits
from tronco.ui.pages import Page
from tronco.ui.qr import qr_picture


def settings_of(circuit: Circuit) -> PhoneSettings:
    """What a circuit's telephones are told."""
    central = circuit.central
    codecs = tuple(circuit.codecs.split(","))
    return PhoneSettings(central.host, central.sip_port, circuit.number, codecs)


def shown(circuit: Circuit) -> dict[str, Any]:
    """What the templates of telephones show."""
    told = settings_of(circuit)
    return {
        "circuit": circuit,
        "told": told,
        "phones": list_phones(told),
        "expires_s": EXPIRES_S,
        "keep_alive_s": KEEP_ALIVE_S,
    }


class SetupPage(details.ObjectPage):
    """What to write into a telephone, without the password."""

    tab = "setup"
    template_name = "circuits/setup.html"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        return self.render(title=_now("Set up a telephone"), **shown(self.object))


class OwnSetupPage(Page):
    """The same for whoever uses the extension."""

    permission = "own.view"
    title = _("Set up a telephone")
    template_name = "circuits/own_setup.html"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        circuit = find_own_circuit(actor=self.actor)
        return self.render(**(shown(circuit) if circuit else {"circuit": None}))


class PasswordPage(details.ObjectPage):
    """Replaces a password after asking, and shows the new one once."""

    verb = "edit"
    template_name = "circuits/new_password.html"

    def make(self) -> services.NewCircuit:
        return services.circuit_new_password(actor=self.actor, circuit_id=self.object.pk)

    def back_url(self) -> str:
        return reverse(f"{self.resource.app}:{self.resource.name}_detail", args=[self.object.pk])

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self.render(title=_now("New password"), back_url=self.back_url())

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        with edits.recorded(_now("New password")):
            made = self.make()
        return password_page(self, made, next_url=self.back_url())


def password_page(view: Any, made: services.NewCircuit, *, next_url: str) -> HttpResponse:
    """The one time a password is told, as text and as a QR code; no cache may keep it."""
    circuit = made.circuit
    response: HttpResponse = view.render(
        "circuits/password.html",
        title=_now("Password of %(circuit)s") % {"circuit": circuit.number},
        password=made.password,
        picture=qr_picture(wave_account(settings_of(circuit), made.password)),
        list_url=view.resource.url("list"),
        next_url=next_url,
        **shown(circuit),
    )
    response["Cache-Control"] = "no-store"
    return response

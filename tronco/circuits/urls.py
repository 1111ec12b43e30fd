"""Addresses below /circuits/."""

from __future__ import annotations

from django.urls import path

from tronco.circuits.page_views import PhoneClose, PhoneDoor, PhoneOpen, PhonePage
from tronco.circuits.phone_views import OwnSetupPage, PasswordPage, SetupPage
from tronco.circuits.statement_views import Postings
from tronco.circuits.views import AlertPage, Circuits, CreditPage, LatencyData

app_name = "circuits"
urlpatterns = [
    *Circuits.urls(),
    *Postings.urls("statement/"),
    path("phone/", PhonePage.as_view(), name="phone"),
    path("phone/open/", PhoneOpen.as_view(), name="phone_open"),
    path("phone/close/", PhoneClose.as_view(), name="phone_close"),
    path("phone/door/", PhoneDoor.as_view(), name="phone_door"),
    path("phone/setup/", OwnSetupPage.as_view(), name="phone_setup"),
    path("<int:key>/setup/", SetupPage.as_view(resource=Circuits()), name="circuit_setup"),
    path("<int:key>/credit/", CreditPage.as_view(resource=Circuits()), name="circuit_credit"),
    path("<int:key>/alert/", AlertPage.as_view(resource=Circuits()), name="circuit_alert"),
    path("<int:key>/password/", PasswordPage.as_view(resource=Circuits()), name="circuit_password"),
    path("<int:key>/latency/", LatencyData.as_view(resource=Circuits()), name="circuit_latency"),
]

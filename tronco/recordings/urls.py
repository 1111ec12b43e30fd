"""Addresses below /recordings/."""

from __future__ import annotations

from django.urls import path

from tronco.customers.views import Customers
from tronco.recordings.views import (
    AllowancePage,
    MannerPage,
    OwnRecordings,
    OwnRecordingSound,
    RecordingCall,
    Recordings,
    RecordingSound,
    Rules,
)

app_name = "recordings"
urlpatterns = [
    *Rules.urls("rules/"),
    path("manner/", MannerPage.as_view(), name="manner"),
    path("of-customer/<int:key>/", AllowancePage.as_view(resource=Customers()), name="allowance"),
    *OwnRecordings.urls("mine/"),
    path(
        "mine/<int:key>/sound/",
        OwnRecordingSound.as_view(resource=OwnRecordings()),
        name="own_sound",
    ),
    *Recordings.urls(),
    path("<int:key>/call/", RecordingCall.as_view(resource=Recordings()), name="call"),
    path("<int:key>/sound/", RecordingSound.as_view(resource=Recordings()), name="recording_sound"),
]

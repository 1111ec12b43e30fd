"""Addresses below /pbx/."""

from __future__ import annotations

from django.urls import path

from tronco.pbx.line_views import CircuitServices, LinePin, Lines
from tronco.pbx.menu_views import MenuBlock, Menus, MenuSimulator
from tronco.pbx.own_views import OwnLine, OwnMessageHeard, OwnMessages, OwnMessageSound
from tronco.pbx.prompt_views import Prompts, PromptSound, SpeakText, SystemPrompts, SystemSound
from tronco.pbx.queue_views import MemberPause, QueueLive, Queues
from tronco.pbx.schedule_views import Schedules
from tronco.pbx.views import PortalCallers, VoicemailHeard, Voicemails, VoicemailSound

app_name = "pbx"
urlpatterns = [
    *Schedules.urls("schedules/"),
    *Menus.urls("menus/"),
    path("menus/<int:key>/block/", MenuBlock.as_view(resource=Menus()), name="menu_block"),
    path(
        "menus/<int:key>/simulator/",
        MenuSimulator.as_view(resource=Menus()),
        name="menu_simulator",
    ),
    path("prompts/speak/", SpeakText.as_view(), name="prompt_speak"),
    path("prompts/system/", SystemPrompts.as_view(), name="system_prompts"),
    path("prompts/system/<slug:sound>/", SystemSound.as_view(), name="system_sound"),
    *Prompts.urls("prompts/"),
    path("prompts/<int:key>/sound/", PromptSound.as_view(resource=Prompts()), name="prompt_sound"),
    *Queues.urls("queues/"),
    path("queues/<int:key>/live/", QueueLive.as_view(resource=Queues()), name="queue_live"),
    path("members/<int:key>/pause/", MemberPause.as_view(), name="member_pause"),
    *Lines.urls("lines/"),
    path("lines/<int:key>/pin/", LinePin.as_view(resource=Lines()), name="line_pin"),
    path("of-circuit/<int:key>/", CircuitServices.as_view(), name="circuit_services"),
    *PortalCallers.urls("portal/"),
    path("mine/", OwnLine.as_view(), name="own_line"),
    *OwnMessages.urls("mine/messages/"),
    path(
        "mine/messages/<int:key>/sound/",
        OwnMessageSound.as_view(resource=OwnMessages()),
        name="own_message_sound",
    ),
    path(
        "mine/messages/<int:key>/heard/",
        OwnMessageHeard.as_view(resource=OwnMessages()),
        name="own_message_heard",
    ),
    *Voicemails.urls("voicemail/"),
    path(
        "voicemail/<int:key>/sound/",
        VoicemailSound.as_view(resource=Voicemails()),
        name="voicemail_sound",
    ),
    path(
        "voicemail/<int:key>/heard/",
        VoicemailHeard.as_view(resource=Voicemails()),
        name="voicemail_heard",
    ),
]

"""Addresses below /mail/."""

from __future__ import annotations

from tronco.mail.views import Emails

app_name = "mail"
urlpatterns = [*Emails.urls()]

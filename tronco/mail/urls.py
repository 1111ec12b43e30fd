"""Addresses below /mail/."""

from __future__ import annotations

from django.urls import path

from tronco.mail.own_views import OwnNotices
from tronco.mail.setup_views import (
    CustomerNotices,
    MailServers,
    TemplateLetter,
    TemplatePreview,
    Templates,
)
from tronco.mail.views import EmailLetter, Emails

app_name = "mail"
urlpatterns = [
    *Templates.urls("templates/"),
    path("templates/preview/", TemplatePreview.as_view(), name="template_preview"),
    path(
        "templates/<int:key>/letter/",
        TemplateLetter.as_view(resource=Templates()),
        name="template_letter",
    ),
    *MailServers.urls("servers/"),
    *CustomerNotices.urls("notices/"),
    path("my-notices/", OwnNotices.as_view(), name="own_notices"),
    *Emails.urls(),
    path("<int:key>/letter/", EmailLetter.as_view(resource=Emails()), name="email_letter"),
]

"""E-mails on their way and those that went: a queue, and the log of it (S3-16)."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from tronco.tenancy.access import VisibleQuerySet


class Email(models.Model):
    """One message to one address. `tenant` is whose message it is: it is sent in his seller's name.

    `attachment` is what goes along (a voicemail's sound); it is dropped once the message was sent.
    `next_at` is when a queued message is tried again.
    """

    class Kind(models.TextChoices):
        INVITATION = "invitation", _("Welcome")
        PASSWORD = "password", _("Password")
        VOICEMAIL = "voicemail", _("Voicemail")

    class State(models.TextChoices):
        QUEUED = "queued", _("Queued")
        SENT = "sent", _("Sent")
        FAILED = "failed", _("Failed")

    tenant = models.ForeignKey("tenancy.Tenant", models.PROTECT, related_name="+")
    kind = models.CharField(_("kind"), max_length=20, choices=Kind)
    sender = models.CharField(_("from"), max_length=200)
    recipient = models.EmailField(_("to"))
    subject = models.CharField(_("subject"), max_length=200)
    text = models.TextField(_("text"))
    html = models.TextField(blank=True)
    attachment = models.BinaryField(null=True, blank=True, editable=False)
    attachment_name = models.CharField(_("attachment"), max_length=80, blank=True)
    state = models.CharField(_("status"), max_length=6, choices=State, default=State.QUEUED)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    error = models.CharField(_("error"), max_length=400, blank=True)
    created_at = models.DateTimeField(_("date"), auto_now_add=True)
    next_at = models.DateTimeField(_("next attempt"), null=True, blank=True)
    sent_at = models.DateTimeField(_("sent at"), null=True, blank=True)

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("e-mail")
        verbose_name_plural = _("e-mails")
        ordering = ["-id"]
        indexes = [
            models.Index(
                fields=["next_at"], condition=models.Q(state="queued"), name="mail_email_due"
            )
        ]

    def __str__(self) -> str:
        return self.subject

"""E-mails on their way and those that went: a queue, and the log of it (S3-16). What they say, by
which server they leave, and what each customer wants to be told."""

from __future__ import annotations

import pghistory
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from tronco.tenancy.access import VisibleQuerySet


class Language(models.TextChoices):
    """In which an e-mail may be written."""

    PORTUGUESE = "pt-br", _("Portuguese")
    ENGLISH = "en", _("English")


class Email(models.Model):
    """One message to one address. `tenant` is whose message it is: it is sent in his seller's name.

    `attachment` is what goes along (a voicemail's sound); it is dropped once the message was sent.
    `next_at` is when a queued message is tried again. `reference` names what it tells of, so that
    it is told once; empty when there is nothing to repeat. What a reader of the log may not see
    (a link that signs in) stands in `hidden_encrypted`, JSON by name, until the message was sent;
    `text` and `html` have its place.
    """

    class Kind(models.TextChoices):
        INVITATION = "invitation", _("Welcome")
        PASSWORD = "password", _("Password")
        MISSED_CALL = "missed_call", _("Missed call")
        VOICEMAIL = "voicemail", _("Voicemail")
        LOW_BALANCE = "low_balance", _("Low balance")
        TOPUP_ASKED = "topup_asked", _("Credit requested")
        TOPUP_APPROVED = "topup_approved", _("Credit approved")
        TOPUP_REFUSED = "topup_refused", _("Credit refused")
        BLOCKED = "blocked", _("Suspension")
        SERVICES_BLOCKED = "services_blocked", _("Suspension of all services")
        INVOICE = "invoice", _("Invoice (statement of the cycle)")
        TASK_FAILED = "task_failed", _("Failed task")
        TEST = "test", _("Test")

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
    hidden_encrypted = models.TextField(blank=True, editable=False)
    attachment = models.BinaryField(null=True, blank=True, editable=False)
    attachment_name = models.CharField(_("attachment"), max_length=80, blank=True)
    reference = models.CharField(max_length=120, blank=True, editable=False)
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
        constraints = [
            models.UniqueConstraint(
                name="mail_email_reference",
                fields=["reference"],
                condition=~models.Q(reference=""),
            )
        ]
        indexes = [
            models.Index(
                fields=["next_at"], condition=models.Q(state="queued"), name="mail_email_due"
            )
        ]

    def __str__(self) -> str:
        return self.subject


@pghistory.track()
class Template(models.Model):
    """What e-mails of a kind say in one language, of a seller and of those below him who have no
    words of their own (`kinds.py` has the product's)."""

    tenant = models.ForeignKey(
        "tenancy.Tenant", models.CASCADE, related_name="+", verbose_name=_("seller")
    )
    kind = models.CharField(_("kind"), max_length=20, choices=Email.Kind)
    language = models.CharField(
        _("language"), max_length=5, choices=Language, default=Language.PORTUGUESE
    )
    subject = models.CharField(_("subject"), max_length=200)
    text = models.TextField(_("text"), max_length=8000)

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("e-mail template")
        verbose_name_plural = _("e-mail templates")
        ordering = ["tenant", "kind", "language"]
        constraints = [
            models.UniqueConstraint(
                name="mail_template_one_a_kind", fields=["tenant", "language", "kind"]
            )
        ]

    def __str__(self) -> str:
        return self.subject


@pghistory.track(exclude=["password_encrypted"])
class MailServer(models.Model):
    """By which server, and from which address, e-mails of a seller leave, and of those below him
    who have none of their own."""

    class Security(models.TextChoices):
        STARTTLS = "starttls", _("STARTTLS (usually port 587)")
        TLS = "tls", _("TLS from the start (usually port 465)")
        NONE = "none", _("none: only inside a network of yours")

    tenant = models.OneToOneField(
        "tenancy.Tenant", models.CASCADE, related_name="+", verbose_name=_("seller")
    )
    host = models.CharField(_("server"), max_length=200)
    port = models.PositiveIntegerField(
        _("port"), default=587, validators=[MinValueValidator(1), MaxValueValidator(65535)]
    )
    security = models.CharField(
        _("encryption"), max_length=8, choices=Security, default=Security.STARTTLS
    )
    username = models.CharField(_("user"), max_length=200, blank=True)
    password_encrypted = models.TextField(blank=True, editable=False)
    sender = models.EmailField(_("sender's address"))

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("mail server")
        verbose_name_plural = _("mail servers")
        ordering = ["tenant"]

    def __str__(self) -> str:
        return self.host


@pghistory.track()
class Notices(models.Model):
    """Of what a customer wants to be told by e-mail, where, and in which language."""

    tenant = models.OneToOneField(
        "tenancy.Tenant", models.CASCADE, related_name="+", verbose_name=_("customer")
    )
    language = models.CharField(
        _("language"), max_length=5, choices=Language, default=Language.PORTUGUESE
    )
    address = models.EmailField(
        _("address"), blank=True, help_text=_("Empty: the e-mail of his registration.")
    )
    missed_calls = models.BooleanField(
        _("missed calls"),
        default=False,
        help_text=_("Each call to one of his lines or numbers that nobody answered."),
    )
    suspension = models.BooleanField(
        _("suspension"),
        default=True,
        help_text=_("When one of his circuits, or all that he has, is suspended."),
    )
    invoice = models.BooleanField(
        _("statement of the cycle"),
        default=True,
        help_text=_("What his postpaid and control plans came to, when a cycle closes."),
    )

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("notices of a customer")
        verbose_name_plural = _("notices of customers")
        ordering = ["tenant"]

    def __str__(self) -> str:
        return str(self.tenant)

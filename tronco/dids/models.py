"""The inventory of numbers, and what each does when it rings."""

from __future__ import annotations

import pghistory
from django.contrib.postgres.fields import ArrayField
from django.core.validators import RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from tronco.catalog.models import CallClass
from tronco.numbering.classify import classify
from tronco.pbx.models import Destination
from tronco.tenancy.access import VisibleQuerySet
from tronco.tenancy.models import Tenant


class CallerKind(models.TextChoices):
    """Who may call a number (S1-22)."""

    FIXED = "fixed", _("Fixed")
    MOBILE = "mobile", _("Mobile")
    ABROAD = "abroad", pgettext_lazy("who calls", "International")


def all_callers() -> list[str]:
    """Default of `allowed_callers`: everybody."""
    return list(CallerKind.values)


def modest_classes() -> list[str]:
    """Default of `outgoing_classes`: no calls abroad, none to special numbers."""
    return [
        CallClass.LOCAL_FIXED,
        CallClass.LOCAL_MOBILE,
        CallClass.LDN_FIXED,
        CallClass.LDN_MOBILE,
        CallClass.N0800,
    ]


@pghistory.track()
class NumberRange(models.Model):
    """A block of consecutive numbers that was granted or bought (S2-16).

    `area` is DDI and DDD (5511); `first` and `last` are subscriber numbers of equal length.
    `cancels_itself` gives a number back to the stock when the line it rang is cancelled.
    """

    tenant = models.ForeignKey(
        "tenancy.Tenant", models.PROTECT, related_name="+", verbose_name=_("owner")
    )
    name = models.CharField(_("name"), max_length=80)
    area = models.CharField(_("DDI + DDD"), max_length=6)
    first = models.CharField(_("first number"), max_length=9)
    last = models.CharField(_("last number"), max_length=9)
    supplier = models.CharField(_("supplier"), max_length=120, blank=True)
    cancels_itself = models.BooleanField(_("automatic cancellation"), default=False)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("number range")
        verbose_name_plural = _("number ranges")
        ordering = ["area", "first"]
        constraints = [models.UniqueConstraint(fields=["tenant", "name"], name="dids_range_name")]

    def __str__(self) -> str:
        return self.name


@pghistory.track(
    # Ten thousand numbers may be made at once.
    pghistory.InsertEvent(level=pghistory.Statement),
    pghistory.UpdateEvent(),
    pghistory.DeleteEvent(),
    exclude=["password_encrypted"],
)
class Did(models.Model):
    """A number. `raw` is exactly what the supplier sends and is the match key; `e164` is for people
    and for rating.

    `tenant` is who holds it: a customer who uses it, or the seller in whose stock it lies. What it
    does is told by `mode`, and each mode has its own fields. `schedule` sends calls outside of its
    hours to the number's `closed` destination instead.
    """

    class Kind(models.TextChoices):
        SIMPLE = "simple", _("Simple number")
        SPECIAL = "special", _("Special number (0800, 0300, 400X)")

    class State(models.TextChoices):
        AVAILABLE = "available", _("Available")
        RESERVED = "reserved", _("Reserved")
        IN_USE = "in_use", _("In use")
        QUARANTINE = "quarantine", _("Quarantine")
        PORTED_OUT = "ported_out", _("Ported out")

    class Mode(models.TextChoices):
        RING = "ring", _("Ring a line")
        IP = "ip", _("Forward by IP")
        PORTAL = "portal", _("Voice portal")
        CARD = "card", _("Calling card")
        MENU = "menu", _("Extension menu (IVR)")
        REVERSE_MENU = "reverse_menu", _("Reverse IVR menu")
        CALLBACK = "callback", _("Free callback")
        CALLBACK_AUTH = "callback_auth", _("Callback with authentication")
        QUEUE = "queue", _("Group (queue)")
        VOICEMAIL = "voicemail", _("Voicemail")
        TEST = "test", _("Audio test")

    # Modes in which a stranger may spend the owner's money: limits are on unless taken off.
    SPENDING_MODES = (Mode.PORTAL, Mode.CARD, Mode.CALLBACK, Mode.CALLBACK_AUTH, Mode.REVERSE_MENU)
    # Modes by which a seller serves his customers himself, with numbers out of his own stock.
    SELLER_MODES = (Mode.PORTAL, Mode.CARD, Mode.TEST)

    class Audio(models.TextChoices):
        AUTO = "auto", _("Automatic")
        RELAY = "relay", _("Always through the platform")
        DIRECT = "direct", _("Symmetric RTP (not recommended)")

    # -- the inventory --
    tenant = models.ForeignKey(
        "tenancy.Tenant", models.PROTECT, related_name="dids", verbose_name=_("owner")
    )
    range = models.ForeignKey(
        NumberRange,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="numbers",
        verbose_name=_("range"),
    )
    technology = models.CharField(
        _("technology"), max_length=8, choices=[("sip", "SIP")], default="sip"
    )
    raw = models.CharField(_("number as the supplier sends it"), max_length=32, unique=True)
    e164 = models.CharField(_("number"), max_length=20, db_index=True)
    kind = models.CharField(_("kind"), max_length=7, choices=Kind, default=Kind.SIMPLE)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.AVAILABLE)
    ported_in = models.BooleanField(_("ported in"), default=False)
    quarantine_until = models.DateField(_("in quarantine until"), null=True, blank=True)
    reserved_for = models.CharField(_("reserved for"), max_length=120, blank=True)
    description = models.CharField(_("description"), max_length=120, blank=True)
    is_active = models.BooleanField(_("active"), default=True)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)

    # -- the supplier --
    supplier = models.CharField(_("supplier"), max_length=120, blank=True)
    host = models.CharField(_("supplier's host"), max_length=120, blank=True)
    port = models.PositiveIntegerField(_("supplier's port"), default=5060)
    username = models.CharField(_("user"), max_length=80, blank=True)
    password_encrypted = models.TextField(blank=True, editable=False)
    registers = models.BooleanField(_("register the DID"), default=False)

    # -- what it does --
    mode = models.CharField(_("what it does"), max_length=13, choices=Mode, default=Mode.RING)
    circuit = models.ForeignKey(
        "circuits.Circuit",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="dids",
        verbose_name=_("rings circuit"),
    )
    payer = models.ForeignKey(
        "circuits.Circuit",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("line that pays for the call"),
    )
    menu = models.ForeignKey(
        "pbx.Menu", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("menu")
    )
    queue = models.ForeignKey(
        "pbx.Queue",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("group (queue)"),
    )
    schedule = models.ForeignKey(
        "pbx.Schedule",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("schedule"),
    )
    callback_audio = models.ForeignKey(
        "pbx.Prompt",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("audio for callback and reverse IVR"),
    )
    techprefix = models.CharField(_("techprefix"), max_length=20, blank=True)
    ip_address = models.CharField(_("IP address"), max_length=120, blank=True)
    ip_port = models.PositiveIntegerField(_("port"), default=5060)
    backup_techprefix = models.CharField(_("techprefix of the backup"), max_length=20, blank=True)
    backup_address = models.CharField(_("IP address of the backup"), max_length=120, blank=True)
    backup_port = models.PositiveIntegerField(_("port of the backup"), default=5060)

    # -- money and limits --
    plan = models.ForeignKey(
        "catalog.Plan",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("plan of incoming calls"),
    )
    reverse_charging = models.BooleanField(_("reverse charging"), default=False)
    max_calls = models.PositiveIntegerField(_("simultaneous calls"), null=True, blank=True)
    max_day_u = models.BigIntegerField(_("most it may spend a day"), null=True, blank=True)
    allowed_callers = ArrayField(
        models.CharField(max_length=6, choices=CallerKind),
        default=all_callers,
        verbose_name=_("who may call"),
    )
    outgoing_classes = ArrayField(
        models.CharField(max_length=16, choices=CallClass),
        default=modest_classes,
        blank=True,
        verbose_name=_("classes that may be called through it"),
    )
    caller_tag = models.CharField(
        _("additional caller id"),
        max_length=20,
        blank=True,
        validators=[RegexValidator(r"^[\w .-]*\Z")],
    )
    says_errors = models.BooleanField(_("play the error"), default=True)
    audio = models.CharField(_("audio"), max_length=6, choices=Audio, default=Audio.AUTO)

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("number")
        verbose_name_plural = _("numbers")
        ordering = ["e164"]

    def __str__(self) -> str:
        return self.e164

    @property
    def display(self) -> str:
        """The number as people write it."""
        return classify(self.e164).display

    @property
    def ddd(self) -> int | None:
        """Its area; None for a number of the whole country."""
        return classify(self.e164).ddd

    @property
    def seller(self) -> Tenant:
        """Who sells it (“Dono”): the seller in whose stock it lies, or whose customer holds it."""
        above = self.tenant.parent
        return above if self.tenant.kind == Tenant.Kind.CUSTOMER and above else self.tenant

    @property
    def subscriber(self) -> Tenant | None:
        """The customer who holds it (“Assinante”), if one does."""
        return self.tenant if self.tenant.kind == Tenant.Kind.CUSTOMER else None


@pghistory.track()
class ClosedDestination(Destination):
    """Where calls go that ring a number outside of its schedule."""

    did = models.OneToOneField(Did, models.CASCADE, primary_key=True, related_name="closed")
    tenant = models.ForeignKey("tenancy.Tenant", models.PROTECT, related_name="+")

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("outside of the schedule")
        verbose_name_plural = _("outside of the schedule")

    def __str__(self) -> str:
        return f"{self.did}: {self.action}"


class Tenure(models.Model):
    """Who held a number, and when. Nobody can delete it: the law asks for it for five years.

    `tenant` is the holder, `sellers` the names through whom he had it, the master first, as they
    were then. A trigger refuses all changes but the end.
    """

    tenant = models.ForeignKey("tenancy.Tenant", models.PROTECT, related_name="+")
    e164 = models.CharField(_("number"), max_length=20, db_index=True)
    holder = models.CharField(_("held by"), max_length=200)
    document = models.CharField(_("document"), max_length=20, blank=True)
    sellers = models.JSONField(_("sold through"), default=list)
    since = models.DateTimeField(_("since"))
    until = models.DateTimeField(_("until"), null=True)
    ended_as = models.CharField(_("ended as"), max_length=20, blank=True)

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("holder")
        verbose_name_plural = _("holders")
        ordering = ["-since", "-id"]

    def __str__(self) -> str:
        return f"{self.e164} {self.holder}"


class DidRegistration(models.Model):
    """How a number stands at its supplier's registrar, as the switch last said."""

    class State(models.TextChoices):
        REGISTERED = "registered", _("Registered")
        REJECTED = "rejected", _("Rejected")
        TRYING = "trying", _("Trying")

    did = models.OneToOneField(Did, models.CASCADE, primary_key=True, related_name="registration")
    tenant = models.ForeignKey("tenancy.Tenant", models.CASCADE, related_name="+")
    state = models.CharField(_("state"), max_length=10, choices=State)
    cause = models.CharField(_("cause"), max_length=120, blank=True)
    changed_at = models.DateTimeField(_("changed at"))

    objects = VisibleQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.did_id} {self.state}"

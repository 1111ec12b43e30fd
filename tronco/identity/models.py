"""People who sign in: what they are (role) and where they stand (tenant)."""

from __future__ import annotations

import os
import time
from datetime import datetime, timedelta
from functools import cached_property
from typing import ClassVar

import pghistory
from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.sessions.models import Session
from django.db import connection, models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _
from django_otp.models import Device, ThrottlingMixin, TimestampMixin
from django_otp.oath import TOTP

from tronco.core.secrets import decrypt, encrypt
from tronco.identity.roles import Role, for_given_customers, permissions_for
from tronco.tenancy.access import NOBODY, Actor, VisibleQuerySet


class UserManager(BaseUserManager["User"].from_queryset(VisibleQuerySet)):  # type: ignore[misc]
    """Users by name, as Django's sign-in wants them."""

    def get_by_natural_key(self, username: str | None) -> User:
        """Return the user of a name in any case.

        Compared in small letters: in capitals more would be alike (ı and i, ſ and s) than the
        lock-out counts together, and each spelling would have five guesses of its own.
        """
        user: User = self.alias(lower=Lower("username")).get(lower=(username or "").lower())
        return user


@pghistory.track(exclude=["password", "last_login", "preferences"])
class User(AbstractBaseUser):  # type: ignore[django-manager-missing]
    """A person. `customers`, when not empty, narrows what he reaches below his tenant (S3-05)."""

    username = models.CharField(_("user name"), max_length=80, unique=True)
    name = models.CharField(_("name"), max_length=120)
    email = models.EmailField(_("e-mail"), blank=True)
    tenant = models.ForeignKey(
        "tenancy.Tenant", models.PROTECT, related_name="users", verbose_name=_("belongs to")
    )
    role = models.CharField(_("role"), max_length=20, choices=Role.choices, default=Role.SUPPORT)
    customers = models.ManyToManyField(
        "tenancy.Tenant",
        blank=True,
        related_name="users_given",
        verbose_name=_("customers"),
        help_text=_("Empty: all of them. Otherwise the user sees only these."),
    )
    is_active = models.BooleanField(_("active"), default=True)
    must_change_password = models.BooleanField(_("must change the password"), default=False)
    preferences = models.JSONField(default=dict, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = UserManager()
    USERNAME_FIELD = "username"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = ["name"]

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")
        ordering = ["username"]
        constraints = [
            # Names differ whatever their case.
            models.UniqueConstraint(Lower("username"), name="identity_user_username_lower")
        ]

    def __str__(self) -> str:
        return self.name or self.username

    @property
    def initials(self) -> str:
        """Two letters for the corner of the screen."""
        words = str(self).split()
        return "".join(word[0] for word in (words[:1] + words[1:][-1:])).upper()

    @cached_property
    def actor(self) -> Actor:
        """The user as services know him: nobody when he, his tenant or one above is closed.

        Read through a function of the database: no tenant is in sight before his scope is bound.
        """
        with connection.cursor() as cursor:
            cursor.execute("SELECT * FROM identity_reach(%s)", [self.pk])
            found = cursor.fetchone()
        if found is None:
            return NOBODY
        path, kind, is_open, is_narrowed, given = found
        if not is_open:
            return NOBODY
        may = permissions_for(Role(self.role), kind)
        return Actor(
            name=str(self),
            scopes=tuple(given) if is_narrowed else (path,),
            may=for_given_customers(may) if is_narrowed else may,
            user_id=self.pk,
        )


@pghistory.track()
class GivenCustomer(User.customers.through):  # type: ignore[name-defined,misc]
    """One of the customers given to a user, known to the history."""

    history_name = "tenant"

    class Meta:
        proxy = True
        verbose_name = _("customer given")
        verbose_name_plural = _("customers given")


def new_secret() -> str:
    """Return a fresh secret of 160 bits, as it is kept."""
    return encrypt(os.urandom(20).hex(), key=settings.SECRET_KEY)


class UserLink(models.Model):
    """A link in an e-mail by which its reader chooses his password: once, and for a time.

    Of its token only a digest is kept, so that nobody enters by what the database says.
    """

    class Kind(models.TextChoices):
        INVITATION = "invitation", _("Invitation")
        PASSWORD = "password", _("Password")

    user = models.ForeignKey(User, models.CASCADE, related_name="links")
    kind = models.CharField(max_length=10, choices=Kind)
    token_hash = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    objects: ClassVar[models.Manager[UserLink]] = models.Manager()

    def __str__(self) -> str:
        return f"{self.user} {self.kind}"


class UserSession(models.Model):
    """Where a user is signed in now; it goes with its session."""

    session = models.OneToOneField(Session, models.CASCADE, related_name="+")
    user = models.ForeignKey(User, models.CASCADE, related_name="sessions")
    address = models.GenericIPAddressField(_("address"), null=True)
    browser = models.CharField(_("browser"), max_length=200, blank=True)
    began_at = models.DateTimeField(_("signed in at"), auto_now_add=True)

    objects: ClassVar[models.Manager[UserSession]] = models.Manager()

    class Meta:
        verbose_name = _("open session")
        verbose_name_plural = _("open sessions")
        ordering = ["-began_at"]

    def __str__(self) -> str:
        return f"{self.user} {self.began_at}"


@pghistory.track()
class Visit(models.Model):
    """Somebody of a seller in the panel of a customer (`tenant`), from entering until leaving."""

    history_name = "visitor"

    tenant = models.ForeignKey(
        "tenancy.Tenant", models.PROTECT, related_name="+", verbose_name=_("customer")
    )
    user = models.ForeignKey(
        User, models.SET_NULL, null=True, related_name="+", verbose_name=_("user")
    )
    visitor = models.CharField(_("who entered"), max_length=120)
    began_at = models.DateTimeField(_("entered at"), auto_now_add=True)
    ended_at = models.DateTimeField(_("left at"), null=True)

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("visit of the panel")
        verbose_name_plural = _("visits of the panel")

    def __str__(self) -> str:
        return f"{self.visitor} → {self.tenant}"

    @staticmethod
    def lasts() -> timedelta:
        """How long nobody need enter anew."""
        return timedelta(minutes=settings.TRONCO_VISIT_MINUTES)

    @property
    def until(self) -> datetime:
        """When it is over, if nobody leaves before."""
        return self.began_at + self.lasts()


class Authenticator(TimestampMixin, ThrottlingMixin, Device):  # type: ignore[misc]
    """A phone that makes one-time codes (TOTP, RFC 6238: six digits, every 30 s, SHA-1).

    It needs its secret back, in hexadecimal, so that is kept encrypted. `last_t` is the time step
    of the last code taken, since none is taken twice; `drift` how many steps the phone is off.
    """

    secret_encrypted = models.TextField(default=new_secret)
    drift = models.SmallIntegerField(default=0)
    last_t = models.BigIntegerField(default=-1)

    objects: ClassVar[models.Manager[Authenticator]] = models.Manager()

    class Meta:
        verbose_name = _("authenticator")
        verbose_name_plural = _("authenticators")

    @property
    def secret(self) -> bytes:
        """The secret itself; raises Unavailable when the installation's key has changed."""
        return bytes.fromhex(decrypt(self.secret_encrypted, key=settings.SECRET_KEY))

    def get_throttle_factor(self) -> int:
        """Seconds to wait after the first wrong code; each further one doubles them."""
        return 1

    def verify_token(self, token: str) -> bool:
        """Whether this is the code of now, or of the step before or after it."""
        if not self.verify_is_allowed()[0]:
            return False
        clock = TOTP(self.secret, drift=self.drift)
        clock.time = time.time()
        if not (token.isdecimal() and clock.verify(int(token), 1, self.last_t + 1)):
            self.throttle_increment()
            return False
        self.last_t, self.drift = clock.t(), clock.drift
        self.throttle_reset(commit=False)
        self.set_last_used_timestamp(commit=False)
        self.save()
        return True

"""The second factor: a code of the phone's authenticator, and recovery codes for its loss."""

from __future__ import annotations

import secrets
from base64 import b32encode
from urllib.parse import quote, urlencode

from django.db import transaction
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _
from django_otp.plugins.otp_static.models import StaticDevice, StaticToken

from tronco.core.errors import InvalidInput
from tronco.identity.models import Authenticator, User
from tronco.identity.selectors import get_user
from tronco.tenancy.access import Actor
from tronco.ui.qr import qr_picture

ISSUER = "Tronco"
RECOVERY_CODES = 10
# Without the letters and digits that look alike.
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"


def find_device(user: User) -> Authenticator | None:
    """Return the user's authenticator in use, if any."""
    device: Authenticator | None = Authenticator.objects.filter(user=user, confirmed=True).first()
    return device


def count_recovery_codes(user: User) -> int:
    """Return how many recovery codes are left."""
    left: int = StaticToken.objects.filter(device__user=user).count()
    return left


@transaction.atomic
def enrolment_begin(*, user: User) -> Authenticator:
    """Return a fresh authenticator that counts only once a code of it was given."""
    Authenticator.objects.filter(user=user, confirmed=False).delete()
    device: Authenticator = Authenticator.objects.create(user=user, name="totp", confirmed=False)
    return device


def find_enrolment(user: User) -> Authenticator | None:
    """Return the authenticator that waits for its first code."""
    device: Authenticator | None = Authenticator.objects.filter(user=user, confirmed=False).first()
    return device


def enrolment_address(device: Authenticator) -> str:
    """Return what a phone reads from the picture: whose account it is, and the secret."""
    label = quote(f"{ISSUER}:{device.user.get_username()}")
    return f"otpauth://totp/{label}?{urlencode({'secret': _written(device), 'issuer': ISSUER})}"


def enrolment_picture(device: Authenticator) -> str:
    """Return the QR code of an authenticator's secret as an address for an image."""
    return qr_picture(enrolment_address(device))


def enrolment_secret(device: Authenticator) -> str:
    """Return an authenticator's secret to be typed, in groups of four."""
    text = _written(device)
    return " ".join(text[at : at + 4] for at in range(0, len(text), 4))


@transaction.atomic
def enrolment_confirm(*, user: User, code: str) -> list[str]:
    """Put the authenticator to use, if the code is its; return recovery codes, told only now."""
    device = find_enrolment(user)
    if device is None or not device.verify_token(code):
        raise InvalidInput(
            _("This code is not right now; wait for the next one and check the phone's clock."),
            field="code",
        )
    Authenticator.objects.filter(user=user).exclude(pk=device.pk).delete()
    device.confirmed = True
    device.save()
    return recovery_codes_replace(user=user)


@transaction.atomic
def recovery_codes_replace(*, user: User) -> list[str]:
    """Return new recovery codes, each good for one sign-in; the former ones end."""
    StaticDevice.objects.filter(user=user).delete()
    device = StaticDevice.objects.create(user=user, name="recovery")
    codes = [_new_code() for _number in range(RECOVERY_CODES)]
    StaticToken.objects.bulk_create(
        StaticToken(device=device, token=_stored(code)) for code in codes
    )
    return codes


@transaction.atomic
def code_verify(*, user: User, code: str) -> Authenticator | StaticDevice | None:
    """Return the device whose code this is, or None. Guessing is slowed down by the device."""
    text = code.replace(" ", "").replace("-", "").lower()
    devices = Authenticator if text.isdigit() else StaticDevice
    device = devices.objects.select_for_update().filter(user=user, confirmed=True).first()
    if device is None:
        return None
    token = text if isinstance(device, Authenticator) else _stored(text)
    return device if device.verify_token(token) else None


@transaction.atomic
def second_factor_remove(*, actor: Actor, user_id: int) -> None:
    """Take a user's second factor away: one's own, or that of somebody who lost his phone."""
    if actor.user_id == user_id:
        user = User.objects.get(pk=user_id)
    else:
        actor.require("identity.edit")
        user = get_user(actor=actor, user_id=user_id)
    Authenticator.objects.filter(user=user).delete()
    StaticDevice.objects.filter(user=user).delete()


def _written(device: Authenticator) -> str:
    return b32encode(device.secret).decode().rstrip("=")


def _new_code() -> str:
    letters = [secrets.choice(_ALPHABET) for _place in range(10)]
    return "".join(letters[:5]) + "-" + "".join(letters[5:])


def _stored(code: str) -> str:
    """What is kept of a recovery code: useless without the installation's key."""
    plain = code.replace("-", "")
    return salted_hmac("recovery-code", plain, algorithm="sha256").hexdigest()[:16]

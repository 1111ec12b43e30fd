"""What each way of working of a number uses, needs, and is limited to. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from django.utils.translation import gettext as _

from tronco.core.money import MICRO
from tronco.dids.models import Did, modest_classes

Mode = Did.Mode
_FORWARD: Final = (
    "techprefix", "ip_address", "ip_port", "backup_techprefix", "backup_address", "backup_port",
)  # fmt: skip

# Fields that count only in some modes; a mode that does not use one has it at its default.
USES: Final[Mapping[str, tuple[str, ...]]] = {
    Mode.RING: ("circuit",),
    Mode.IP: _FORWARD,
    Mode.PORTAL: (),
    Mode.CARD: (),
    Mode.MENU: ("menu",),
    Mode.REVERSE_MENU: ("menu", "callback_audio"),
    Mode.CALLBACK: ("callback_audio",),
    Mode.CALLBACK_AUTH: ("callback_audio",),
    Mode.QUEUE: ("queue",),
    Mode.VOICEMAIL: ("circuit",),
    Mode.TEST: (),
}
NEEDS: Final[Mapping[str, tuple[str, ...]]] = {
    Mode.IP: ("payer", "ip_address"),
    Mode.MENU: ("menu",),
    Mode.REVERSE_MENU: ("menu", "payer"),
    Mode.CALLBACK: ("payer",),
    Mode.QUEUE: ("queue",),
    Mode.VOICEMAIL: ("circuit",),
}
# What is set when a number begins to spend and nothing else was said (U7).
SPENDING_MAX_CALLS: Final = 2
SPENDING_MAX_DAY_U: Final = 50 * MICRO

# Everything that belongs to one holder's use, and begins anew with the next.
OF_THE_HOLDER: Final = (
    "mode", "circuit", "payer", "menu", "queue", "schedule", "callback_audio", *_FORWARD, "plan",
    "max_calls", "max_day_u", "allowed_callers", "outgoing_classes", "caller_tag", "says_errors",
    "audio", "description",
)  # fmt: skip


def modes_using(name: str) -> tuple[str, ...]:
    """In which modes a field counts."""
    return tuple(str(mode) for mode, names in USES.items() if name in names)


def forget_unused(did: Did) -> None:
    """Put at their defaults the fields that the number's mode does not use."""
    for name in {name for names in USES.values() for name in names} - set(USES[did.mode]):
        _default(did, name)


def forget_holder(did: Did) -> None:
    """Put at their defaults all that was one holder's."""
    for name in OF_THE_HOLDER:
        _default(did, name)


def limit_spending(did: Did) -> list[str]:
    """Give a number that begins to spend its limits where it has none; say what was set."""
    said = []
    if did.max_calls is None:
        did.max_calls = SPENDING_MAX_CALLS
        said.append(_("%(count)s simultaneous calls") % {"count": SPENDING_MAX_CALLS})
    if did.max_day_u is None:
        did.max_day_u = SPENDING_MAX_DAY_U
        said.append(_("R$ %(amount)s a day") % {"amount": SPENDING_MAX_DAY_U // MICRO})
    return said


def list_warnings(did: Did) -> Iterator[str]:
    """Yield what is odd or dangerous about a number although it may be so."""
    if did.mode in Did.SPENDING_MODES:
        if did.max_calls is None:
            yield _("Without a limit of simultaneous calls a fraud may use all lines at once.")
        if did.max_day_u is None:
            yield _("Without a limit a day a fraud may spend all the credit there is.")
        if set(did.outgoing_classes) - set(modest_classes()):
            yield _("Calls abroad or to special numbers may be placed here: frauds seek just that.")
    if did.audio == Did.Audio.DIRECT:
        yield _(
            "Symmetric RTP: the audio goes straight between supplier and customer, and calls may"
            " be mute."
        )
    is_charged = did.reverse_charging or did.plan_id is not None
    if did.state == Did.State.IN_USE and is_charged and not (did.payer_id or did.circuit_id):
        yield _("No line pays for its incoming calls: they are refused until you choose one.")


def _default(did: Did, name: str) -> None:
    field = Did._meta.get_field(name)
    setattr(did, name, None if field.is_relation else field.get_default())  # type: ignore[union-attr]

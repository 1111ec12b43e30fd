"""Everything that changes groups (queues) and who takes their calls."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TypedDict, Unpack

from django.db import transaction
from django.utils.translation import gettext as _

from tronco.circuits.models import Circuit
from tronco.core.errors import Conflict, InvalidInput
from tronco.numbering.classify import classify
from tronco.numbering.number import CallClass
from tronco.pbx.destinations import TargetValues, find_owned, get_owned, get_owner, target_check
from tronco.pbx.models import LineService, Prompt, Queue, QueueMember, Schedule
from tronco.pbx.selectors import get_member, get_queue
from tronco.pbx.uses import refuse_if_used
from tronco.tenancy.access import Actor
from tronco.tenancy.models import Tenant
from tronco.tenancy.saving import save_checked


class QueueFields(TypedDict, total=False):
    """What may be said of a group besides its name; absent: default, or unchanged."""

    extension: str
    strategy: str
    ring_s: int
    wrapup_s: int
    max_wait_s: int
    max_callers: int
    announces_position: bool
    announce_every_s: int
    welcome_id: int | None
    music_id: int | None
    schedule_id: int | None
    payer_id: int | None


@dataclass(frozen=True, slots=True)
class MemberValues:
    """A line that takes calls; lower `penalty` rings first."""

    circuit_id: int
    penalty: int = 0
    is_paused: bool = False


# Keys to other rows: the model each leads to.
_KEYS = {"welcome": Prompt, "music": Prompt, "schedule": Schedule, "payer": Circuit}


@transaction.atomic
def queue_create(
    *,
    actor: Actor,
    tenant_id: int,
    name: str,
    overflow: TargetValues,
    members: Sequence[MemberValues] = (),
    **fields: Unpack[QueueFields],
) -> Queue:
    """Make a group; `overflow` is where a caller goes who waited too long or found nobody."""
    actor.require("pbx.edit")
    queue = Queue(tenant=get_owner(actor=actor, tenant_id=tenant_id), name=name)
    return _save(queue, overflow, members, fields)


@transaction.atomic
def queue_change(
    *,
    actor: Actor,
    queue_id: int,
    name: str,
    overflow: TargetValues,
    members: Sequence[MemberValues],
    **fields: Unpack[QueueFields],
) -> Queue:
    """Change a group; its owner stays, its members are those given."""
    actor.require("pbx.edit")
    queue = get_queue(actor=actor, queue_id=queue_id, lock=True)
    queue.name = name
    return _save(queue, overflow, members, fields)


@transaction.atomic
def queue_delete(*, actor: Actor, queue_id: int) -> None:
    """Delete a group that nothing leads to."""
    actor.require("pbx.delete")
    queue = get_queue(actor=actor, queue_id=queue_id, lock=True)
    refuse_if_used(actor=actor, obj=queue)
    queue.queue = None
    queue.save(update_fields=["queue"])
    queue.delete()


@transaction.atomic
def member_pause(*, actor: Actor, member_id: int, is_paused: bool) -> QueueMember:
    """Let a member take no calls of the group for a while, or take them again."""
    actor.require("pbx.operate")
    member = get_member(actor=actor, member_id=member_id, lock=True)
    if member.is_paused != is_paused:
        member.is_paused = is_paused
        member.save(update_fields=["is_paused"])
    return member


def extension_check(*, owner: Tenant, extension: str, of: object) -> None:
    """Refuse a short number that another line or group of the owner's has."""
    if not extension:
        return
    if classify(extension).call_class == CallClass.EMERGENCY:
        raise InvalidInput(
            _("%(number)s is an emergency number: it cannot be an extension.")
            % {"number": extension},
            field="extension",
            code="number-emergency",
        )
    for model in (Queue, LineService):
        taken = model.objects.filter(tenant=owner, extension=extension)
        row = (taken.exclude(pk=of.pk) if isinstance(of, model) else taken).first()
        if row is not None:
            raise Conflict(
                _("Extension %(extension)s is already that of %(name)s.")
                % {"extension": extension, "name": row},
                code="extension-taken",
                details={"extension": extension, "name": str(row)},
            )


def _save(
    queue: Queue, overflow: TargetValues, members: Sequence[MemberValues], fields: QueueFields
) -> Queue:
    owner = queue.tenant
    for name, value in fields.items():
        key = name.removesuffix("_id")
        if key in _KEYS:
            found = find_owned(_KEYS[key], owner=owner, pk=value, field=key)  # type: ignore[arg-type]
            setattr(queue, key, found)
        else:
            setattr(queue, name, value)
    extension_check(owner=owner, extension=queue.extension, of=queue)
    target = target_check(owner=owner, target=overflow, payer_id=queue.payer_id)
    if queue.pk is not None and target.queue_id == queue.pk:
        raise InvalidInput(
            _("A group cannot overflow into itself."), field="queue", code="overflow-into-itself"
        )
    for name, value in asdict(target).items():
        setattr(queue, name, value)
    save_checked(queue)
    _replace_members(queue, members)
    return queue


def _replace_members(queue: Queue, wanted: Sequence[MemberValues]) -> None:
    """Write only what differs: a member who stays keeps his state in the switch."""
    if len({one.circuit_id for one in wanted}) < len(wanted):
        raise InvalidInput(_("A line stands twice."), field="members", code="member-twice")
    there = {member.circuit_id: member for member in queue.members.all()}
    for circuit_id in there.keys() - {one.circuit_id for one in wanted}:
        there[circuit_id].delete()
    for values in wanted:
        member = there.get(values.circuit_id)
        if member is None:
            circuit = get_owned(Circuit, owner=queue.tenant, pk=values.circuit_id, field="members")
            member = QueueMember(queue=queue, tenant=queue.tenant, circuit=circuit)
        elif (member.penalty, member.is_paused) == (values.penalty, values.is_paused):
            continue
        member.penalty, member.is_paused = values.penalty, values.is_paused
        save_checked(member)

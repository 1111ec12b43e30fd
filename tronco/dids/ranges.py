"""Services of ranges, and of numbers made many at a time: looked at first, then in bulk."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Unpack

from django.db import IntegrityError, connection, models, transaction
from django.utils.translation import gettext as _

from tronco.core.errors import Conflict, InvalidInput, NotFound
from tronco.dids.closed import Closed
from tronco.dids.models import ClosedDestination, Did, NumberRange
from tronco.dids.numbers import (
    MOST_AT_ONCE,
    NumberPlan,
    Wanted,
    list_following,
    list_of_range,
    read_e164,
    sort_out,
)
from tronco.dids.selectors import get_range, list_taken
from tronco.dids.services import DidFields, SavedDid, did_create
from tronco.tenancy.access import Actor
from tronco.tenancy.models import Tenant
from tronco.tenancy.saving import save_checked

_OWN = {"id", "raw", "e164", "created_at"}


def range_preview(*, area: str, first: str, last: str, sent_as: str) -> NumberPlan:
    """Tell which numbers a range would create, and which not and why."""
    return _sorted_out(list_of_range(area, first, last, sent_as))


@transaction.atomic
def range_create(
    *,
    actor: Actor,
    tenant_id: int,
    name: str,
    area: str,
    first: str,
    last: str,
    sent_as: str,
    supplier: str = "",
    cancels_itself: bool = False,
) -> tuple[NumberRange, NumberPlan]:
    """Make a range and its numbers, available in the stock of a seller.

    Numbers of it that the owner, or somebody below, has in no range yet join it as they are.
    """
    actor.require("dids.edit")
    owner = _get_seller(actor, tenant_id)
    plan = range_preview(area=area, first=first, last=last, sent_as=sent_as)
    made = NumberRange(
        tenant=owner,
        name=name.strip(),
        area=area,
        first=first,
        last=last,
        supplier=supplier,
        cancels_itself=cancels_itself,
    )
    save_checked(made)
    if plan.create:
        head, *rest = plan.create
        first_did = Did(tenant=owner, range=made, supplier=supplier, raw=head.raw, e164=head.e164)
        save_checked(first_did)
        _copy(first_did, rest)
    there = Did.objects.filter(range=None, tenant__path__startswith=owner.path)
    there.filter(e164__in=[one.e164 for one in plan.taken]).update(range=made)
    return made, plan


@transaction.atomic
def range_change(
    *, actor: Actor, range_id: int, name: str, supplier: str, cancels_itself: bool
) -> NumberRange:
    """Change what a range is called and does; its numbers are what they are."""
    actor.require("dids.edit")
    found = get_range(actor=actor, range_id=range_id, lock=True)
    found.name, found.supplier, found.cancels_itself = name.strip(), supplier, cancels_itself
    save_checked(found)
    return found


@transaction.atomic
def range_delete(*, actor: Actor, range_id: int) -> None:
    """Delete a range with its numbers, if nobody ever used one of them."""
    actor.require("dids.delete")
    found = get_range(actor=actor, range_id=range_id, lock=True)
    busy = found.numbers.exclude(state=Did.State.AVAILABLE).count()
    if busy:
        raise Conflict(
            _("%(count)s numbers of %(range)s are not available; a range goes only as a whole.")
            % {"count": busy, "range": found},
            code="in-use",
            details={"count": busy},
        )
    try:
        found.numbers.all().delete()
    except models.ProtectedError as problem:
        raise Conflict(
            _("Numbers of %(range)s have calls on record; the range stays.") % {"range": found},
            code="in-use",
        ) from problem
    found.delete()


def series_preview(*, raw: str, e164: str, quantity: int) -> NumberPlan:
    """Tell which of `quantity` numbers from this one on would be created (S1-06)."""
    return _sorted_out(list_following(raw.strip(), read_e164(raw.strip(), e164)[0], quantity))


@transaction.atomic
def series_create(
    *,
    actor: Actor,
    quantity: int,
    tenant_id: int,
    raw: str,
    e164: str = "",
    password: str = "",
    closed: Closed | None = None,
    **fields: Unpack[DidFields],
) -> tuple[SavedDid, NumberPlan]:
    """Make consecutive numbers which differ only at their end, all else being as the form says."""
    plan = series_preview(raw=raw, e164=e164, quantity=quantity)
    if not plan.create:
        raise Conflict(_("None of these numbers can be created."), code="nothing-to-create")
    head, *rest = plan.create
    saved = did_create(
        actor=actor,
        tenant_id=tenant_id,
        raw=head.raw,
        e164=head.e164,
        password=password,
        closed=closed,
        **fields,
    )
    _copy(saved.did, rest)
    return saved, plan


def _sorted_out(wanted: list[Wanted]) -> NumberPlan:
    return sort_out(wanted, list_taken(wanted[:MOST_AT_ONCE]))


def _copy(did: Did, wanted: Sequence[Wanted]) -> None:
    """Make numbers in every way as `did`, in one statement; all of them, or none."""
    fields = [field for field in Did._meta.concrete_fields if field.name not in _OWN]
    columns = [connection.ops.quote_name(str(field.column)) for field in fields]
    statement = (
        f"INSERT INTO dids_did (raw, e164, created_at, {', '.join(columns)})"  # noqa: S608
        f" SELECT w.raw, w.e164, d.created_at, {', '.join(f'd.{name}' for name in columns)}"
        " FROM dids_did d, unnest(%s::text[], %s::text[]) AS w (raw, e164) WHERE d.id = %s"
    )
    numbers: list[Any] = [[one.raw for one in wanted], [one.e164 for one in wanted], did.pk]
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement, numbers)
    except IntegrityError as problem:
        raise Conflict(
            _("Somebody added some of these numbers at this moment; look again."),
            code="already-exists",
        ) from problem
    closed = ClosedDestination.objects.filter(did=did).first()
    if closed is not None:
        _close_alike(closed, [one.raw for one in wanted])


def _close_alike(closed: ClosedDestination, raws: list[str]) -> None:
    fields = [field for field in ClosedDestination._meta.concrete_fields if field.name != "did"]
    facts = {field.attname: getattr(closed, field.attname) for field in fields}
    ids = Did.objects.filter(raw__in=raws).values_list("pk", flat=True)
    ClosedDestination.objects.bulk_create(ClosedDestination(did_id=pk, **facts) for pk in ids)


def _get_seller(actor: Actor, tenant_id: int) -> Tenant:
    owner = Tenant.objects.visible_to(actor).filter(pk=tenant_id).first()
    if owner is None:
        raise NotFound(_("There is no such customer."), details={"tenant": tenant_id})
    if owner.kind == Tenant.Kind.CUSTOMER:
        raise InvalidInput(
            _("A range belongs to the master or to a reseller."),
            field="tenant",
            code="not-a-seller",
        )
    return owner

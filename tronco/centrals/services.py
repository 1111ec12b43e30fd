"""Everything that people change of centrals. What the switch tells, sipcore writes."""

from __future__ import annotations

import re

from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from tronco.centrals.models import Ban, Central
from tronco.centrals.selectors import get_central
from tronco.core.errors import Conflict, InvalidInput, NotFound
from tronco.tenancy.access import Actor
from tronco.tenancy.models import Tenant
from tronco.tenancy.saving import save_checked

_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?|[0-9A-Fa-f:]+")


@transaction.atomic
def central_create(
    *,
    actor: Actor,
    name: str,
    host: str,
    sip_port: int = 5060,
    external_address: str | None = None,
    description: str = "",
    is_active: bool = True,
) -> Central:
    """Make known a switch; `name` is its `systemname` and never changes."""
    actor.require("centrals.edit")
    master = Tenant.objects.visible_to(actor).filter(kind=Tenant.Kind.MASTER).first()
    if master is None:
        raise NotFound(_("Centrals belong to the master."))
    central = Central(tenant=master, name=name)
    _save(
        central,
        host=host,
        sip_port=sip_port,
        external_address=external_address,
        description=description,
        is_active=is_active,
    )
    return central


@transaction.atomic
def central_change(
    *,
    actor: Actor,
    central_id: int,
    host: str,
    sip_port: int,
    external_address: str | None,
    description: str,
    is_active: bool,
) -> Central:
    """Change how phones reach a central; an inactive one takes no new circuits."""
    actor.require("centrals.edit")
    central = get_central(actor=actor, central_id=central_id)
    _save(
        central,
        host=host,
        sip_port=sip_port,
        external_address=external_address,
        description=description,
        is_active=is_active,
    )
    return central


@transaction.atomic
def central_delete(*, actor: Actor, central_id: int) -> None:
    """Delete a central on which no circuit is."""
    actor.require("centrals.delete")
    central = get_central(actor=actor, central_id=central_id)
    try:
        central.delete()
    except models.ProtectedError as problem:
        raise Conflict(
            _("%(central)s has circuits; move them to another central first.")
            % {"central": central},
            code="in-use",
        ) from problem


@transaction.atomic
def ban_lift(*, actor: Actor, ban_id: int) -> Ban:
    """Let an address in again; lifting what is over already changes nothing."""
    actor.require("centrals.operate")
    ban = Ban.objects.visible_to(actor).select_for_update().filter(pk=ban_id).first()
    if ban is None:
        raise NotFound(_("There is no such ban."), details={"ban": ban_id})
    if ban.lifted_at is None and ban.expires_at > timezone.now():
        ban.lifted_at, ban.lifted_by = timezone.now(), actor.name
        ban.save(update_fields=["lifted_at", "lifted_by"])
    return ban


def _save(
    central: Central,
    *,
    host: str,
    sip_port: int,
    external_address: str | None,
    description: str,
    is_active: bool,
) -> None:
    if not _HOST.fullmatch(host):
        raise InvalidInput(
            _("Use a host name or an IP address."), field="host", code="invalid-host"
        )
    if not 1 <= sip_port <= 65535:
        raise InvalidInput(_("Use a port from 1 to 65535."), field="sip_port", code="invalid-port")
    central.host, central.sip_port = host, sip_port
    central.external_address = external_address or None
    central.description, central.is_active = description, is_active
    save_checked(central)

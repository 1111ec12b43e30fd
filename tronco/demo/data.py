"""Loads the demonstration operator: everything that `make run` shows, into an empty instance.

All is made through the services, as the system, in one transaction; the month that lies behind it
is `history`. Loading it again changes nothing.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.db import transaction
from django.utils import timezone

from tronco.catalog.models import Tariff
from tronco.centrals.models import Central
from tronco.core.errors import Conflict, NotFound
from tronco.demo.brands import brands_load
from tronco.demo.carriers import carrier_move, carriers_load
from tronco.demo.extensions import extensions_load
from tronco.demo.history import History
from tronco.demo.lines import LINES, SERVICE_NUMBER, lines_close, lines_load, renew_phones
from tronco.demo.notices import notices_load
from tronco.demo.offers import offers_load
from tronco.demo.people import Access, is_loaded, people_load
from tronco.demo.recordings import recordings_load
from tronco.demo.stock import stock_load
from tronco.demo.telephones import telephones_load
from tronco.demo.topups import topups_load
from tronco.demo.voice import visits_load, voice_load
from tronco.routing.models import Carrier
from tronco.tenancy.access import SYSTEM, acting
from tronco.tenancy.models import Tenant


@dataclass(frozen=True, slots=True)
class Loaded:
    """What was made; `access` is told now and never again."""

    is_new: bool
    calls: int = 0
    access: list[Access] = field(default_factory=list)


def demonstration_load(*, central: str, carrier_port: int, scene: Path, access: Path) -> Loaded:
    """Make the demonstration's operator.

    Writes two files for their owner's eyes only: the `scene` that its phones play, and with which
    passwords people and phones sign in (`access`). Raises Conflict in somebody else's instance.
    """
    with transaction.atomic(), acting(SYSTEM, why="demonstração"):
        if is_loaded():
            carrier_move(carrier_port=carrier_port)
            if not scene.exists():
                _write_scene(scene, renew_phones(), visits_load())
            return Loaded(is_new=False)
        _require_empty()
        return _load(_get_central(central), carrier_port, scene, access)


def _load(central: Central, carrier_port: int, scene: Path, access: Path) -> Loaded:
    now = timezone.now()
    people = people_load(Tenant.objects.get(kind=Tenant.Kind.MASTER))
    brands_load(people)
    notices_load(people)
    catalog = offers_load(people, now=now)
    carriers = carriers_load(catalog.tariffs, carrier_port=carrier_port)
    lines = lines_load(people, catalog.plans, central)
    history = History(lines, carriers, central=central.name, now=now)
    history.make()
    history.write()
    telephones_load(lines, history.last_calls, now=now, chance=history.chance)
    lines_close(lines)
    voice_load(people, lines, catalog.plans)
    recordings_load(people)
    stock_load(people)
    extensions_load(people)
    topups_load()
    phones = {line.number: lines.passwords[line.number] for line in LINES if line.is_phone}
    told = [
        *people.access,
        *(Access(line.number, lines.passwords[line.number], line.description) for line in LINES),
    ]
    # Within the transaction: nobody could tell these passwords again.
    _write_scene(scene, phones, visits_load())
    _write(access, "".join(f"{o.username:<14} {o.password:<18} {o.what}\n" for o in told))
    return Loaded(is_new=True, calls=len(history.records), access=people.access)


def _require_empty() -> None:
    below = Tenant.objects.exclude(kind=Tenant.Kind.MASTER)
    if below.exists() or Tariff.objects.exists() or Carrier.objects.exists():
        raise Conflict(
            "this instance has customers, price lists or carriers of its own; the demonstration "
            "goes into an empty one only: set TRONCO_HOME to a new directory, or leave out --demo",
            code="demo-not-empty",
        )


def _get_central(name: str) -> Central:
    central = Central.objects.filter(name=name).first()
    if central is None:
        raise NotFound(
            f"there is no central '{name}'; run `tronco prepare --central {name}` first",
            code="central-unknown",
        )
    return central


def _write_scene(path: Path, phones: dict[str, str], visits: list[dict[str, Any]]) -> None:
    rings = [line.raw for line in LINES if line.number in phones]
    scene = {
        "phones": [{"number": number, "password": word} for number, word in phones.items()],
        "numbers": [*rings, SERVICE_NUMBER],
        "visits": visits,
    }
    _write(path, json.dumps(scene, indent=1))


def _write(path: Path, text: str) -> None:
    """Write at once or not at all, closed to others."""
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    unfinished.touch(mode=0o600)
    unfinished.write_text(text)
    unfinished.rename(path)

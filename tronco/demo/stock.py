"""The demonstration's stock of numbers: two ranges, of which some numbers are spoken for."""

from __future__ import annotations

from tronco.demo.carriers import ANSWERING_CARRIER
from tronco.demo.people import People
from tronco.dids.models import Did
from tronco.dids.numbers import SentAs
from tronco.dids.ranges import range_create
from tronco.dids.states import did_reserve
from tronco.tenancy.access import SYSTEM

# name, DDI and DDD, first, last
RANGES = (
    ("São Paulo, Paulista", "5511", "35550100", "35550199"),
    ("Belo Horizonte, Savassi", "5531", "35550150", "35550179"),
)
RESERVED = {"+551135550188": "Farmácia Girassol", "+553135550175": "Ótica Mineira"}


def stock_load(people: People) -> None:
    """Make the ranges; what customers have of them already joins in."""
    for name, area, first, last in RANGES:
        range_create(
            actor=SYSTEM,
            tenant_id=people.master.pk,
            name=name,
            area=area,
            first=first,
            last=last,
            sent_as=SentAs.DIGITS,
            supplier=ANSWERING_CARRIER,
        )
    for number, who in RESERVED.items():
        did_reserve(actor=SYSTEM, did_id=Did.objects.get(e164=number).pk, reserved_for=who)

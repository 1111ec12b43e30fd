"""Screens of ranges, and the search for who held a number."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from tronco.dids import ranges, selectors
from tronco.dids.filters import RangeFilters, TenureFilters
from tronco.dids.forms import RangeForm
from tronco.dids.models import NumberRange, Tenure
from tronco.dids.numbers import NumberPlan
from tronco.dids.tables import DidTable, RangeTable, TenureTable
from tronco.dids.views import PreviewedCreate
from tronco.ui import panels
from tronco.ui.resource import Resource


class CreateRange(PreviewedCreate):
    """Looks first at the numbers that the range would make."""

    def preview(self, values: dict[str, Any]) -> NumberPlan:
        return ranges.range_preview(
            **{name: values[name] for name in ("area", "first", "last", "sent_as")}
        )

    def write(self, form: Any) -> NumberRange:
        made, plan = ranges.range_create(actor=self.actor, **range_facts(form.cleaned_data))
        self.tell(plan)
        return made


def range_facts(values: dict[str, Any]) -> dict[str, Any]:
    """Turn a valid form's values into what the service takes."""
    facts = dict(values)
    facts["tenant_id"] = facts.pop("tenant").pk
    return facts


class Ranges(Resource):
    model, table, filters, form = NumberRange, RangeTable, RangeFilters, RangeForm
    icon = "list-numbers"
    help = _("Blocks of numbers that were granted to you or bought, and how many are free.")
    empty = _("Add a range: you see first which numbers it creates.")
    loses = _("Its numbers are deleted too.")
    create_view = CreateRange
    bulk_fields = ("supplier", "cancels_itself")
    panels = (
        panels.Fields(
            _("Range"), "name", "tenant", "area", "first", "last", "supplier", "cancels_itself"
        ),
        panels.Fields(
            _("Numbers"),
            panels.Value(_("Numbers"), lambda found: found.number_count),
            panels.Value(_("Available"), lambda found: found.available_count),
            panels.Value(_("In use"), lambda found: found.in_use_count),
        ),
        panels.Rows(
            _("Numbers"),
            DidTable,
            lambda actor, found: selectors.list_dids(actor=actor).filter(range=found),
            more=lambda found: f"{reverse('dids:did_list')}?range={found.pk}",
        ),
    )

    def queryset(self, actor: Any) -> Any:
        return selectors.list_ranges(actor=actor)

    def create(self, actor: Any, values: dict[str, Any]) -> NumberRange:
        return ranges.range_create(actor=actor, **range_facts(values))[0]

    def change(self, actor: Any, obj: NumberRange, values: dict[str, Any]) -> NumberRange:
        return ranges.range_change(actor=actor, range_id=obj.pk, **values)

    def remove(self, actor: Any, obj: NumberRange) -> None:
        ranges.range_delete(actor=actor, range_id=obj.pk)


class Tenures(Resource):
    """Who had this number on that date: what authorities ask for."""

    model, table, filters = Tenure, TenureTable, TenureFilters
    title = _("Holders of numbers")
    icon = "history"
    help = _("Who had which number, and when. Kept for good, and never changed.")
    empty = _("A line begins when a number is assigned.")

    def queryset(self, actor: Any) -> Any:
        return selectors.list_tenures(actor=actor)

    def label(self, obj: Tenure) -> str:
        return obj.holder

    def hint(self, obj: Tenure) -> str:
        return obj.e164

"""Screens of price lists, their versions and prices."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tronco.catalog import selectors, services, version_services
from tronco.catalog.differences import CHANGES, count_differences, list_differences
from tronco.catalog.filters import (
    RateFilters,
    TariffFilters,
    VersionFilters,
)
from tronco.catalog.forms import TariffForm
from tronco.catalog.models import Rate, Tariff, TariffVersion
from tronco.catalog.quotes import describe_times
from tronco.catalog.rate_forms import RateForm
from tronco.catalog.rates import compile_rate
from tronco.catalog.screens import FIRST_ROWS, address_to_add, ids_of
from tronco.catalog.sheet import Issue
from tronco.catalog.tables import (
    RateTable,
    TariffTable,
    VersionTable,
)
from tronco.ui import edits, panels
from tronco.ui.actions import Action, Tab
from tronco.ui.formats import instant
from tronco.ui.resource import Resource

Status = TariffVersion.Status


class Tariffs(Resource):
    model, table, filters, form = Tariff, TariffTable, TariffFilters, TariffForm
    title = gettext_lazy("Price lists")
    icon = "list-numbers"
    help = gettext_lazy("Prices of sale and of cost, in versions that take effect at a date.")
    empty = gettext_lazy("Add a price list, then its first prices.")
    state_field = "kind"
    panels = (
        panels.Fields(gettext_lazy("Price list"), "name", "kind", "tenant", "timezone"),
        panels.Related(),
        panels.Rows(
            gettext_lazy("Versions"),
            VersionTable,
            lambda actor, tariff: selectors.list_versions(actor=actor, tariff_id=tariff.pk),
            more=lambda tariff: f"{reverse('catalog:version_list')}?tariff={tariff.pk}",
            empty=gettext_lazy("No prices yet: start with “New prices”."),
        ),
    )
    actions = (
        Action(
            name="prices",
            label=gettext_lazy("New prices"),
            permission="catalog.edit",
            icon="upload",
            url="catalog:tariff_prices",
        ),
    )
    history_of = ((TariffVersion, "tariff"),)

    def queryset(self, actor: Any) -> Any:
        return selectors.list_tariffs(actor=actor)

    def hint(self, obj: Tariff) -> str:
        return f"{obj.get_kind_display()} · {obj.tenant}"

    def create(self, actor: Any, values: dict[str, Any]) -> Tariff:
        facts = ids_of(values, "tenant")
        return services.tariff_create(actor=actor, timezone_name=facts.pop("timezone"), **facts)

    def change(self, actor: Any, obj: Tariff, values: dict[str, Any]) -> Tariff:
        return services.tariff_rename(actor=actor, tariff_id=obj.pk, name=values["name"])

    def remove(self, actor: Any, obj: Tariff) -> None:
        services.tariff_delete(actor=actor, tariff_id=obj.pk)


def import_report(request: Any, version: TariffVersion) -> dict[str, Any]:
    """What the file had that was not taken."""
    made = version.rate_import
    issues = [Issue.from_json(data) for data in made.issues[: 2 * FIRST_ROWS]]
    return {"made": made, "issues": issues, "more": made.errors + made.warnings > len(issues)}


def difference_summary(request: Any, version: TariffVersion) -> dict[str, Any]:
    """How the version differs from the one it replaces."""
    previous = selectors.find_previous_version(version=version, now=timezone.now())
    old_id = previous.pk if previous else None
    counts = count_differences(old_id=old_id, new_id=version.pk)
    groups = [
        (
            change,
            counts[change],
            list_differences(old_id=old_id, new_id=version.pk, change=change, limit=FIRST_ROWS),
        )
        for change in CHANGES
        if change != "unchanged" and counts[change]
    ]
    return {"previous": previous, "counts": counts, "groups": groups if previous else []}


def _is_in_effect(version: TariffVersion) -> str:
    current = selectors.find_version_at(tariff_id=version.tariff_id, at=timezone.now())
    return _("Yes") if current == version else _("No")


def _copy(actor: Any, version: TariffVersion, values: dict[str, Any]) -> Any:
    draft = version_services.version_copy(actor=actor, version_id=version.pk)
    address = reverse("catalog:version_detail", args=[draft.pk])
    return format_html(_('Draft made: <a href="{}">{}</a>.'), address, draft)


class Versions(Resource):
    model, table, filters = TariffVersion, VersionTable, VersionFilters
    name = "version"
    title = gettext_lazy("Versions of price lists")
    icon = "versions"
    panels = (
        panels.Fields(
            gettext_lazy("Version"),
            "tariff",
            "status",
            "effective_at",
            "withdrawn_at",
            panels.Value(gettext_lazy("In effect now"), _is_in_effect),
        ),
        panels.Fields(
            gettext_lazy("How it came about"),
            "source",
            "created_by",
            panels.Value(gettext_lazy("Created at"), lambda version: instant(version.created_at)),
            panels.Value(gettext_lazy("Prices"), lambda version: version.rate_count),
        ),
        panels.Html(
            gettext_lazy("File"),
            "catalog/panels/import.html",
            import_report,
            wide=True,
            when=lambda version: hasattr(version, "rate_import"),
        ),
        panels.Html(
            gettext_lazy("What changes"),
            "catalog/panels/differences.html",
            difference_summary,
            wide=True,
        ),
        panels.Rows(
            gettext_lazy("Prices"),
            RateTable,
            lambda actor, version: selectors.list_rates(actor=actor, version_id=version.pk),
            limit=FIRST_ROWS,
            more=lambda version: f"{reverse('catalog:rate_list')}?version={version.pk}",
            add=lambda version: (
                address_to_add(version, "rate", "version")
                if version.status == Status.DRAFT
                else None
            ),
            add_permission="catalog.edit",
        ),
    )
    tabs = (
        Tab(gettext_lazy("Differences"), "catalog:version_differences", "catalog.view"),
        Tab(
            gettext_lazy("Margins"),
            "catalog:version_margins",
            "catalog.view",
            when=lambda version: version.tariff.kind == Tariff.Kind.SALE,
        ),
    )
    actions = (
        Action(
            name="publish",
            label=gettext_lazy("Publish"),
            permission="catalog.edit",
            icon="rocket",
            url="catalog:version_publish",
            when=lambda version: version.status == Status.DRAFT,
        ),
        Action(
            name="withdraw",
            label=gettext_lazy("Withdraw"),
            permission="catalog.edit",
            icon="arrow-back-up",
            url="catalog:version_withdraw",
            when=lambda version: version.status == Status.PUBLISHED,
            danger=True,
        ),
        Action(
            name="copy",
            label=gettext_lazy("Copy to a new draft"),
            permission="catalog.edit",
            icon="copy",
            run=_copy,
        ),
        Action(
            name="file",
            label=gettext_lazy("Download CSV"),
            permission="catalog.export",
            icon="download",
            url="catalog:version_file",
        ),
    )
    loses = gettext_lazy("The draft and all its prices.")

    def queryset(self, actor: Any) -> Any:
        rows = selectors.list_versions(actor=actor)
        return rows.select_related("tariff", "tariff__tenant", "rate_import")

    def may_delete(self, obj: TariffVersion) -> bool:
        return bool(obj.status == Status.DRAFT)

    def remove(self, actor: Any, obj: TariffVersion) -> None:
        version_services.version_discard(actor=actor, version_id=obj.pk)


def price_by_clock(request: Any, rate: Rate) -> dict[str, Any]:
    """The windows of a price, each in words."""
    compiled = compile_rate(rate)
    windows = sorted(compiled.windows, key=lambda window: window.times.rank, reverse=True)
    return {"windows": [(describe_times(window.times), window) for window in windows]}


class CreateRate(edits.CreateView):
    template_name = "catalog/rate_edit.html"


class EditRate(edits.EditView):
    template_name = "catalog/rate_edit.html"


class Rates(Resource):
    model, table, filters, form = Rate, RateTable, RateFilters, RateForm
    title = gettext_lazy("Prices")
    icon = "receipt-2"
    help = gettext_lazy("Search a number to see by which prefix it is priced.")
    create_view, edit_view = CreateRate, EditRate
    panels = (
        panels.Fields(gettext_lazy("Price"), "version", "prefix", "call_class", "description"),
        panels.Fields(gettext_lazy("Charging"), "free_under_s", "max_cost"),
        panels.Html(
            gettext_lazy("How it is charged"),
            "catalog/panels/windows.html",
            price_by_clock,
            wide=True,
        ),
    )

    def queryset(self, actor: Any) -> Any:
        rows = Rate.objects.visible_to(actor).select_related("version", "version__tariff")
        return rows.order_by("-version", "call_class", "prefix")

    def initial(self, actor: Any, obj: Rate) -> dict[str, Any]:
        return RateForm.initial_of(obj)

    def may_change(self, obj: Rate) -> bool:
        return bool(obj.version.status == Status.DRAFT)

    may_delete = may_change

    def create(self, actor: Any, values: dict[str, Any]) -> Rate:
        return version_services.rate_set(
            actor=actor, version_id=values["version"].pk, values=values["values"]
        )

    def change(self, actor: Any, obj: Rate, values: dict[str, Any]) -> Rate:
        return version_services.rate_set(
            actor=actor, version_id=obj.version_id, rate_id=obj.pk, values=values["values"]
        )

    def remove(self, actor: Any, obj: Rate) -> None:
        version_services.rate_remove(actor=actor, version_id=obj.version_id, rate_id=obj.pk)

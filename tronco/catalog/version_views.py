"""The steps in the life of a version: new prices, what they change, publication, roll-back."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any

from django.contrib import messages
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseRedirect,
    StreamingHttpResponse,
)
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.text import slugify
from django.utils.translation import gettext as _

from tronco.catalog import selectors
from tronco.catalog.differences import CHANGES, Change, count_differences, list_differences
from tronco.catalog.forms import NewPricesForm, PublishForm, WithdrawForm
from tronco.catalog.imports import rates_import
from tronco.catalog.layout import MARKET, OURS
from tronco.catalog.margins import BelowCost, find_purchase_version, list_below_cost
from tronco.catalog.models import Tariff, TariffVersion
from tronco.catalog.sheet import Issue, write_sheet
from tronco.catalog.version_services import (
    version_copy,
    version_create,
    version_publish,
    version_withdraw,
)
from tronco.core.errors import InvalidInput, TroncoError
from tronco.ui.details import ObjectPage
from tronco.ui.edits import recorded, show_error
from tronco.ui.exports import guarded
from tronco.ui.urls import is_key

MOST_DIFFERENCES = 500
MOST_LOSSES = 200


class FormOnObject(ObjectPage):
    """A form about an object: what it means is `form` and `run`."""

    verb = "edit"

    def context(self, **extra: Any) -> dict[str, Any]:
        detail = f"{self.resource.app}:{self.resource.name}_detail"
        return super().context(resource_detail=detail, **extra)

    def form(self, data: Any = None, files: Any = None) -> Any:
        raise NotImplementedError

    def run(self, values: dict[str, Any]) -> TariffVersion:
        """Do it, and return the version to look at next."""
        raise NotImplementedError

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        return self.render(form=self.form())

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        form = self.form(request.POST, request.FILES)
        if not form.is_valid():
            return self.render(form=form, status=422)
        try:
            with recorded(request.POST.get("_reason", "").strip()[:200]):
                version = self.run(form.cleaned_data)
        except TroncoError as error:
            show_error(form, error)
            return self.render(form=form, status=422)
        return HttpResponseRedirect(reverse("catalog:version_detail", args=[version.pk]))


class NewPrices(FormOnObject):
    """A draft of the next prices of a list: from a file, a copy, or nothing."""

    template_name = "catalog/new_prices.html"

    def context(self, **extra: Any) -> dict[str, Any]:
        return super().context(
            **{
                "title": _("New prices: %(tariff)s") % {"tariff": self.object},
                "market": MARKET,
                "ours": OURS,
                **extra,
            }
        )

    def form(self, data: Any = None, files: Any = None) -> NewPricesForm:
        return NewPricesForm(data, files, actor=self.actor)

    def run(self, values: dict[str, Any]) -> TariffVersion:
        tariff: Tariff = self.object
        if values["how"] == "file":
            upload = values["file"]
            try:
                made = rates_import(
                    actor=self.actor,
                    tariff_id=tariff.pk,
                    file_name=upload.name,
                    data=upload.read(),
                    mode=values["mode"],
                    without_country_code=values["without_country_code"],
                )
            except InvalidInput as error:
                error.field = "file"
                raise
            messages.info(self.request, _("Nothing is in effect yet: look, then publish."))
            return made.version
        if values["how"] == "empty":
            return version_create(actor=self.actor, tariff_id=tariff.pk)
        current = selectors.find_version_at(tariff_id=tariff.pk, at=timezone.now())
        if current is None:
            raise InvalidInput(_("There are no prices in effect to copy."), field="how")
        return version_copy(actor=self.actor, version_id=current.pk)


class Publish(FormOnObject):
    """Puts a draft in effect, after saying what it changes and what would lose money."""

    template_name = "catalog/publish.html"

    @cached_property
    def losses(self) -> list[BelowCost]:
        """What the seller would sell for less than he pays."""
        version: TariffVersion = self.object
        if version.tariff.kind != Tariff.Kind.SALE:
            return []
        cost = find_purchase_version(seller=version.tariff.tenant, at=timezone.now())
        return list_below_cost(sale=version, cost=cost) if cost else []

    def context(self, **extra: Any) -> dict[str, Any]:
        version: TariffVersion = self.object
        previous = selectors.find_previous_version(version=version, now=timezone.now())
        counts = count_differences(old_id=previous.pk if previous else None, new_id=version.pk)
        return super().context(
            **{
                "title": _("Publish %(version)s") % {"version": version},
                "previous": previous,
                "counts": counts,
                "loss_count": len(self.losses),
                "losses": self.losses[:10],
                **extra,
            }
        )

    def form(self, data: Any = None, files: Any = None) -> PublishForm:
        made = getattr(self.object, "rate_import", None)
        return PublishForm(
            data,
            actor=self.actor,
            has_errors=bool(made and made.errors),
            has_losses=bool(self.losses),
        )

    def run(self, values: dict[str, Any]) -> TariffVersion:
        version = version_publish(
            actor=self.actor,
            version_id=self.object.pk,
            effective_at=values["effective_at"],
            accept_errors=values.get("accept_errors", False),
        )
        messages.success(self.request, _("Published: %(version)s.") % {"version": version})
        return version


class Withdraw(FormOnObject):
    """Rolls a version back, after saying which prices count instead."""

    template_name = "catalog/withdraw.html"

    @cached_property
    def left(self) -> TariffVersion | None:
        """The version that counts once this one does not."""
        version: TariffVersion = self.object
        now = timezone.now()
        return selectors.find_version_at(tariff_id=version.tariff_id, at=now, without=version)

    def context(self, **extra: Any) -> dict[str, Any]:
        title = _("Withdraw %(version)s") % {"version": self.object}
        return super().context(**{"title": title, "left": self.left, **extra})

    def form(self, data: Any = None, files: Any = None) -> WithdrawForm:
        began = self.object.effective_at is not None and self.object.effective_at <= timezone.now()
        return WithdrawForm(data, actor=self.actor, leaves_unpriced=began and self.left is None)

    def run(self, values: dict[str, Any]) -> TariffVersion:
        version = version_withdraw(
            actor=self.actor,
            version_id=self.object.pk,
            leave_unpriced=values.get("leave_unpriced", False),
        )
        messages.success(self.request, _("Withdrawn: %(version)s.") % {"version": version})
        return version


class Differences(ObjectPage):
    """All that a version changes, one kind of change at a time."""

    template_name = "catalog/differences.html"
    changes = CHANGES
    tab = "catalog:version_differences"

    def context(self, **extra: Any) -> dict[str, Any]:
        version: TariffVersion = self.object
        previous = selectors.find_previous_version(version=version, now=timezone.now())
        old_id = previous.pk if previous else None
        counts = count_differences(old_id=old_id, new_id=version.pk)
        asked = self.request.GET.get("change", "")
        offered: list[Change] = [
            one for one in CHANGES if one == asked or (not asked and counts[one])
        ]
        change = offered[0] if offered else CHANGES[0]
        rows = list_differences(
            old_id=old_id, new_id=version.pk, change=change, limit=MOST_DIFFERENCES
        )
        return super().context(
            previous=previous,
            counts=counts,
            change=change,
            rows=rows,
            most=MOST_DIFFERENCES,
            **extra,
        )


class Margins(ObjectPage):
    """A sale list against what its seller pays, or against any list of costs he may see."""

    template_name = "catalog/margins.html"
    tab = "catalog:version_margins"

    def context(self, **extra: Any) -> dict[str, Any]:
        version: TariffVersion = self.object
        costs = Tariff.objects.visible_to(self.actor).filter(
            tenant=version.tenant, kind=Tariff.Kind.COST
        )
        now = timezone.now()
        chosen = self.request.GET.get("cost", "")
        tariff = costs.filter(pk=chosen).first() if is_key(chosen) else None
        if tariff is not None:
            cost = selectors.find_version_at(tariff_id=tariff.pk, at=now)
        else:
            cost = find_purchase_version(seller=version.tariff.tenant, at=now)
        found = list_below_cost(sale=version, cost=cost) if cost else []
        return super().context(
            costs=costs,
            chosen=tariff,
            cost=cost,
            count=len(found),
            found=found[:MOST_LOSSES],
            **extra,
        )


class VersionFile(ObjectPage):
    """The prices of a version in our CSV layout, which imports back to the same."""

    verb = "export"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        version: TariffVersion = self.object
        rates = selectors.list_rates(actor=self.actor, version_id=version.pk)
        lines = (text.encode() for text in write_sheet(rates.iterator(chunk_size=5000)))
        return _csv(lines, f"{slugify(version.tariff.name)}-v{version.number}")


class IssuesFile(ObjectPage):
    """Every line of an imported file with a problem: where, what was written, and the cure."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        version: TariffVersion = self.object
        made = getattr(version, "rate_import", None)
        issues = [Issue.from_json(data) for data in made.issues] if made else []
        name = f"{slugify(version.tariff.name)}-v{version.number}-{slugify(_('problems'))}"
        return _csv(_issue_lines(issues), name)


def _issue_lines(issues: list[Issue]) -> Iterator[bytes]:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";")
    writer.writerow([_("Line"), _("Column"), _("Value"), _("Kind"), _("Problem")])
    for issue in issues:
        kind = _("warning") if issue.fault.is_warning else _("error")
        writer.writerow([issue.line, issue.column, guarded(issue.value), kind, issue.fault.message])
    yield out.getvalue().encode()


def _csv(lines: Iterator[bytes], name: str) -> StreamingHttpResponse:
    # The mark makes spreadsheets read UTF-8; our own import takes it off again.
    def marked() -> Iterator[bytes]:
        yield b"\xef\xbb\xbf"
        yield from lines

    response = StreamingHttpResponse(marked(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return response

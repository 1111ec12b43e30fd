"""The first screen."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import Any

from django.http import (
    HttpRequest,
    HttpResponseBase,
    HttpResponseRedirect,
    JsonResponse,
    StreamingHttpResponse,
)
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.text import slugify
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from tronco.calls.models import Cdr
from tronco.calls.rollups import midnight
from tronco.core.errors import InvalidInput
from tronco.dashboard import selectors
from tronco.dashboard.charts import CHARTS, Chart
from tronco.dashboard.periods import PRESETS, preset_period, read_period
from tronco.ui import formats
from tronco.ui.exports import Lines, csv_cell
from tronco.ui.pages import Page


class Home(Page):
    """Counters that lead to their lists, what needs attention, and the charts of a period.

    The period is the charts' alone: counters tell of now and today.
    """

    permission = "dashboard.view"
    title = _("Dashboard")
    template_name = "dashboard/home.html"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        sees_calls = self.actor.can("calls.view")
        if not sees_calls:
            # Whoever only uses an extension begins at his telephone.
            return HttpResponseRedirect(reverse("circuits:phone"))
        now: dict[str, Any] = {
            "tiles": tiles(selectors.get_counters(actor=self.actor)),
            "alerts": selectors.list_alerts(actor=self.actor) if sees_calls else None,
            "refused_url": calls_url(outcome=Cdr.Outcome.REFUSED),
        }
        if request.htmx:  # type: ignore[attr-defined]
            return self.render("dashboard/now.html", **now)
        problem, period = None, preset_period()
        try:
            period = read_period(request.GET)
        except InvalidInput as error:
            problem = error
        return self.render(
            status=422 if problem else 200,
            **now,
            charts=[(name, title) for name, (title, _make) in CHARTS.items() if sees_calls],
            period=period,
            presets=[(name, label) for name, (label, _days) in PRESETS.items()],
            problem=problem,
            may_export=self.actor.can("calls.export"),
        )


class ChartData(Page):
    """The numbers of one chart."""

    permission = "calls.view"

    def chart(self) -> Chart:
        """What was asked for."""
        _title, make = CHARTS[self.kwargs["chart"]]
        return make(self.actor, read_period(self.request.GET))

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        return JsonResponse(self.chart().as_json())


class ChartExport(ChartData):
    """The numbers of one chart as CSV, as the reader's spreadsheet expects it."""

    permission = "calls.export"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        chart = self.chart()
        brazilian = (translation.get_language() or "").startswith("pt")
        writer = csv.writer(Lines(), delimiter=";" if brazilian else ",")

        def lines() -> Iterator[str]:
            yield "\ufeff"
            for row in chart.rows():
                yield writer.writerow([csv_cell(value, brazilian=brazilian) for value in row])

        title, _make = CHARTS[kwargs["chart"]]
        name = f"{slugify(title)}-{timezone.localtime():%Y%m%d-%H%M}"
        response = StreamingHttpResponse(lines(), content_type="text/csv; charset=utf-8")
        response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
        return response


def tiles(counters: selectors.Counters) -> list[dict[str, Any]]:
    """The counters that are for the viewer, each with where it leads."""
    online = _now("%(count)s online") % {"count": formats.count(counters.online or 0)}
    extensions = reverse("extensions:extension_list")
    found = (
        ("phone", _now("Extensions"), counters.circuits, extensions, online),
        ("sitemap", _now("IVRs"), counters.menus, reverse("pbx:menu_list"), ""),
        ("users-group", _now("Groups"), counters.queues, reverse("pbx:queue_list"), ""),
        ("hash", _now("Total of numbers"), counters.numbers, reverse("dids:did_list"), ""),
        ("users", _now("Customers"), counters.customers, reverse("tenancy:customer_list"), ""),
        ("phone-incoming", _now("Incoming calls today"), counters.incoming, of_today("in"), ""),
        ("phone-outgoing", _now("Outgoing calls today"), counters.outgoing, of_today("out"), ""),
        ("phone-check", _now("Internal calls today"), counters.internal, of_today("internal"), ""),
        (
            "phone-calling", _now("Simultaneous calls"), counters.live,
            reverse("calls:live_list"), _now("now"),
        ),
    )  # fmt: skip
    return [
        {"icon": icon, "label": label, "value": formats.count(value), "url": url, "note": note}
        for icon, label, value, url, note in found
        if value is not None
    ]


def of_today(direction: str) -> str:
    """Today's call records of one direction."""
    return calls_url(direction=direction)


def calls_url(**filters: str) -> str:
    """Today's call records, further filtered."""
    since = f"{midnight(timezone.localdate()):%Y-%m-%dT%H:%M}"
    more = "".join(f"&{name}={value}" for name, value in filters.items())
    return f"{reverse('calls:cdr_list')}?since={since}{more}"

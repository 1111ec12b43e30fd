"""The first screen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponseBase, JsonResponse
from django.urls import reverse
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from tronco.calls.models import Cdr
from tronco.core.money import MICRO
from tronco.dashboard import selectors
from tronco.ui import formats
from tronco.ui.pages import Page


class Home(Page):
    """Counters that lead to their lists, what needs attention, and the last thirty days."""

    permission = "dashboard.view"
    title = _("Dashboard")
    template_name = "dashboard/home.html"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        partial = "dashboard/now.html" if request.htmx else ""  # type: ignore[attr-defined]
        actor = self.actor
        counters = selectors.get_counters(actor=actor) if actor.can("calls.view") else None
        return self.render(
            partial,
            tiles=tiles(actor, counters) if counters else [],
            alerts=selectors.list_alerts(actor=actor) if counters else None,
            refused_url=calls_url(outcome=Cdr.Outcome.REFUSED),
            charts=CHARTS if counters else (),
        )


def tiles(actor: Any, counters: selectors.Counters) -> list[dict[str, Any]]:
    """The counters, each with where it leads."""
    today = counters.today
    word = _now("Sold today") if actor.can("catalog.view") else _now("Spent today")
    circuits = reverse("circuits:circuit_list")
    return [
        {
            "label": _now("Circuits online"),
            "value": formats.count(counters.circuits_online),
            "note": _now("of %(count)s") % {"count": formats.count(counters.circuits)},
            "url": f"{circuits}?online=true",
        },
        {
            "label": _now("Live calls"),
            "value": formats.count(counters.live_calls),
            "note": "",
            "url": reverse("calls:live_list"),
        },
        {
            "label": _now("Calls today"),
            "value": formats.count(today.calls),
            "note": _now("%(count)s answered") % {"count": formats.count(today.answered)},
            "url": calls_url(),
        },
        {
            "label": _now("Minutes today"),
            "value": formats.count(today.duration_ms // 60_000),
            "note": "",
            "url": calls_url(outcome=Cdr.Outcome.ANSWERED),
        },
        {"label": word, "value": formats.money(today.sale_u), "note": "", "url": calls_url()},
    ]


def calls_url(**filters: str) -> str:
    """Today's call records, further filtered."""
    since = f"{selectors.midnight():%Y-%m-%dT%H:%M}"
    more = "".join(f"&{name}={value}" for name, value in filters.items())
    return f"{reverse('calls:cdr_list')}?since={since}{more}"


CHARTS = (("consumption", _("Consumption in R$")), ("minutes", _("Consumption in minutes")),
          ("calls", _("Total of calls")))  # fmt: skip


Read = Callable[[selectors.Day], float]
SERIES: dict[str, list[tuple[Any, str, Read]]] = {
    "consumption": [(_("Reais"), "R$", lambda day: round(day.sale_u / MICRO, 2))],
    "minutes": [(_("Minutes"), "min", lambda day: day.minutes)],
    "calls": [
        (_("Calls"), "", lambda day: day.calls),
        (_("Answered calls"), "", lambda day: day.answered),
    ],
}


class ChartData(Page):
    """The numbers of one chart of the first screen."""

    permission = "calls.view"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        days = selectors.list_days(actor=self.actor)
        series = SERIES[kwargs["chart"]]
        return JsonResponse(
            {
                "x": [int(selectors.midnight(day.day).timestamp()) for day in days],
                "series": [
                    {"label": str(label), "unit": unit, "values": [read(day) for day in days]}
                    for label, unit, read in series
                ],
            }
        )

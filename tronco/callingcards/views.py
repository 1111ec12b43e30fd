"""Screens of calling cards: [REV] Gerenciar CallingCards (S1-13c, S1-24)."""

from __future__ import annotations

import base64
import csv
import io
from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.text import slugify
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from tronco.callingcards import selectors, services
from tronco.callingcards.filters import CardFilters, SeriesFilters
from tronco.callingcards.forms import GenerateForm, RangeForm, SeriesForm
from tronco.callingcards.models import Card, CardSeries
from tronco.callingcards.tables import CardTable, SeriesTable
from tronco.charging.models import Account
from tronco.charging.views import StatementPage
from tronco.core.errors import TroncoError
from tronco.ui import details, edits, formats, panels
from tronco.ui.actions import Action, Tab
from tronco.ui.forms import ReasonForm
from tronco.ui.resource import Resource


class Series(Resource):
    model, table, filters, form = CardSeries, SeriesTable, SeriesFilters, SeriesForm
    title = _("Series of cards")
    icon = "cards"
    help = _("Cards that are made together: their numbers, balance, plan and validity.")
    empty = _("Make a series, then generate its cards.")
    list_links = ((_("Cards"), "callingcards:card_list", "callingcards.view"),)
    bulk_fields = ("face_value_u", "valid_days", "expires_on")
    panels = (
        panels.Fields(_("Series"), "name", "tenant", "plan", "face_value_u", "is_blocked"),
        panels.Fields(_("Numbers"), "prefix", "digits", "pin_digits"),
        panels.Fields(_("Validity"), "valid_days", "expires_on", "created_at"),
        panels.Html(
            _("Cards"),
            "callingcards/panels/states.html",
            lambda request, series: {
                "states": selectors.count_states(actor=request.actor, series_id=series.pk),
                "url": f"{reverse('callingcards:card_list')}?series={series.pk}",
            },
        ),
    )
    actions = (
        Action(
            name="generate",
            label=_("Generate cards"),
            permission="callingcards.edit",
            icon="square-plus",
            url="callingcards:cardseries_generate",
        ),
        Action(
            name="range",
            label=_("Activate or block a range"),
            permission="callingcards.edit",
            icon="arrows-horizontal",
            url="callingcards:cardseries_range",
        ),
        Action(
            name="block",
            label=_("Block the series"),
            permission="callingcards.edit",
            icon="lock",
            form=ReasonForm,
            danger=True,
            when=lambda series: not series.is_blocked,
            run=lambda actor, series, values: (
                services.series_block(actor=actor, series_id=series.pk, is_blocked=True)
                and _("Blocked: none of its cards is taken.")
            ),
        ),
        Action(
            name="unblock",
            label=_("Unblock the series"),
            permission="callingcards.edit",
            icon="lock-open",
            when=lambda series: series.is_blocked,
            run=lambda actor, series, values: (
                services.series_block(actor=actor, series_id=series.pk, is_blocked=False)
                and _("Its cards are taken again.")
            ),
        ),
    )

    def queryset(self, actor: Any) -> Any:
        return selectors.list_series(actor=actor)

    def hint(self, obj: CardSeries) -> str:
        return str(obj.tenant)

    def create(self, actor: Any, values: dict[str, Any]) -> CardSeries:
        facts = dict(values)
        return services.series_create(
            actor=actor, tenant_id=facts.pop("tenant").pk, plan_id=facts.pop("plan").pk, **facts
        )

    def change(self, actor: Any, obj: CardSeries, values: dict[str, Any]) -> CardSeries:
        facts = dict(values)
        facts.pop("tenant")
        return services.series_change(
            actor=actor, series_id=obj.pk, plan_id=facts.pop("plan").pk, **facts
        )

    def remove(self, actor: Any, obj: CardSeries) -> None:
        services.series_delete(actor=actor, series_id=obj.pk)


class Generate(details.ObjectPage):
    """Makes cards after a preview, and hands their numbers and PINs over once, in the answer."""

    verb = "edit"
    template_name = "callingcards/generate.html"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self.show(GenerateForm(actor=self.actor))

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        form = GenerateForm(request.POST, actor=self.actor)
        if not form.is_valid():
            return self.show(form, status=422)
        values = form.cleaned_data
        try:
            making = services.making_preview(series=self.object, count=values["count"])
            if "confirmed" not in request.POST:
                return self.show(form, making=making)
            with edits.recorded(_now("Cards generated")):
                made = services.cards_generate(
                    actor=self.actor,
                    series_id=self.object.pk,
                    count=values["count"],
                    activate=values["activate"],
                    batch=values["token"],
                )
        except TroncoError as error:
            edits.show_error(form, error)
            return self.show(form, status=422)
        return self.hand_over(made)

    def show(self, form: GenerateForm, *, status: int = 200, **extra: Any) -> HttpResponse:
        return self.render(status=status, form=form, title=_("Generate cards"), **extra)

    def hand_over(self, made: Sequence[services.NewCard]) -> HttpResponse:
        """The one time PINs are told: the file is in the page itself, and kept nowhere."""
        file = base64.b64encode(as_csv(made).encode("utf-8-sig")).decode()
        response = self.render(
            "callingcards/made.html",
            title=_("Cards generated"),
            made=made,
            href=f"data:text/csv;base64,{file}",
            file_name=f"{slugify(self.object.name)}-{made[0].number}.csv",
            next_url=self.resource.url("detail", self.object.pk),
        )
        response["Cache-Control"] = "no-store"
        return response


def as_csv(made: Sequence[services.NewCard]) -> str:
    """Numbers and PINs as spreadsheets read them in Brazil."""
    lines = io.StringIO()
    writer = csv.writer(lines, delimiter=";")
    writer.writerow([_now("Card"), _now("PIN")])
    writer.writerows((new.number, new.pin) for new in made)
    return lines.getvalue()


class Range(details.ObjectPage):
    """Activates, blocks or unblocks a range of cards, after telling how many there are."""

    verb = "edit"
    template_name = "callingcards/range.html"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self.show(RangeForm(actor=self.actor))

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        form = RangeForm(request.POST, actor=self.actor)
        if not form.is_valid():
            return self.show(form, status=422)
        values = dict(form.cleaned_data)
        is_confirmed = "confirmed" in request.POST
        try:
            with edits.recorded(values.pop("reason")):
                count = services.cards_set_status(
                    actor=self.actor, series_id=self.object.pk, change=is_confirmed, **values
                )
        except TroncoError as error:
            edits.show_error(form, error)
            return self.show(form, status=422)
        if not is_confirmed:
            return self.show(form, count=count)
        said = ngettext("%(count)s card changed.", "%(count)s cards changed.", count)
        messages.success(request, said % {"count": count})
        return HttpResponseRedirect(str(self.resource.url("detail", self.object.pk)))

    def show(self, form: RangeForm, *, status: int = 200, **extra: Any) -> HttpResponse:
        title = _("Activate or block a range")
        return self.render(status=status, form=form, title=title, **extra)


def _do(action: str, done: Any) -> Any:
    """An action's `run` for one card."""

    def run(actor: Any, card: Card, values: dict[str, Any]) -> Any:
        services.card_set_status(actor=actor, card_id=card.pk, action=action)
        return done

    return run


def _may(action: str) -> Any:
    before, _after = services.ACTIONS[action]
    return lambda card: card.status in before


def valid_text(card: Card) -> str:
    """Until when a card may be used, in words."""
    until = card.valid_until
    if until is not None:
        return formats.field_text(None, until)
    if card.series.valid_days is None:
        return str(_("as long as there is credit"))
    return str(_("%(days)s days from the first use") % {"days": card.series.valid_days})


class Cards(Resource):
    model, table, filters = Card, CardTable, CardFilters
    title = _("Calling cards")
    icon = "credit-card"
    help = _("Who calls a number of the calling card type gives a card and its PIN.")
    empty = _("Make a series, then generate its cards.")
    live_s = 10
    state_field = "state"
    list_links = ((_("Series of cards"), "callingcards:cardseries_list", "callingcards.view"),)
    panels = (
        panels.Fields(
            _("Card"),
            "number",
            "series",
            "tenant",
            panels.Value(_("State"), lambda card: card.get_state_display()),
            "created_at",
        ),
        panels.Fields(
            _("Balance"),
            panels.Value(_("Balance"), lambda card: formats.money_html(card.balance_shown_u)),
            panels.Value(_("Plan"), "series__plan"),
        ),
        panels.Fields(_("Validity"), "first_used_at", panels.Value(_("Valid until"), valid_text)),
    )
    tabs = (Tab(_("Credit history"), "callingcards:card_credit", "callingcards.view"),)
    actions = (
        Action(
            name="credit",
            label=_("Credit history"),
            permission="callingcards.view",
            icon="coins",
            url="callingcards:card_credit",
        ),
        Action(
            name="activate",
            label=_("Activate"),
            permission="callingcards.edit",
            icon="player-play",
            bulk=True,
            when=_may("activate"),
            run=_do("activate", _("Active: it may be used.")),
        ),
        Action(
            name="block",
            label=_("Block"),
            permission="callingcards.edit",
            icon="lock",
            form=ReasonForm,
            danger=True,
            bulk=True,
            when=_may("block"),
            run=_do("block", _("Blocked.")),
        ),
        Action(
            name="unblock",
            label=_("Unblock"),
            permission="callingcards.edit",
            icon="lock-open",
            bulk=True,
            when=_may("unblock"),
            run=_do("unblock", _("Active: it may be used.")),
        ),
    )

    def queryset(self, actor: Any) -> Any:
        return selectors.list_cards(actor=actor)

    def hint(self, obj: Card) -> str:
        return str(obj.series)


class CardStatement(StatementPage):
    """What moved a card's balance, and its recharge."""

    tab = "callingcards:card_credit"

    @property
    def account(self) -> Account:
        account: Account = self.object.account
        return account

"""The form of one price: the usual one, others by the clock in rows, or JSON for who knows it."""

from __future__ import annotations

import json
import re
from datetime import date
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tronco.catalog import cells
from tronco.catalog.cells import CellFault
from tronco.catalog.models import Rate
from tronco.catalog.quotes import weekday_names
from tronco.catalog.rates import InvalidRate, RateValues, check_rate
from tronco.catalog.sheet import decimal_plain
from tronco.catalog.windows import (
    MIDNIGHT,
    Cadence,
    PricesByClock,
    Row,
    Times,
    from_windows,
    to_windows,
)
from tronco.ui.forms import Form, ModelForm, fieldset

_DAY_MONTH = re.compile(r"(\d{1,2})/(\d{1,2})(?:/(\d{4}))?")
# A fault of the engine's field: the form's field.
_FIELDS = {"windows": "windows_json"}


class PriceField(forms.Field):
    """Reais with up to ten decimals, typed with a comma or a point."""

    widget = forms.TextInput

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.widget.attrs.update({"inputmode": "decimal", "autocomplete": "off"})

    def to_python(self, value: Any) -> Decimal | None:
        if value in self.empty_values:
            return None
        if isinstance(value, Decimal):
            return value
        try:
            return cells.read_price(str(value))
        except CellFault as error:
            raise forms.ValidationError(error.fault.message) from error

    def prepare_value(self, value: Any) -> Any:
        if isinstance(value, Decimal):
            return decimal_plain(value).replace(".", ",")
        return value


class SecondsField(forms.IntegerField):
    """Whole seconds, at most a day."""

    def __init__(self, *, min_value: int = 0, **kwargs: Any) -> None:
        super().__init__(min_value=min_value, max_value=86_400, **kwargs)


class ClockField(forms.TimeField):
    """An hour of the day, to the minute."""

    def __init__(self, **kwargs: Any) -> None:
        widget = forms.TimeInput({"type": "time"}, format="%H:%M")
        super().__init__(widget=widget, required=False, **kwargs)


class RowForm(Form):
    """At these times, this price."""

    weekdays = forms.TypedMultipleChoiceField(
        label=gettext_lazy("Weekdays"),
        choices=lambda: list(enumerate(weekday_names(), 1)),
        coerce=int,
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    holidays = forms.BooleanField(label=gettext_lazy("National holidays"), required=False)
    dates = forms.CharField(
        label=gettext_lazy("Dates"),
        required=False,
        max_length=400,
        widget=forms.TextInput({"placeholder": "25/12, 17/02/2026"}),
    )
    begin = ClockField(label=gettext_lazy("From"))
    end = ClockField(label=gettext_lazy("To"))
    price = PriceField(label=gettext_lazy("Price per minute"))
    connect_fee = PriceField(label=gettext_lazy("Connect fee"), required=False)
    minimum_s = SecondsField(label=gettext_lazy("Minimum (s)"), initial=30)
    step_s = SecondsField(label=gettext_lazy("Step (s)"), min_value=1, initial=6)

    def clean_dates(self) -> tuple[str, ...]:
        """Read `25/12` and `17/02/2026`."""
        texts = [part.strip() for part in self.cleaned_data["dates"].split(",") if part.strip()]
        return tuple(sorted({_read_date(text) for text in texts}))

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        begin, end = cleaned.get("begin"), cleaned.get("end")
        if begin and end and end <= begin and f"{end:%H:%M}" != "00:00":
            self.add_error(
                "end", _("Ends before it begins. For a night make two rows: until 00:00 and after.")
            )
        return cleaned

    def row(self) -> Row:
        """What a valid form says."""
        said = self.cleaned_data
        begin, end = said["begin"], said["end"]
        to_midnight = not end or f"{end:%H:%M}" == "00:00"
        return Row(
            Times(
                weekdays=tuple(sorted(said["weekdays"])),
                holidays=said["holidays"],
                dates=said["dates"],
                begin=f"{begin:%H:%M}:00" if begin else "00:00:00",
                end=MIDNIGHT if to_midnight else f"{end:%H:%M}:00",
            ),
            Cadence(
                said["price"], said["connect_fee"] or Decimal(0), said["minimum_s"], said["step_s"]
            ),
        )

    @staticmethod
    def initial_of(row: Row) -> dict[str, Any]:
        """What the form shows of a row."""
        times, cadence = row
        return {
            "weekdays": list(times.weekdays),
            "holidays": times.holidays,
            "dates": ", ".join(map(_date_text, times.dates)),
            "begin": times.begin[:5],
            "end": "" if times.end == MIDNIGHT else times.end[:5],
            "price": cadence.price_per_min,
            "connect_fee": cadence.connect_fee or None,
            "minimum_s": cadence.minimum_s,
            "step_s": cadence.step_s,
        }


RowFormSet = forms.formset_factory(RowForm, extra=0, max_num=60, validate_max=True)


class RateForm(ModelForm):
    """One price of a draft."""

    price_per_min = PriceField(label=gettext_lazy("Price per minute"), required=False)
    connect_fee = PriceField(label=gettext_lazy("Connect fee"), required=False)
    max_cost = PriceField(
        label=gettext_lazy("Maximum cost of a call"),
        required=False,
        help_text=gettext_lazy("Empty: no maximum."),
    )
    minimum_s = SecondsField(label=gettext_lazy("Minimum (s)"), initial=30, required=False)
    step_s = SecondsField(label=gettext_lazy("Step (s)"), min_value=1, initial=6, required=False)
    free_under_s = SecondsField(
        label=gettext_lazy("Free under (s)"),
        initial=3,
        help_text=gettext_lazy("Shorter calls cost nothing; 0 charges them all."),
    )
    pricing = forms.ChoiceField(
        label=gettext_lazy("The price"),
        choices=(
            ("usual", gettext_lazy("is the same at all times")),
            ("clock", gettext_lazy("is another at some times")),
            ("json", gettext_lazy("is written as JSON (for experts)")),
        ),
        widget=forms.RadioSelect,
        initial="usual",
    )
    windows_json = forms.CharField(
        label=gettext_lazy("Windows"),
        required=False,
        widget=forms.Textarea({"rows": 14, "class": "font-monospace", "spellcheck": "false"}),
    )

    fieldsets = (
        fieldset(
            gettext_lazy("For which numbers"),
            "prefix",
            "call_class",
            "description",
            help=gettext_lazy("A prefix such as 5511, or a whole call class."),
        ),
        fieldset(gettext_lazy("Charging"), "free_under_s", "max_cost", "pricing"),
        fieldset(
            gettext_lazy("Usual price"), "price_per_min", "minimum_s", "step_s", "connect_fee"
        ),
        fieldset(gettext_lazy("Windows"), "windows_json"),
    )

    class Meta(ModelForm.Meta):
        model = Rate
        fields = ("version", "prefix", "call_class", "description", "free_under_s")
        widgets = {"version": forms.HiddenInput}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        by_clock = from_windows(self.instance.windows or []) if self.instance.pk else None
        rows = [RowForm.initial_of(row) for row in by_clock.rows] if by_clock else []
        self.rows = RowFormSet(self.data if self.is_bound else None, initial=rows, prefix="row")

    @staticmethod
    def initial_of(rate: Rate) -> dict[str, Any]:
        """What the form's own fields show of a price; the rows are found by the form itself."""
        shown: dict[str, Any] = {"max_cost": rate.max_cost, "pricing": "usual"}
        usual = Cadence(rate.price_per_min, rate.connect_fee, rate.minimum_s, rate.step_s)
        if rate.windows is not None:
            by_clock = from_windows(rate.windows)
            shown["windows_json"] = json.dumps(rate.windows, indent=1, ensure_ascii=False)
            shown["pricing"] = "json" if by_clock is None else "clock"
            usual = by_clock.usual if by_clock else Cadence(Decimal(0))
        return {**shown, **usual._asdict(), "connect_fee": usual.connect_fee or None}

    def clean(self) -> dict[str, Any]:
        """Say all that is wrong with the price; a service checks and writes it again."""
        # Not the model's own clean: its constraints would be told by their names.
        cleaned = self.cleaned_data
        pricing = cleaned.get("pricing")
        sound = not self.errors
        if pricing == "clock" and not self.rows.is_valid():
            self.add_error(None, _("Please correct the rows marked below."))
            sound = False
        if pricing in {"usual", "clock"} and cleaned.get("price_per_min") is None:
            if "price_per_min" not in self.errors:
                self.add_error("price_per_min", _("Give the price."))
            sound = False
        if sound:
            self.check(cleaned)
        return cleaned

    def check(self, cleaned: dict[str, Any]) -> None:
        """Put the price together, as `cleaned["values"]`."""
        try:
            cleaned["values"] = check_rate(self.values(cleaned))
        except InvalidRate as error:
            for fault in error.faults:
                self.add_error(_FIELDS.get(fault.field, fault.field), fault.message)
        except CellFault as error:
            field = error.fault.field
            self.add_error(_FIELDS.get(field, field), error.fault.message)

    def values(self, cleaned: dict[str, Any]) -> RateValues:
        """What the fields say."""
        values = RateValues(
            prefix=cells.read_prefix(cleaned["prefix"]) if cleaned.get("prefix") else "",
            call_class=cleaned.get("call_class") or "",
            description=cleaned.get("description") or "",
            free_under_s=cleaned["free_under_s"],
            max_cost=cleaned["max_cost"],
        )
        if cleaned["pricing"] == "json":
            return values._replace(windows=cells.read_windows(cleaned["windows_json"]) or [])
        usual = Cadence(
            cleaned["price_per_min"],
            cleaned["connect_fee"] or Decimal(0),
            30 if cleaned["minimum_s"] is None else cleaned["minimum_s"],
            cleaned["step_s"] or 6,
        )
        rows = tuple(form.row() for form in self.rows) if cleaned["pricing"] == "clock" else ()
        if rows:
            return values._replace(windows=to_windows(PricesByClock(usual, rows)))
        return values._replace(**usual._asdict())


def _read_date(text: str) -> str:
    match = _DAY_MONTH.fullmatch(text)
    try:
        if match is None:
            raise ValueError(text)
        day, month, year = int(match[1]), int(match[2]), match[3]
        found = date(int(year) if year else 2000, month, day)
    except ValueError as error:
        raise forms.ValidationError(
            _("“%(text)s” is not a date; write 25/12 or 17/02/2026.") % {"text": text}
        ) from error
    return found.isoformat() if year else f"{found:%m-%d}"


def _date_text(iso: str) -> str:
    parts = iso.split("-")
    return "/".join(reversed(parts))

"""Forms of plans, allowances, price lists and their versions; prices: rate_forms."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tronco.catalog.models import Allowance, Plan, Tariff
from tronco.tenancy.models import Tenant
from tronco.ui.filters import DateTimeInput
from tronco.ui.forms import Form, ModelForm, MoneyField, SearchSelect, fieldset

TIMEZONES = (
    ("America/Sao_Paulo", gettext_lazy("Brasília")),
    ("America/Manaus", gettext_lazy("Amazonas (Brasília -1 h)")),
    ("America/Rio_Branco", gettext_lazy("Acre (Brasília -2 h)")),
    ("America/Noronha", gettext_lazy("Fernando de Noronha (Brasília +1 h)")),
    ("UTC", gettext_lazy("UTC")),
)


def offer_sellers(form: ModelForm, actor: Any) -> None:
    """Let choose among the master and resellers that the actor reaches; the highest is proposed."""
    field: Any = form.fields["tenant"]
    field.queryset = field.queryset.exclude(kind=Tenant.Kind.CUSTOMER).order_by("path")
    if form.instance.pk is not None:
        field.disabled = True
    elif "tenant" not in form.initial and (first := field.queryset.first()) is not None:
        form.initial["tenant"] = first.pk


class PlanForm(ModelForm):
    """A plan. Its seller and its kind are chosen once."""

    fieldsets = (
        fieldset(gettext_lazy("Plan"), "tenant", "name", "kind", "is_active"),
        fieldset(
            gettext_lazy("Prices"),
            "tariff",
            "monthly_fee_u",
            "sell_below_cost",
        ),
        fieldset(
            gettext_lazy("Rounding of each call"),
            "rounding",
            "decimals",
            help=gettext_lazy("Retail in Brazil cuts each call to the cent."),
        ),
    )

    class Meta(ModelForm.Meta):
        model = Plan
        fields = (
            "tenant",
            "name",
            "kind",
            "is_active",
            "tariff",
            "monthly_fee_u",
            "sell_below_cost",
            "rounding",
            "decimals",
        )
        widgets = {"tariff": SearchSelect("catalog:tariff_options", query="kind=sale")}

    def adapt(self, actor: Any) -> None:
        offer_sellers(self, actor)
        self.fields["kind"].disabled = self.instance.pk is not None


class AllowanceForm(ModelForm):
    """An allowance in minutes or in reais."""

    minutes = forms.IntegerField(
        label=gettext_lazy("Minutes each cycle"), required=False, min_value=1
    )
    value_u = MoneyField(label=gettext_lazy("Value each cycle"), required=False, min_u=1)

    fieldsets = (
        fieldset(gettext_lazy("Allowance"), "plan", "name", "position"),
        fieldset(gettext_lazy("How much"), "unit", "minutes", "value_u"),
        fieldset(gettext_lazy("For which calls"), "classes"),
    )

    class Meta(ModelForm.Meta):
        model = Allowance
        fields = ("plan", "name", "classes", "unit", "position")
        widgets = {"plan": SearchSelect("catalog:plan_options")}

    def adapt(self, actor: Any) -> None:
        self.fields["plan"].disabled = self.instance.pk is not None

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        is_money = cleaned.get("unit") == Allowance.Unit.MONEY
        field = "value_u" if is_money else "minutes"
        amount = cleaned.get(field)
        if amount is None and field not in self.errors:
            self.add_error(field, _("Say how much."))
        cleaned["amount"] = amount if is_money else (amount or 0) * 60
        return cleaned

    @staticmethod
    def amounts_of(allowance: Allowance) -> dict[str, int]:
        """What the form's own fields show of an allowance."""
        if allowance.unit == Allowance.Unit.MONEY:
            return {"value_u": allowance.amount}
        return {"minutes": allowance.amount // 60}


class TariffForm(ModelForm):
    """A price list. All but its name is chosen once."""

    timezone = forms.ChoiceField(
        choices=TIMEZONES,
        label=gettext_lazy("Time zone"),
        initial=TIMEZONES[0][0],
        help_text=gettext_lazy("By whose clock prices by the hour change."),
    )

    class Meta(ModelForm.Meta):
        model = Tariff
        fields = ("tenant", "name", "kind", "timezone")

    def adapt(self, actor: Any) -> None:
        offer_sellers(self, actor)
        if self.instance.pk is not None:
            self.fields["kind"].disabled = self.fields["timezone"].disabled = True
            known = dict(TIMEZONES)
            zone = self.instance.timezone
            if zone not in known:
                self.fields["timezone"].choices = [(zone, zone)]  # type: ignore[attr-defined]


class NewPricesForm(Form):
    """How the next prices of a list begin: from a file, from the current ones, or empty."""

    how = forms.ChoiceField(
        label=gettext_lazy("Start from"),
        choices=(
            ("file", gettext_lazy("A CSV file")),
            ("copy", gettext_lazy("A copy of the prices in effect")),
            ("empty", gettext_lazy("Nothing")),
        ),
        widget=forms.RadioSelect,
        initial="file",
    )
    file = forms.FileField(label=gettext_lazy("CSV file"), required=False)
    mode = forms.ChoiceField(
        label=gettext_lazy("The file"),
        choices=(
            ("replace", gettext_lazy("is the whole list: what it lacks is removed")),
            ("merge", gettext_lazy("changes and adds; the other prices stay")),
        ),
        widget=forms.RadioSelect,
        initial="replace",
    )
    without_country_code = forms.BooleanField(
        label=gettext_lazy("Prefixes begin with the DDD, without 55"),
        required=False,
        help_text=gettext_lazy("Then those of other countries begin with 00."),
    )

    fieldsets = (
        fieldset(gettext_lazy("New prices"), "how"),
        fieldset(gettext_lazy("File"), "file", "mode", "without_country_code"),
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("how") == "file" and not cleaned.get("file") and "file" not in self.errors:
            self.add_error("file", _("Choose the file."))
        return cleaned


class PublishForm(Form):
    """When prices begin, and what must be accepted for it."""

    when = forms.ChoiceField(
        label=gettext_lazy("In effect"),
        choices=(("now", gettext_lazy("Now")), ("later", gettext_lazy("From a date on"))),
        widget=forms.RadioSelect,
        initial="now",
    )
    effective_at = forms.DateTimeField(
        label=gettext_lazy("Date and time"), required=False, widget=DateTimeInput
    )
    accept_errors = forms.BooleanField(
        label=gettext_lazy("Publish without the lines that had errors"), required=False
    )
    accept_losses = forms.BooleanField(
        label=gettext_lazy("Publish although some prices are below cost"),
        required=False,
        help_text=gettext_lazy("Calls at these prices are refused unless the plan allows them."),
    )

    def __init__(self, *args: Any, has_errors: bool, has_losses: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, needed in (("accept_errors", has_errors), ("accept_losses", has_losses)):
            if needed:
                self.fields[name].required = True
            else:
                del self.fields[name]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("when") == "now":
            cleaned["effective_at"] = None
        elif not cleaned.get("effective_at") and "effective_at" not in self.errors:
            self.add_error("effective_at", _("Say from when."))
        return cleaned


class WithdrawForm(Form):
    """Asks only when no prices would be left."""

    leave_unpriced = forms.BooleanField(
        label=gettext_lazy("Withdraw although calls by this list will then be refused"),
        required=True,
    )

    def __init__(self, *args: Any, leaves_unpriced: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not leaves_unpriced:
            del self.fields["leave_unpriced"]


class PlanChoice(forms.ModelChoiceField):  # type: ignore[type-arg]
    """A plan, told apart from those of other sellers."""

    def label_from_instance(self, obj: Plan) -> str:
        return f"{obj.name} · {obj.tenant}"


class QuoteForm(Form):
    """A call that nobody makes."""

    plan = PlanChoice(
        queryset=Plan.objects.select_related("tenant"),
        label=gettext_lazy("National plan"),
        widget=SearchSelect("catalog:plan_options"),
    )
    number = forms.CharField(
        label=gettext_lazy("Number dialled"), max_length=40, help_text="11 3333-4444, 0800…"
    )
    own_ddd = forms.IntegerField(
        label=gettext_lazy("DDD of the line"),
        required=False,
        min_value=11,
        max_value=99,
        help_text=gettext_lazy("Tells local calls from long-distance ones."),
    )
    start = forms.DateTimeField(label=gettext_lazy("Start"), widget=DateTimeInput)
    minutes = forms.IntegerField(
        label=gettext_lazy("Minutes"), min_value=0, max_value=100_000, initial=1
    )
    seconds = forms.DecimalField(
        label=gettext_lazy("and seconds"),
        min_value=0,
        max_value=59,
        max_digits=5,
        decimal_places=3,
        initial=0,
        required=False,
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        cleaned["duration_s"] = (cleaned.get("minutes") or 0) * 60 + (cleaned.get("seconds") or 0)
        return cleaned

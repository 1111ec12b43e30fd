"""Forms: declared fieldsets, money and search fields, and how their fields look."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django import forms
from django.contrib.postgres.forms import SimpleArrayField
from django.db import models
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tronco.core import money
from tronco.core.errors import InvalidInput
from tronco.ui.urls import is_key, url_or_none

Text = Any  # str or a lazy translation


@dataclass(frozen=True)
class Fieldset:
    """Some of a form's fields under a heading, in the order given."""

    title: Text
    fields: tuple[str, ...]
    help: Text = ""


def fieldset(title: Text, *fields: str, help: Text = "") -> Fieldset:
    """Declare a group of fields."""
    return Fieldset(title, fields, help)


@dataclass
class BoundFieldset:
    """A fieldset of one form, as the template wants it."""

    title: Text
    help: Text
    fields: list[forms.BoundField] = field(default_factory=list)

    @property
    def has_errors(self) -> bool:
        """Whether one of its fields is refused."""
        return any(bound.errors for bound in self.fields)

    @property
    def is_hidden(self) -> bool:
        """Whether none of its fields counts now."""
        forms_shown: list[Any] = [(bound.form, bound.name) for bound in self.fields]
        return not any(form.is_shown(name) for form, name in forms_shown)


class MoneyInput(forms.TextInput):
    """An amount as Brazilians write it."""

    template_name = "ui/widgets/money.html"

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__({"inputmode": "decimal", "autocomplete": "off", **(attrs or {})})

    def format_value(self, value: Any) -> str | None:
        if isinstance(value, int):
            text = money.format_brl(value, decimals=6, symbol=False)
            whole, _comma, cents = text.partition(",")
            return f"{whole},{cents[:2]}{cents[2:].rstrip('0')}"
        return None if value is None else str(value)


class MoneyField(forms.Field):
    """Reais typed as `1.234,56`, kept as µR$. A model's field named `…_u` becomes one by itself."""

    widget = MoneyInput

    def __init__(
        self, *, min_u: int | None = None, max_u: int | None = None, **kwargs: Any
    ) -> None:
        # What a model's integer field would say of its own range.
        kwargs.pop("min_value", None)
        kwargs.pop("max_value", None)
        super().__init__(**kwargs)
        self.min_u, self.max_u = min_u, max_u

    def to_python(self, value: Any) -> int | None:
        if value in self.empty_values:
            return None
        if isinstance(value, int):
            return value
        try:
            amount_u = money.parse(str(value))
        except InvalidInput as error:
            raise forms.ValidationError(money_error(error.code, str(value))) from error
        if self.min_u == 1 and amount_u < 1:
            raise forms.ValidationError(_("More than zero."))
        if self.min_u is not None and amount_u < self.min_u:
            raise forms.ValidationError(
                _("At least %(least)s.") % {"least": money.format_brl(self.min_u)}
            )
        if self.max_u is not None and amount_u > self.max_u:
            raise forms.ValidationError(
                _("At most %(most)s.") % {"most": money.format_brl(self.max_u)}
            )
        return amount_u

    def has_changed(self, initial: Any, data: Any) -> bool:
        try:
            return bool(self.to_python(data) != initial)
        except forms.ValidationError:
            return True


def money_error(code: str, text: str) -> str:
    """Say in the reader's language why `core.money` refused a text."""
    sentences = {
        "money-ambiguous": _("“%(text)s” could be thousands or decimals; write 1.234,00 or 1,234."),
        "money-too-precise": _("“%(text)s” has more than six decimal places."),
        "money-too-large": _("“%(text)s” is too large an amount."),
    }
    fallback = _("“%(text)s” is not an amount; write it like 10,00 or -2,50.")
    return sentences.get(code, fallback) % {"text": text}


class SearchSelect(forms.Select):
    """A choice among many rows: the browser asks `url` (a resource's `…_options`) as one types.

    Without JavaScript or with few rows it is an ordinary select of what was chosen.
    """

    template_name = "ui/widgets/search_select.html"
    actor: Any = None

    def __init__(self, url: str, attrs: dict[str, Any] | None = None, *, query: str = "") -> None:
        super().__init__(attrs)
        self.url = url
        self.query = query

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        address = url_or_none(self.url) or ""
        context["widget"]["options_url"] = address + (f"?{self.query}" if self.query else "")
        return context

    def optgroups(self, name: str, value: list[str], attrs: Any = None) -> list[Any]:
        """Only the empty choice and what is chosen: the rest comes when searched."""
        chosen = [v for v in value if is_key(v)]
        choices: list[tuple[Any, Any]] = [] if self.allow_multiple_selected else [("", "")]
        if chosen and isinstance(self.choices, forms.models.ModelChoiceIterator):
            rows = self.choices.queryset.filter(pk__in=chosen)
            choices += [(row.pk, self.choices.field.label_from_instance(row)) for row in rows]
        options = [
            self.create_option(name, key, label, str(key) in map(str, value), i, attrs=attrs)
            for i, (key, label) in enumerate(choices)
        ]
        return [(None, options, 0)]


class SearchSelectMultiple(SearchSelect, forms.SelectMultiple):
    """Several among many rows."""

    allow_multiple_selected = True


class ChoicesField(forms.TypedMultipleChoiceField):
    """Several of a set of choices, as ticks (array fields of choices become one)."""

    widget = forms.CheckboxSelectMultiple


def field_for(model_field: models.Field[Any, Any], **kwargs: Any) -> forms.Field | None:
    """Return the form field of a model's field: money by its name, choices in arrays as ticks."""
    if isinstance(model_field, models.BigIntegerField) and model_field.name.endswith("_u"):
        return model_field.formfield(form_class=MoneyField, **kwargs)
    base = getattr(model_field, "base_field", None)
    if base is not None and base.choices:
        kwargs.pop("widget", None)
        return ChoicesField(
            choices=base.choices,
            required=not model_field.blank,
            label=kwargs.get("label") or capfirst(str(model_field.verbose_name)),
            help_text=kwargs.get("help_text") or model_field.help_text,
            initial=model_field.get_default if model_field.has_default() else None,
        )
    return model_field.formfield(**kwargs)


def limit_choices(one: forms.ModelChoiceField[Any], actor: Any) -> None:
    """Offer only the related objects that the actor may reach."""
    visible = getattr(one.queryset, "visible_to", None)
    if visible is not None:
        one.queryset = visible(actor)


def keep_present(form: Any, actor: Any) -> None:
    """What an edited object points at stays so, unless somebody chooses something else.

    What may not be chosen anew (a plan no longer sold) is offered all the same; what the actor
    cannot reach (a seller's, to who is below him) is not asked for, and the field goes.
    """
    for name, one in list(form.fields.items()):
        present = form.initial.get(name)
        key = getattr(present, "pk", present)
        if not isinstance(one, forms.ModelChoiceField) or isinstance(key, list) or not key:
            continue
        offered: Any = one.queryset
        if offered.filter(pk=key).exists():
            continue
        rows: Any = offered.model._default_manager.filter(pk=key)
        rows = rows.visible_to(actor) if hasattr(rows, "visible_to") else rows
        if rows.exists():
            one.queryset = offered | rows
        else:
            del form.fields[name]


class FormMixin:
    """What every form here has: an actor, fieldsets, and the look of its fields.

    `tabbed` shows the fieldsets one at a time, under tabs; first the one with a mistake.

    `shown_when` names fields that count only for some values of others:
    `{"menu": {"mode": ("menu", "reverse")}, "closed": {"schedule": ()}}`; `()` means any value.
    The page shows and hides them as one chooses (`static/ui/app.js`); without a script, by what was
    saved or sent.
    """

    fieldsets: Sequence[Fieldset] = ()
    tabbed = False
    shown_when: Mapping[str, Mapping[str, Sequence[str]]] = {}
    actor: Any

    def setup(self, actor: Any) -> None:
        """Limit related choices to the actor and dress the fields."""
        self.actor = actor
        for one in self.fields.values():  # type: ignore[attr-defined]
            if isinstance(one, forms.ModelChoiceField):
                limit_choices(one, actor)
                one.empty_label = None if one.empty_label is None else "—"
        self.adapt(actor)
        dress(self)

    def adapt(self, actor: Any) -> None:
        """Hook: change the fields for this actor or instance."""

    def is_shown(self, name: str) -> bool:
        """Whether a field counts with the other fields' present values."""
        for other, values in self.shown_when.get(name, {}).items():
            value = self[other].value() if other in self.fields else None  # type: ignore[index,attr-defined]
            chosen = "" if value in (None, False) else str(value)
            if chosen not in values if values else not chosen:
                return False
        return True

    def groups(self) -> Iterator[BoundFieldset]:
        """Yield the fieldsets; fields that none names come last, under no heading."""
        rest = [bound for bound in self if not bound.is_hidden]  # type: ignore[attr-defined]
        for one in self.fieldsets:
            named = [bound for bound in rest if bound.name in one.fields]
            named.sort(key=lambda bound: one.fields.index(bound.name))
            rest = [bound for bound in rest if bound.name not in one.fields]
            if named:
                yield BoundFieldset(one.title, one.help, named)
        if rest:
            yield BoundFieldset("", "", rest)

    def tabs(self) -> list[tuple[BoundFieldset, bool]]:
        """Return the fieldsets and which of them is open at first."""
        groups = list(self.groups())
        opened = next((number for number, one in enumerate(groups) if one.has_errors), 0)
        return [(one, number == opened) for number, one in enumerate(groups)]


class Form(FormMixin, forms.Form):
    """A form of values that a service takes."""

    def __init__(self, *args: Any, actor: Any = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.setup(actor)


class ModelForm(FormMixin, forms.ModelForm):  # type: ignore[type-arg]
    """A form of a model's fields. It checks; a service writes: `save()` is not for use.

    A subclass's Meta extends `ModelForm.Meta`, which turns `…_u` fields into money.
    """

    class Meta:
        formfield_callback = staticmethod(field_for)

    def __init__(self, *args: Any, actor: Any = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.setup(actor)

    def setup(self, actor: Any) -> None:
        super().setup(actor)
        if self.instance.pk is not None:
            keep_present(self, actor)

    def save(self, commit: bool = True) -> Any:
        raise NotImplementedError("a service writes; see Resource.create and Resource.change")


class ReasonForm(Form):
    """Why something is done; kept in the history."""

    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=200,
        required=False,
        help_text=gettext_lazy("Kept in the history."),
    )


_CLASSES: tuple[tuple[type[forms.Widget], str], ...] = (
    (forms.CheckboxSelectMultiple, "form-check-input"),
    (forms.RadioSelect, "form-check-input"),
    (forms.CheckboxInput, "form-check-input"),
    (forms.Select, "form-select"),
    (forms.Widget, "form-control"),
)


def dress(form: Any) -> None:
    """Give every widget the stylesheet's class, and tell readers of screens what goes with it."""
    for bound in form:
        bound.field.error_messages.setdefault(
            "unique", gettext_lazy("Already in use; choose another.")
        )
        widget = bound.field.widget
        if widget.is_hidden:
            continue
        wanted = next(css for kind, css in _CLASSES if isinstance(widget, kind))
        if isinstance(bound.field, SimpleArrayField):
            wanted = "form-control"
        classes = [c for c in (widget.attrs.get("class", ""), wanted) if c]
        widget.attrs["class"] = " ".join(dict.fromkeys(" ".join(classes).split()))

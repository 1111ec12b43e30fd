"""Filters of lists, exports and bulk changes: one FilterSet for all of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import django_filters
from django import forms
from django.db import models
from django.db.models import Q
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from tronco.ui.forms import dress, limit_choices

ChoiceFilter = django_filters.ChoiceFilter
CharFilter = django_filters.CharFilter
BooleanFilter = django_filters.BooleanFilter
NumberFilter = django_filters.NumberFilter
ModelChoiceFilter = django_filters.ModelChoiceFilter
MultipleChoiceFilter = django_filters.MultipleChoiceFilter
YES_OR_NO = (("", "—"), ("true", _("Yes")), ("false", _("No")))


class DateInput(forms.DateInput):
    """The browser's own date picker."""

    input_type = "date"

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs, format="%Y-%m-%d")


class DateTimeInput(forms.DateTimeInput):
    """The browser's own date and time picker."""

    input_type = "datetime-local"

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs, format="%Y-%m-%dT%H:%M")


class DateFilter(django_filters.DateFilter):  # type: ignore[misc]
    """A day."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, widget=DateInput, **kwargs)


class DateTimeFilter(django_filters.IsoDateTimeFilter):  # type: ignore[misc]
    """A moment, such as the start of a period (`lookup_expr="gte"`)."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, widget=DateTimeInput, **kwargs)


class FilterSet(django_filters.FilterSet):  # type: ignore[misc]
    """Filters of one model. `search` names the fields that the quick search looks into.

    Choices of related objects are cut down to what the actor may reach.
    """

    search: Sequence[str] = ()
    q = CharFilter(method="filter_search", label=_("Search"))

    class Meta:
        filter_overrides: dict[Any, Any] = {
            models.DateTimeField: {"filter_class": DateTimeFilter},
            models.DateField: {"filter_class": DateFilter},
        }

    def filter_search(self, rows: models.QuerySet[Any], name: str, value: str) -> Any:
        """Every word must occur in one of the searched fields."""
        for word in value.split():
            condition = Q(pk__in=[])
            for path in self.search:
                condition |= Q(**{text_lookup(rows.model, path): word})
            rows = rows.filter(condition)
        return rows

    @property
    def form(self) -> Any:
        if not hasattr(self, "_form"):
            form = super().form
            for field in form.fields.values():
                if isinstance(field, forms.ModelChoiceField):
                    limit_choices(field, self.request.actor)
                elif isinstance(field, forms.NullBooleanField):
                    field.widget.choices = YES_OR_NO
            dress(form)
        return self._form

    @property
    def panel_fields(self) -> list[Any]:
        """The form's fields but the quick search, which has its own box."""
        return [field for field in self.form if field.name != "q"]

    def chips(self) -> list[dict[str, str]]:
        """What is filtered by now, each with the query string without it."""
        if not self.is_bound or not self.form.is_valid():
            return []
        return [
            {
                "label": str(bound.label),
                "value": chip_text(bound),
                "without": query_without(self.data, bound.name),
            }
            for bound in self.form
            if bound.value() not in (None, "", [], [""])
        ]


def text_lookup(model: type[models.Model], path: str) -> str:
    """Return the lookup that finds a part of a text, whatever its accents and case."""
    field: Any = None
    for part in path.split("__"):
        field = model._meta.get_field(part)
        model = field.related_model or model
    if isinstance(field, models.CharField | models.TextField):
        return f"{path}__unaccent__icontains"
    return f"{path}__icontains"


def chip_text(bound: forms.BoundField) -> str:
    """Write a filter's value as its form shows it."""
    cleaned = bound.form.cleaned_data.get(bound.name)
    values = bound.value() if isinstance(bound.value(), list) else [bound.value()]
    if isinstance(bound.field, forms.ModelMultipleChoiceField):
        return ", ".join(map(str, cleaned or []))
    if isinstance(bound.field, forms.ModelChoiceField):
        return str(cleaned)
    if isinstance(bound.field, forms.NullBooleanField):
        return str(_("Yes") if cleaned else _("No"))
    labels = {str(k): str(v) for k, v in getattr(bound.field, "choices", [])}
    return ", ".join(labels.get(str(value), str(value)) for value in values)


def query_without(data: Any, *names: str) -> str:
    """Return the query string without some of its parameters, and from its first page."""
    query = data.copy() if isinstance(data, QueryDict) else QueryDict(mutable=True)
    for name in (*names, "page"):
        query.pop(name, None)
    return query.urlencode()

"""Doing something to many rows at once: a service for each, one transaction, all or nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.db import IntegrityError, models, transaction
from django.db.models import ProtectedError
from django.forms.models import model_to_dict
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from tronco.core.errors import InvalidInput, TroncoError
from tronco.ui.edits import REASON, form_class, recorded, translated, why_kept
from tronco.ui.lists import ResourcePage
from tronco.ui.urls import is_key

MOST_ROWS = 5000
MOST_ERRORS = 20


class Refused(Exception):
    """Some rows could not be done, so none was; holds (name of the row, why)."""

    def __init__(self, errors: list[tuple[str, str]]) -> None:
        super().__init__(errors)
        self.errors = errors


def apply_to_all(rows: list[Any], act: Callable[[Any], Any], label: Callable[[Any], str]) -> None:
    """Do one thing to each row in one transaction; any refusal undoes all and raises Refused."""
    errors: list[tuple[str, str]] = []
    with transaction.atomic():
        for row in rows:
            try:
                with transaction.atomic():
                    act(row)
            except (TroncoError, ProtectedError) as error:
                errors.append((label(row), why_kept(error)))
            except IntegrityError as error:
                errors.append((label(row), str(translated(error, type(row)))))
        if errors:
            raise Refused(errors)


class BulkPage(ResourcePage):
    """Asks first, then does. The selection is `pk=…`, or `all` that the address filters."""

    http_method_names = ["post"]
    template_name = "ui/bulk.html"

    def rows(self) -> list[Any]:
        """The selected rows, as far as the actor may reach them."""
        if "all" in self.request.POST:
            filterset = self.filterset()
            if not filterset.is_valid():
                raise InvalidInput(_("The filter of the list is not valid; correct it first."))
            found = filterset.qs
        else:
            keys = [key for key in self.request.POST.getlist("pk") if is_key(key)]
            found = self.resource.queryset(self.actor).filter(pk__in=keys)
        rows = list(found[: MOST_ROWS + 1])
        if len(rows) > MOST_ROWS:
            raise InvalidInput(
                _("More than %(most)s rows at once; narrow the selection.") % {"most": MOST_ROWS}
            )
        return rows

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        rows = self.rows()
        if not rows:
            messages.warning(request, _("Nothing is selected: tick the rows first."))
            return HttpResponseRedirect(self.back_url())
        if "confirmed" not in request.POST:
            return self.show(rows, self.form())
        form = self.form(request.POST)
        if form is not None and not form.is_valid():
            return self.show(rows, form, status=422)
        if request.POST.get("_count", str(len(rows))) != str(len(rows)):
            # Some came or went, or he reaches more by now than when he was asked.
            messages.warning(request, _("The selection has changed meanwhile; look at it again."))
            return self.show(rows, form, status=422)
        try:
            reason = request.POST.get(REASON) or request.POST.get("reason", "")
            with recorded(reason.strip()[:200]):
                apply_to_all(rows, lambda row: self.act(row, form), self.resource.label)
        except Refused as refused:
            return self.show(rows, form, errors=refused.errors, status=422)
        messages.success(
            request,
            ngettext("%(count)s row done.", "%(count)s rows done.", len(rows))
            % {"count": len(rows)},
        )
        return HttpResponseRedirect(self.back_url())

    def form(self, data: Any = None) -> Any:
        """What is asked; None when only a confirmation is."""
        return None

    def act(self, row: Any, form: Any) -> None:
        """Do it to one row."""
        raise NotImplementedError

    def back_url(self) -> str:
        """The list as it was filtered."""
        query = self.request.META.get("QUERY_STRING", "")
        return f"{self.resource.url('list')}{'?' + query if query else ''}"

    def show(
        self, rows: list[Any], form: Any, *, errors: Any = (), status: int = 200
    ) -> HttpResponse:
        """The question, naming the rows."""
        everything = "all" in self.request.POST
        return self.render(
            status=status,
            form=form,
            count=len(rows),
            names=[self.resource.label(row) for row in rows[:10]],
            unnamed=max(0, len(rows) - 10),
            keys=[] if everything else [row.pk for row in rows],
            everything=everything,
            errors=errors[:MOST_ERRORS],
            more_errors=max(0, len(errors) - MOST_ERRORS),
            back_url=self.back_url(),
            reason_name=REASON,
        )


class BulkDeleteView(BulkPage):
    """Deletes the selection."""

    verb = "delete"

    def act(self, row: Any, form: Any) -> None:
        self.resource.remove(self.actor, row)

    def context(self, **extra: Any) -> dict[str, Any]:
        return super().context(title=_("Delete the selection?"), danger=True, **extra)


class BulkActionView(BulkPage):
    """Runs one of the resource's actions on the selection."""

    def required_permission(self) -> str:
        return self.resource.action(self.kwargs["action"]).permission

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        self.kwargs = kwargs
        return super().dispatch(request, *args, **kwargs)

    def form(self, data: Any = None) -> Any:
        action = self.resource.action(self.kwargs["action"])
        return action.form(data, actor=self.actor) if action.form else None

    def act(self, row: Any, form: Any) -> None:
        action = self.resource.action(self.kwargs["action"])
        if not action.offered(self.actor, row):
            raise InvalidInput(_("This cannot be done to it in its present state."))
        action.do(self.actor, row, form.cleaned_data if form is not None else {})

    def context(self, **extra: Any) -> dict[str, Any]:
        action = self.resource.action(self.kwargs["action"])
        return super().context(
            title=action.label, question=action.confirm, danger=action.danger, **extra
        )


class BulkEditView(BulkPage):
    """Sets some fields of the selection; what is not ticked stays as it is."""

    verb = "edit"

    def form(self, data: Any = None) -> Any:
        form: Any = form_class(self.resource)(data, actor=self.actor)
        for name in list(form.fields):
            if name not in self.resource.bulk_fields:
                del form.fields[name]
        chosen = set(data.getlist("_set")) if data is not None else set()
        for name in form.fields:
            form.fields[name].required = form.fields[name].required and name in chosen
        form.chosen = chosen
        # The fields are checked here; the whole object is, with each row's other fields, in `act`.
        form._post_clean = lambda: None
        form.clean = lambda: None
        return form

    def act(self, row: Any, form: Any) -> None:
        values = {name: form.data.getlist(name) for name in form.chosen if name in form.fields}
        full = bound_form(self.resource, self.actor, row, values)
        if not full.is_valid():
            raise InvalidInput("; ".join(form_errors(full)))
        self.resource.change(self.actor, row, full.cleaned_data)

    def context(self, **extra: Any) -> dict[str, Any]:
        return super().context(title=_("Edit the selection"), editing=True, **extra)


def bound_form(
    resource: Any, actor: Any, row: models.Model | None, values: dict[str, list[str]]
) -> Any:
    """Return the resource's form filled as if `values` had been typed over the row's own fields."""
    options: dict[str, Any] = {"actor": actor}
    if row is not None:
        options["instance"] = row
        options["initial"] = resource.initial(actor, row)
    blank = resource.form(**options)
    present = {**model_to_dict(row), **options["initial"]} if row is not None else {}
    data: MultiValueDict[str, Any] = MultiValueDict()
    for name, field in blank.fields.items():
        if name in values:
            data.setlist(name, values[name])
            continue
        value = present.get(name, blank.get_initial_for_field(field, name))
        data.setlist(name, as_typed(value))
    return resource.form(data, **options)


def as_typed(value: Any) -> list[Any]:
    """Return a stored value as a browser would send it."""
    if value is None or value is False:
        return []
    if isinstance(value, list | tuple | models.QuerySet):
        return [getattr(item, "pk", item) for item in value]
    return ["on"] if value is True else [getattr(value, "pk", value)]


def form_errors(form: Any) -> list[str]:
    """Return a form's errors as `field: why`."""
    found = []
    for name, whys in form.errors.items():
        label = form.fields[name].label if name in form.fields else ""
        found += [f"{label}: {why}" if label else str(why) for why in whys]
    return found

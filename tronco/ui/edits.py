"""Forms that create, change and delete: they check and ask, services write."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

import pghistory
from django.contrib import messages
from django.db import IntegrityError, models, transaction
from django.db.models import ProtectedError
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.utils.functional import cached_property
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tronco.core.errors import Conflict, TroncoError
from tronco.ui.formats import field_label
from tronco.ui.lists import ResourcePage

if TYPE_CHECKING:
    from tronco.ui.forms import ModelForm
    from tronco.ui.resource import Resource

EDIT = gettext_lazy("Edit")
DELETE = gettext_lazy("Delete")
REASON = "_reason"


def safe_return(request: HttpRequest, fallback: str) -> str:
    """Return the address the form was opened from, if it is one of ours."""
    wanted = request.POST.get("return_url") or request.GET.get("return_url") or ""
    hosts = {request.get_host()}
    if wanted and url_has_allowed_host_and_scheme(wanted, hosts, request.is_secure()):
        return wanted
    return fallback


def recorded(reason: str) -> AbstractContextManager[Any]:
    """Keep why in the history of what is written inside."""
    return pghistory.context(**({"why": reason} if reason else {}))


def show_error(form: Any, error: TroncoError) -> None:
    """Put a service's error beside the field it names, or above the form."""
    field = getattr(error, "field", None)
    form.add_error(field if field in form.fields else None, str(error))


def translated(error: IntegrityError, model: type[models.Model]) -> TroncoError:
    """Say what a constraint of the database refused, in the words of the form.

    Uniqueness spans all tenants; forms see only the actor's rows, so some of it shows only here.
    """
    diagnosis = getattr(error.__cause__, "diag", None)
    constraint = getattr(diagnosis, "constraint_name", "") or ""
    for one in model._meta.constraints:
        if one.name == constraint and isinstance(one, models.UniqueConstraint):
            return taken(model, one.fields[-1] if one.fields else "")
    for field in model._meta.concrete_fields:
        if field.unique and f"_{field.column}_" in constraint:
            return taken(model, field.name)
    return Conflict(_("This does not agree with what is already stored (%s).") % constraint)


def taken(model: type[models.Model], name: str) -> TroncoError:
    """A value that must be unique is not."""
    label = capfirst(field_label(model._meta.get_field(name))) if name else ""
    error = Conflict(_("%(field)s: already in use.") % {"field": label}, details={"field": name})
    error.field = name  # type: ignore[attr-defined]
    return error


def form_class(resource: Resource) -> type[ModelForm]:
    """Return the resource's form; its screens exist only when it has one."""
    if resource.form is None:
        raise TypeError(f"{resource.name} has no form")
    return resource.form


class FormPage(ResourcePage):
    """What creating and changing have in common."""

    template_name = "ui/edit.html"
    verb = "edit"
    saved = gettext_lazy("Saved: %(object)s.")

    @property
    def instance(self) -> Any:
        """The object under change, or None."""
        return None

    def write(self, form: ModelForm) -> Any:
        """Give a valid form's values to the resource; return the object."""
        raise NotImplementedError

    def form(self, data: Any = None, files: Any = None) -> ModelForm:
        """The resource's form for this request."""
        initial = {key: value for key, value in self.request.GET.items() if key != "return_url"}
        if self.instance is not None:
            initial = self.resource.initial(self.actor, self.instance)
        options: dict[str, Any] = {"actor": self.actor, "initial": initial}
        if self.instance is not None:
            options["instance"] = self.instance
        return form_class(self.resource)(data, files, **options)

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        return self.show(self.form())

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        form = self.form(request.POST, request.FILES)
        if not form.is_valid():
            return self.show(form, status=422)
        try:
            with transaction.atomic(), recorded(request.POST.get(REASON, "").strip()[:200]):
                obj = self.write(form)
        except TroncoError as error:
            show_error(form, error)
            return self.show(form, status=422)
        except IntegrityError as error:
            show_error(form, translated(error, self.resource.model))
            return self.show(form, status=422)
        messages.success(request, self.saved % {"object": self.resource.label(obj)})
        return HttpResponseRedirect(self.next_url(obj))

    def next_url(self, obj: Any) -> str:
        """Another empty form if asked for, else back to where one came from."""
        r = self.resource
        if "add_another" in self.request.POST:
            return self.request.get_full_path()
        fallback = r.url("detail", r.key(obj)) or r.url("list") or "/"
        return safe_return(self.request, fallback)

    def show(self, form: Any, *, status: int = 200) -> HttpResponse:
        """The form, with its errors."""
        r = self.resource
        obj = self.instance
        fallback = (r.url("detail", r.key(obj)) if obj is not None else None) or r.url("list")
        back_url = safe_return(self.request, fallback or "/")
        return self.render(
            form=form,
            status=status,
            back_url=back_url,
            return_url=back_url,
            list_url=r.url("list"),
            object=obj,
        )


class CreateView(FormPage):
    """A new object. "Save and add another" keeps the parameters of the address."""

    def write(self, form: ModelForm) -> Any:
        return self.resource.create(self.actor, form.cleaned_data)

    def context(self, **extra: Any) -> dict[str, Any]:
        title = _("New %(noun)s") % {"noun": self.resource.singular}
        return super().context(**{"title": title, "creating": True, **extra})


class EditView(FormPage):
    """An object under change, with the reason that its history shall keep."""

    @cached_property
    def instance(self) -> Any:
        return self.resource.get(self.actor, self.kwargs["key"])

    def write(self, form: ModelForm) -> Any:
        changed = self.resource.change(self.actor, self.instance, form.cleaned_data)
        return self.instance if changed is None else changed

    def context(self, **extra: Any) -> dict[str, Any]:
        title = _("Edit %(object)s") % {"object": self.resource.label(self.instance)}
        return super().context(**{"title": title, "reason_name": REASON, **extra})


class DeleteView(ResourcePage):
    """Names what will be lost, and asks."""

    template_name = "ui/delete.html"
    verb = "delete"

    @cached_property
    def object(self) -> Any:
        return self.resource.get(self.actor, self.kwargs["key"])

    def context(self, **extra: Any) -> dict[str, Any]:
        r = self.resource
        title = _("Delete %(object)s?") % {"object": r.label(self.object)}
        back = r.url("detail", r.key(self.object)) or r.url("list")
        return super().context(
            **{
                "title": title,
                "object": self.object,
                "lost": lost_with(self.object),
                "back_url": safe_return(self.request, back or "/"),
                **extra,
            }
        )

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        obj = self.object
        name = self.resource.label(obj)
        if self.resource.type_name_to_delete and request.POST.get("name", "").strip() != name:
            return self.render(error=_("Type the name exactly as it is shown."), status=422)
        try:
            with transaction.atomic(), recorded(request.POST.get(REASON, "").strip()[:200]):
                self.resource.remove(self.actor, obj)
        except (TroncoError, ProtectedError, IntegrityError) as error:
            return self.render(error=why_kept(error), status=422)
        messages.success(request, _("Deleted: %(object)s.") % {"object": name})
        return HttpResponseRedirect(self.resource.url("list") or "/")


def lost_with(obj: models.Model) -> list[dict[str, Any]]:
    """Count what the database deletes along with an object, and what is left without it.

    What has no name of its own is told by the resource's `loses`.
    """
    lost = []
    for relation in obj._meta.related_objects:
        kind = relation.related_model
        if (
            relation.on_delete not in (models.CASCADE, models.SET_NULL)
            or "verbose_name" not in kind._meta.original_attrs
        ):
            continue
        rows = kind._base_manager.filter(**{relation.field.name: obj})
        if count := rows.count():
            label = capfirst(str(kind._meta.verbose_name_plural))
            if relation.on_delete is models.SET_NULL:
                field = str(relation.field.verbose_name)
                label = _("%(kind)s left without it (%(field)s)") % {"kind": label, "field": field}
            lost.append({"label": label, "count": count})
    return lost


def why_kept(error: Exception) -> str:
    """Say why something could not be deleted."""
    if isinstance(error, ProtectedError):
        kinds: dict[str, int] = {}
        for obj in error.protected_objects:
            label = str(obj._meta.verbose_name_plural)
            kinds[label] = kinds.get(label, 0) + 1
        used = ", ".join(f"{count} {label}" for label, count in sorted(kinds.items()))
        return _("It is in use and stays: %(used)s.") % {"used": used}
    if isinstance(error, IntegrityError):
        return _("It is in use and stays.")
    return str(error)

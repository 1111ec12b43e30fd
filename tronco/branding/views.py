"""Screens of brands, and what every page shows of one."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from tronco.branding import selectors, services
from tronco.branding.colors import stylesheet
from tronco.branding.filters import BrandFilters
from tronco.branding.forms import BrandForm
from tronco.branding.hosts import domain_of
from tronco.branding.models import Brand
from tronco.branding.tables import BrandTable
from tronco.ui import panels
from tronco.ui.resource import Resource

# Their addresses name what is in them.
FOR_EVER = {"Cache-Control": "public, max-age=31536000, immutable"}


class Brands(Resource):
    model, table, filters, form = Brand, BrandTable, BrandFilters, BrandForm
    icon = "palette"
    title = _("white label")
    help = _("Under which name and looks, and at which address, a seller offers the platform.")
    empty = _("Everybody sees the product's own name. Add a brand to show yours.")
    loses = _("The brand above is shown instead.")
    panels = (
        panels.Fields(_("Brand"), "tenant", "name", "domain", "color"),
        panels.Html(_("Looks"), "branding/panels/look.html"),
    )

    def queryset(self, actor: Any) -> Any:
        return Brand.objects.visible_to(actor).select_related("tenant").defer("logo")

    def create(self, actor: Any, values: dict[str, Any]) -> Brand:
        tenant = values.pop("tenant")
        return services.brand_create(actor=actor, tenant_id=tenant.pk, **_with_logo(values))

    def change(self, actor: Any, obj: Brand, values: dict[str, Any]) -> Brand:
        return services.brand_change(actor=actor, brand_id=obj.pk, **_with_logo(values))

    def remove(self, actor: Any, obj: Brand) -> None:
        services.brand_delete(actor=actor, brand_id=obj.pk)


def _with_logo(values: dict[str, Any]) -> dict[str, Any]:
    sent = values.pop("logo_file")
    return {**values, "logo": sent.read() if sent else None}


def show_colors(request: HttpRequest, color: str) -> HttpResponse:
    """The stylesheet of a colour: anybody's, since it is the address alone that says which."""
    return HttpResponse(stylesheet(color), content_type="text/css", headers=FOR_EVER)


def show_logo(request: HttpRequest, logo_hash: str) -> HttpResponse:
    """A logo, for whoever was shown its address."""
    logo = selectors.find_logo(logo_hash)
    if logo is None:
        raise Http404
    return HttpResponse(logo, content_type="image/png", headers=FOR_EVER)


def context(request: HttpRequest) -> dict[str, Any]:
    """Template context: the look of this page, by who has signed in, or by the site's name."""
    user = getattr(request, "user", None)
    if user is not None and user.is_authenticated:
        return {"look": selectors.look_of(user.tenant.path)}
    return {"look": selectors.look_of_domain(domain_of(request))}

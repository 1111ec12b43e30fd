"""The base of every screen: who may open it, what it is called, how errors are shown."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.views import View

from tronco.core.errors import NotAllowed, NotFound, TroncoError, Unavailable
from tronco.ui.urls import Actor


def check_permission(actor: Actor, permission: str) -> None:
    """Refuse unless the actor has it. Where he has nothing of an area he learns nothing: 404."""
    if not permission or actor.can(permission):
        return
    noun = permission.partition(".")[0]
    if any(actor.can(f"{noun}.{verb}") for verb in ("view", "edit", "credit", "operate")):
        raise PermissionDenied
    raise Http404


class Page(View):
    """A screen for people who have signed in.

    permission     `noun.verb`, or empty for whoever has signed in
    title          the page's heading
    template_name  extends `base.html` or one of `ui/`
    """

    permission: str = ""
    title: Any = ""
    template_name: str = ""

    request: HttpRequest

    @property
    def actor(self) -> Any:
        """Who is looking."""
        return self.request.actor  # type: ignore[attr-defined]

    def required_permission(self) -> str:
        """Permission of this request; a page may ask another for its POST."""
        return self.permission

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path())
        check_permission(self.actor, self.required_permission())
        try:
            return super().dispatch(request, *args, **kwargs)
        except NotFound as error:
            raise Http404(str(error)) from error
        except NotAllowed as error:
            raise PermissionDenied(str(error)) from error
        except TroncoError as error:
            status = 503 if isinstance(error, Unavailable) else 400
            return render(request, "400.html", {"error": error}, status=status)

    def context(self, **extra: Any) -> dict[str, Any]:
        """Template context of every page; subclasses add to it."""
        return {"title": self.title, "actor": self.actor, "view": self, **extra}

    def render(self, template: str = "", *, status: int = 200, **extra: Any) -> HttpResponse:
        """Answer with a page."""
        name = template or self.template_name
        return render(self.request, name, self.context(**extra), status=status)

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        return self.render()

"""Binds each request to its actor: permissions, row-level security, and who the history names."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from typing import Any

from django.contrib import messages
from django.contrib.auth import logout
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import resolve, reverse
from django.utils.translation import gettext as _
from django_htmx.http import HttpResponseClientRefresh

from tronco.identity.visits import find_visit, visit_end, visitor
from tronco.tenancy.access import NOBODY, Actor, acting, bind_scope

# The visit that a session is on, if any (`tronco.identity.visits`).
VISIT = "identity.visit"
SAFE = {"GET", "HEAD", "OPTIONS", "TRACE"}
# What somebody who must change his password may still open.
OPEN_TO_ALL = {"identity:password", "identity:sign_out", "identity:sign_in", "set_language"}


class ActorMiddleware:
    """`request.actor`, the scope of the connection, and the history's context for one request."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request_id = uuid.uuid4().hex
        actor: Actor = request.user.actor if request.user.is_authenticated else NOBODY
        if request.user.is_authenticated and actor is NOBODY:
            return self.closed(request)
        bind_scope(actor.scopes)
        actor = self.inside(request, actor)
        response: Any = None
        try:
            response = self.kept_out(request) or self.answer(request, actor, request_id)
        finally:
            if response is None or not response.streaming:
                unbind()
        if response.streaming:
            response.streaming_content = unbound_after(response.streaming_content)
        response["X-Request-ID"] = request_id
        return response  # type: ignore[no-any-return]

    def inside(self, request: HttpRequest, actor: Actor) -> Actor:
        """Who he is where he stands: in a customer's panel, as far as that lasts, a visitor."""
        visit, is_over = None, False
        if visit_id := request.session.get(VISIT):
            visit = find_visit(actor=actor, visit_id=visit_id)
            is_over = visit is None
            if visit is None:
                with acting(actor):
                    visit_end(actor=actor, visit_id=visit_id)
                if opens_a_page(request):
                    del request.session[VISIT]
                    messages.info(request, _("Your visit of the customer's panel is over."))
            else:
                actor = visitor(actor, visit)
                bind_scope(actor.scopes)
        request.actor, request.visit = actor, visit  # type: ignore[attr-defined]
        request.visit_is_over = is_over  # type: ignore[attr-defined]
        return actor

    def answer(self, request: HttpRequest, actor: Actor, request_id: str) -> HttpResponse:
        """Run the view; what it writes is recorded under the actor's name."""
        if request.method in SAFE or actor is NOBODY:
            return self.get_response(request)
        with acting(actor, request_id=request_id):
            return self.get_response(request)

    def kept_out(self, request: HttpRequest) -> HttpResponse | None:
        """Send who must change his password there, whatever he asks for.

        What is sent from a panel that its visitor has had to leave meanwhile is not done: outside,
        "all" are all that he reaches. Nor is what its page asks for by itself: until he has been
        told, it would show him that as the customer's.
        """
        must_change = getattr(request.user, "must_change_password", False)
        is_late = request.visit_is_over and not opens_a_page(request)  # type: ignore[attr-defined]
        if not (must_change or is_late):
            return None
        try:
            wanted = resolve(request.path_info).view_name
        except LookupError:
            wanted = ""
        if wanted in OPEN_TO_ALL:
            return None
        if must_change:
            return HttpResponseRedirect(reverse("identity:password"))
        is_part = request.htmx or request.method in SAFE  # type: ignore[attr-defined]
        return HttpResponseClientRefresh() if is_part else HttpResponseRedirect("/")

    def closed(self, request: HttpRequest) -> HttpResponse:
        """End the session of a user who, or whose tenant, has been closed since."""
        logout(request)
        messages.error(request, _("This access is closed. Ask who gave it to you."))
        return HttpResponseRedirect(reverse("identity:sign_in"))


def opens_a_page(request: HttpRequest) -> bool:
    """Whether the answer is a page that somebody sees whole, with what it has to tell him."""
    if request.method not in SAFE:
        return False
    if htmx := request.htmx:  # type: ignore[attr-defined]
        return bool(htmx.history_restore_request)
    return request.headers.get("Sec-Fetch-Dest", "document") == "document"


def unbind() -> None:
    """Leave a connection that shows nothing to whoever gets it next."""
    try:
        bind_scope(())
    except DatabaseError:
        connection.close()


def unbound_after(content: Any) -> Iterator[Any]:
    """Pass on a streamed answer, which reads as it goes, and unbind after its end."""
    try:
        yield from content
    finally:
        unbind()

"""The demonstration's mailbox on the screen. Elsewhere these addresses do not exist."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.utils.http import content_disposition_header
from django.utils.translation import gettext_lazy as _

from tronco.demo.letters import Letter, get_letter, list_heads, list_keys
from tronco.mail.pages import POLICY
from tronco.ui.pages import Page

PER_PAGE = 50
# As in the log of e-mails, but links open, as they do for who got the letter.
LETTER_POLICY = POLICY.replace("sandbox;", "sandbox allow-popups allow-popups-to-escape-sandbox;")


class MailboxPage(Page):
    """Letters hold links that sign in: whoever reads them could be any user."""

    permission = "demo.edit"

    @property
    def place(self) -> Path:
        return Path(settings.TRONCO_DEMO_MAILBOX)

    def letter(self) -> Letter:
        """The letter of the address."""
        return get_letter(self.place, self.kwargs["letter"])


class Letters(MailboxPage):
    """What the demonstration's mail server took, the newest first."""

    title = _("Mailbox of the demonstration")
    template_name = "demo/letters.html"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        words = request.GET.get("q", "").strip()
        keys = list_keys(self.place, words=words)
        page = Paginator(keys, PER_PAGE).get_page(request.GET.get("page"))
        letters = list(list_heads(self.place, page.object_list))
        is_part = request.htmx and not request.htmx.history_restore_request  # type: ignore[attr-defined]
        template = "demo/letters_table.html" if is_part else self.template_name
        response = self.render(template, page=page, letters=letters, words=words)
        response["Vary"] = "HX-Request"
        return response


class LetterRead(MailboxPage):
    """One letter: who, when, what, and what came along."""

    template_name = "demo/letter.html"

    def context(self, **extra: Any) -> dict[str, Any]:
        letter = self.letter()
        return super().context(**{"letter": letter, **extra, "title": letter.subject or "—"})


class LetterHtml(MailboxPage):
    """The HTML alone, for a frame: nothing in it runs or is loaded."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        html = self.letter().html.replace("<head>", '<head><base target="_blank">', 1)
        headers = {"Content-Security-Policy": LETTER_POLICY, "X-Frame-Options": "SAMEORIGIN"}
        return HttpResponse(html, headers=headers)


class LetterAttachment(MailboxPage):
    """A file that came along, to be kept, never shown."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        attachments = self.letter().attachments
        if kwargs["number"] >= len(attachments):
            raise Http404
        one = attachments[kwargs["number"]]
        headers = {"Content-Disposition": content_disposition_header(True, one.name)}
        return HttpResponse(one.data, content_type="application/octet-stream", headers=headers)

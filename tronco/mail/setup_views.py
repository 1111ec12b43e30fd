"""Screens of what sellers set up: the words of e-mails, the mail server, who is told of what."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from tronco.branding.selectors import look_of
from tronco.mail import selectors, services, setup_services
from tronco.mail.filters import MailServerFilters, NoticesFilters, TemplateFilters
from tronco.mail.forms import MailServerForm, NoticesForm, ServerTestForm, TemplateForm
from tronco.mail.kinds import KINDS
from tronco.mail.letters import Letter, write_letter
from tronco.mail.models import Language, MailServer, Notices, Template
from tronco.mail.pages import LetterPage, framed
from tronco.mail.tables import MailServerTable, NoticesTable, TemplateTable
from tronco.tenancy.models import Tenant
from tronco.tenancy.selectors import get_tenant
from tronco.ui import lists, panels
from tronco.ui.actions import Action
from tronco.ui.edits import CreateView, EditView, FormPage
from tronco.ui.formats import yes_no
from tronco.ui.pages import Page
from tronco.ui.resource import Resource

# What is looked at before it is saved: kind, seller, subject and text, in the session.
PREVIEW = "mail_preview"


def example_letter(kind: str, seller: Tenant, subject: str, text: str) -> Letter:
    """Return what a text looks like with facts that are invented."""
    words = selectors.Words(subject, text, seller)
    return write_letter(words, seller, KINDS[kind].examples())


class TemplateList(lists.ListView):
    """Says which kinds there are, and in whose words each is sent."""

    template_name = "mail/template_list.html"

    def list_context(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        context = super().list_context(*args, **kwargs)
        add = reverse("mail:template_add")
        kinds = [
            {
                "kind": kind,
                "links": [
                    {"label": language.label, "url": f"{add}?kind={kind.name}&language={language}"}
                    for language in Language
                ],
            }
            for kind in KINDS.values()
        ]
        return {**context, "kinds": kinds, "may_add": self.actor.can("mail.edit")}


class TemplatePage(FormPage):
    """A template under its form: its places explained, and shown before it is saved."""

    template_name = "mail/template_edit.html"
    shown: Any = None  # the form that is shown
    letter: Letter | None = None
    sender = ""

    def kind_of(self, form: Any) -> str:
        """The kind under change, or the one that is chosen now."""
        chosen = str(form.instance.kind if form.instance.pk else form["kind"].value() or "")
        return chosen if chosen in KINDS else next(iter(KINDS))

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        form = self.form(request.POST, request.FILES)
        if "preview" not in request.POST or not form.is_valid():
            return super().post(request, *args, **kwargs)
        values, kind = form.cleaned_data, self.kind_of(form)
        seller = form.instance.tenant if form.instance.pk else values["tenant"]
        self.letter = example_letter(kind, seller, values["subject"], values["text"])
        self.sender = look_of(seller.path).name or seller.name
        request.session[PREVIEW] = (kind, seller.pk, values["subject"], values["text"])
        return self.show(form)

    def show(self, form: Any, *, status: int = 200) -> HttpResponse:
        self.shown = form
        return super().show(form, status=status)

    def context(self, **extra: Any) -> dict[str, Any]:
        kind = KINDS[self.kind_of(self.shown)]
        preview = {"letter": self.letter, "sender": self.sender}
        preview["letter_url"] = reverse("mail:template_preview")
        return super().context(**{"kind": kind, **preview, **extra})


class TemplateCreate(TemplatePage, CreateView):
    """A new template begins with the words that are sent without it."""

    def form(self, data: Any = None, files: Any = None) -> Any:
        form = super().form(data, files)
        kind, language = (self.request.GET.get(name, "") for name in ("kind", "language"))
        seller = form.fields["tenant"].initial
        if data is None and kind in KINDS and language in Language.values and seller:
            words = selectors.find_words(seller=seller, kind=kind, language=language)
            form.initial.update({"subject": words.subject, "text": words.text})
        return form


class TemplateEdit(TemplatePage, EditView):
    """A template under change."""


class TemplatePreview(Page):
    """What is not saved yet, in the seller's looks, for a frame."""

    permission = "mail.edit"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if PREVIEW not in request.session:
            return HttpResponseRedirect(reverse("mail:template_add"))
        kind, seller_id, subject, text = request.session[PREVIEW]
        seller = get_tenant(actor=self.actor, tenant_id=seller_id)
        return framed(request, example_letter(kind, seller, subject, text).html, seller)


class TemplateLetter(LetterPage):
    """What a template's e-mails look like."""

    def html(self) -> str:
        one = self.object
        return example_letter(one.kind, one.tenant, one.subject, one.text).html

    def seller(self) -> Tenant:
        seller: Tenant = self.object.tenant
        return seller


class Templates(Resource):
    model, table, filters, form = Template, TemplateTable, TemplateFilters, TemplateForm
    icon = "mail-cog"
    help = _("What your e-mails say. Where you have no words of your own, those above you count.")
    empty = _("All e-mails say what the product says. Choose one above to say it in your words.")
    list_view, create_view, edit_view = TemplateList, TemplateCreate, TemplateEdit
    panels = (
        panels.Fields(_("Template"), "kind", "language", "tenant"),
        panels.Fields(_("Words"), "subject", "text"),
        panels.Html(
            _("Preview"),
            "mail/panels/looks.html",
            lambda request, one: {"letter_url": reverse("mail:template_letter", args=[one.pk])},
            wide=True,
        ),
    )

    def queryset(self, actor: Any) -> Any:
        return Template.objects.visible_to(actor).select_related("tenant")

    def create(self, actor: Any, values: dict[str, Any]) -> Template:
        tenant = values.pop("tenant")
        return setup_services.template_create(actor=actor, tenant_id=tenant.pk, **values)

    def change(self, actor: Any, obj: Template, values: dict[str, Any]) -> Template:
        return setup_services.template_change(actor=actor, template_id=obj.pk, **values)

    def remove(self, actor: Any, obj: Template) -> None:
        setup_services.template_delete(actor=actor, template_id=obj.pk)


def _test(actor: Any, server: MailServer, values: dict[str, Any]) -> Any:
    services.server_test(actor=actor, server_id=server.pk, recipient=values["recipient"])
    return _now("%(server)s took the message for %(recipient)s.") % {
        "server": server,
        "recipient": values["recipient"],
    }


class MailServers(Resource):
    model, table, filters, form = MailServer, MailServerTable, MailServerFilters, MailServerForm
    icon = "server-bolt"
    help = _("By which server e-mails leave: of any provider, one for each seller.")
    empty = _("All e-mails leave by the server above you. Add one to send from your own address.")
    panels = (
        panels.Fields(_("Mail server"), "tenant", "host", "port", "security"),
        panels.Fields(
            _("Access"),
            "username",
            panels.Value(_("Password"), lambda one: yes_no(bool(one.password_encrypted))),
            "sender",
        ),
    )
    actions = (
        Action(
            name="test",
            label=_("Send a test"),
            permission="mail.edit",
            icon="send",
            form=ServerTestForm,
            run=_test,
        ),
    )

    def queryset(self, actor: Any) -> Any:
        return MailServer.objects.visible_to(actor).select_related("tenant")

    def create(self, actor: Any, values: dict[str, Any]) -> MailServer:
        tenant = values.pop("tenant")
        return setup_services.server_create(actor=actor, tenant_id=tenant.pk, **values)

    def change(self, actor: Any, obj: MailServer, values: dict[str, Any]) -> MailServer:
        return setup_services.server_change(actor=actor, server_id=obj.pk, **values)

    def remove(self, actor: Any, obj: MailServer) -> None:
        setup_services.server_delete(actor=actor, server_id=obj.pk)


class CustomerNotices(Resource):
    model, table, filters, form = Notices, NoticesTable, NoticesFilters, NoticesForm
    icon = "bell"
    help = _("Who is told of what by e-mail, where and in which language.")
    empty = _("Everybody is told of suspensions and of closed cycles. Add who wants it otherwise.")
    panels = (
        panels.Fields(_("Customer"), "tenant", "address", "language"),
        panels.Fields(_("Notices"), "missed_calls", "suspension", "invoice"),
    )

    def queryset(self, actor: Any) -> Any:
        return Notices.objects.visible_to(actor).select_related("tenant")

    def create(self, actor: Any, values: dict[str, Any]) -> Notices:
        tenant = values.pop("tenant")
        return setup_services.notices_create(actor=actor, tenant_id=tenant.pk, **values)

    def change(self, actor: Any, obj: Notices, values: dict[str, Any]) -> Notices:
        return setup_services.notices_change(actor=actor, notices_id=obj.pk, **values)

    def remove(self, actor: Any, obj: Notices) -> None:
        setup_services.notices_delete(actor=actor, notices_id=obj.pk)

"""Screens of users: their list and forms."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from tronco.identity import links, second_factor, selectors, services, sessions
from tronco.identity.filters import UserFilters
from tronco.identity.forms import NewPasswordForm, UserForm
from tronco.identity.models import GivenCustomer, User
from tronco.identity.tables import SessionTable, UserTable
from tronco.tenancy.models import Tenant
from tronco.ui import panels
from tronco.ui.actions import Action
from tronco.ui.formats import instant, yes_no
from tronco.ui.resource import Resource


def _give_password(actor: Any, user: User, values: dict[str, Any]) -> Any:
    services.user_set_password(actor=actor, user_id=user.pk, password=values["password"])
    return _("The password was changed; the user must change it at the next sign-in.")


def _remove_second_factor(actor: Any, user: User, values: dict[str, Any]) -> Any:
    second_factor.second_factor_remove(actor=actor, user_id=user.pk)
    return _("The second factor was removed.")


def _send_link(actor: Any, user: User, values: dict[str, Any]) -> Any:
    links.password_link_send(actor=actor, user_id=user.pk)
    return _("A link to choose another password is on its way to %(email)s.") % {
        "email": user.email
    }


def _invite(actor: Any, user: User, values: dict[str, Any]) -> Any:
    links.invitation_send(actor=actor, user_id=user.pk)
    return _("The invitation is on its way to %(email)s.") % {"email": user.email}


def _sign_out(actor: Any, user: User, values: dict[str, Any]) -> Any:
    sessions.sessions_end(actor=actor, user_id=user.pk)
    return _("Signed out everywhere.")


class Users(Resource):
    model, table, filters, form = User, UserTable, UserFilters, UserForm
    icon = "users"
    help = _("Who signs in, with which role, and for which customers.")
    bulk_fields = ("role", "is_active")
    history_of = ((GivenCustomer, "user"),)
    panels = (
        panels.Fields(_("User"), "username", "name", "email", "is_active"),
        panels.Fields(
            _("Profile"),
            "tenant",
            "role",
            panels.Value(_("Customers"), lambda user: ", ".join(map(str, user.customers.all()))),
        ),
        panels.Fields(
            _("Access"),
            panels.Value(_("Second factor"), lambda user: yes_no(user.has_second_factor)),
            "must_change_password",
            panels.Value(_("Last sign-in"), lambda user: instant(user.last_login)),
            panels.Value(_("Created at"), lambda user: instant(user.created_at)),
        ),
        panels.Rows(
            _("Open sessions"),
            SessionTable,
            lambda actor, user: selectors.list_sessions(user_id=user.pk),
        ),
    )
    actions = (
        Action(
            name="invite",
            label=_("Send the invitation"),
            permission="identity.edit",
            icon="mail-forward",
            when=lambda user: not user.has_usable_password(),
            run=_invite,
        ),
        Action(
            name="password-link",
            label=_("E-mail a password link"),
            permission="identity.edit",
            icon="mail-cog",
            when=lambda user: user.has_usable_password() and bool(user.email),
            run=_send_link,
        ),
        Action(
            name="sign-out",
            label=_("Sign out everywhere"),
            permission="identity.edit",
            icon="logout",
            confirm=_("All open sessions of the user end at once."),
            when=lambda user: selectors.list_sessions(user_id=user.pk).exists(),
            in_rows=False,
            run=_sign_out,
        ),
        Action(
            name="password",
            label=_("New password"),
            permission="identity.edit",
            icon="key",
            form=NewPasswordForm,
            run=_give_password,
        ),
        Action(
            name="second-factor",
            label=_("Remove second factor"),
            permission="identity.edit",
            icon="shield-off",
            confirm=_("The user will sign in with the password alone until enrolling again."),
            when=lambda user: user.has_second_factor,
            run=_remove_second_factor,
            danger=True,
        ),
    )

    def queryset(self, actor: Any) -> Any:
        return selectors.list_users(actor=actor)

    def hint(self, obj: Any) -> str:
        return str(obj.username)

    def create(self, actor: Any, values: dict[str, Any]) -> User:
        tenant = values.get("tenant") or Tenant.objects.visible_to(actor).get()
        user = services.user_create(
            actor=actor,
            tenant_id=tenant.pk,
            password=values["password"],
            **_common(values),
        )
        if not values["password"]:
            links.invitation_send(actor=actor, user_id=user.pk)
        return user

    def change(self, actor: Any, user: User, values: dict[str, Any]) -> User:
        return services.user_change(actor=actor, user_id=user.pk, **_common(values))

    def remove(self, actor: Any, user: User) -> None:
        services.user_remove(actor=actor, user_id=user.pk)


def _common(values: dict[str, Any]) -> dict[str, Any]:
    return {
        "username": values["username"],
        "name": values["name"],
        "email": values["email"],
        "role": values["role"],
        "is_active": values["is_active"],
        "customer_ids": [customer.pk for customer in values.get("customers", ())],
    }

"""Forms of sign-in, profile and users."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from tronco.identity.models import User
from tronco.identity.roles import Role
from tronco.tenancy.models import Tenant
from tronco.ui.forms import Form, ModelForm, SearchSelect, SearchSelectMultiple, fieldset

CUSTOMER_ROLES = (Role.CUSTOMER_ADMINISTRATOR, Role.EXTENSION_USER)


def _password(label: Any, autocomplete: str, **options: Any) -> forms.CharField:
    widget = forms.PasswordInput({"autocomplete": autocomplete})
    return forms.CharField(label=label, strip=False, widget=widget, max_length=200, **options)


class SignInForm(Form):
    """Name and password."""

    username = forms.CharField(
        label=_("User name"),
        max_length=80,
        widget=forms.TextInput({"autocomplete": "username", "autofocus": True}),
    )
    password = _password(_("Password"), "current-password")

    def clean_username(self) -> str:
        # One spelling, so that the lock-out counts all of them together.
        return str(self.cleaned_data["username"]).strip().lower()


class CodeForm(Form):
    """A code of the authenticator, or a recovery code."""

    code = forms.CharField(
        label=_("Code"),
        max_length=20,
        widget=forms.TextInput(
            {"autocomplete": "one-time-code", "autofocus": True, "class": "font-monospace"}
        ),
    )


class ResetForm(Form):
    """A password chosen by a link, without the former one."""

    password = _password(_("New password"), "new-password", help_text=_("At least 10 characters."))
    again = _password(_("New password again"), "new-password")

    def clean_again(self) -> str:
        again = str(self.cleaned_data["again"])
        if again != self.cleaned_data.get("password"):
            raise forms.ValidationError(_("The two do not agree."))
        return again


class PasswordForm(ResetForm):
    """One's own password, changed."""

    old = _password(_("Current password"), "current-password")
    field_order = ("old", "password", "again")

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        self.user = user
        super().__init__(*args, **kwargs)

    def clean_old(self) -> str:
        old = str(self.cleaned_data["old"])
        if not self.user.check_password(old):
            raise forms.ValidationError(_("This is not your current password."))
        return old


class ForgottenForm(Form):
    """Who wants to choose another password."""

    name = forms.CharField(
        label=_("User name or e-mail"),
        max_length=254,
        widget=forms.TextInput({"autocomplete": "username", "autofocus": True}),
    )


class RegistrationForm(ResetForm):
    """What who was invited says of himself; a customer's administrator also of his company."""

    name = forms.CharField(label=_("Your name"), max_length=120)
    phone = forms.CharField(label=_("Telephone"), max_length=20, required=False)
    document = forms.CharField(label=_("CNPJ or CPF"), max_length=20, required=False)
    field_order = ("name", "document", "phone", "password", "again")

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        tenant = user.tenant
        first = {"name": user.name, "phone": tenant.phone}
        super().__init__(*args, initial=first, **kwargs)
        speaks_for_it = user.role == Role.CUSTOMER_ADMINISTRATOR
        if not speaks_for_it:
            del self.fields["phone"]
        if not speaks_for_it or tenant.document:
            del self.fields["document"]


class ConfirmForm(Form):
    """One's password once more, before something that weakens the access."""

    password = _password(_("Your password"), "current-password")

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        self.user = user
        super().__init__(*args, **kwargs)

    def clean_password(self) -> str:
        password = str(self.cleaned_data["password"])
        if not self.user.check_password(password):
            raise forms.ValidationError(_("This is not your current password."))
        return password


class ProfileForm(ModelForm):
    """What one may change of oneself."""

    class Meta(ModelForm.Meta):
        model = User
        fields = ("name", "email")


class NewPasswordForm(Form):
    """A password given to somebody else."""

    password = _password(
        _("New password"),
        "new-password",
        help_text=_("The user must change it at the next sign-in."),
    )


class UserForm(ModelForm):
    """A user. Where he stands is chosen once, at creation, with his first password, if he gets one.

    Who belongs to a customer makes users of that customer, and no others.
    """

    password = _password(
        _("First password"),
        "new-password",
        required=False,
        help_text=_(
            "Empty: an invitation goes to the e-mail, and the user chooses it. Otherwise it must be"
            " changed at the first sign-in."
        ),
    )
    fieldsets = (
        fieldset(_("User"), "username", "name", "email", "password", "is_active"),
        fieldset(
            _("Profile"),
            "tenant",
            "role",
            "customers",
            help=_("What the user may do, where, and for which customers."),
        ),
    )

    class Meta(ModelForm.Meta):
        model = User
        fields = ("username", "name", "email", "is_active", "tenant", "role", "customers")
        widgets = {
            "tenant": SearchSelect("tenancy:tenant_options"),
            "customers": SearchSelectMultiple("tenancy:tenant_options"),
        }

    def adapt(self, actor: Any) -> None:
        if self.instance.pk:
            del self.fields["password"]
            owner, several = self.instance.tenant, False
        else:
            owners = list(self.fields["tenant"].queryset.order_by("path")[:2])  # type: ignore[attr-defined]
            owner, several = next(iter(owners), None), len(owners) > 1
            self.fields["tenant"].initial = owner
        if not several:
            del self.fields["tenant"]
            if owner is not None and owner.kind == Tenant.Kind.CUSTOMER:
                del self.fields["customers"]
                choices = [(role.value, role.label) for role in CUSTOMER_ROLES]
                self.fields["role"].choices = choices  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if "password" in self.fields and not (values.get("password") or values.get("email")):
            self.add_error("email", _("Write the e-mail for the invitation, or a first password."))
        return values

"""Forms of sign-in, profile and users."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from tronco.identity.models import User
from tronco.ui.forms import Form, ModelForm, SearchSelect, SearchSelectMultiple, fieldset


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


class PasswordForm(Form):
    """One's own password, changed."""

    old = _password(_("Current password"), "current-password")
    password = _password(_("New password"), "new-password", help_text=_("At least 10 characters."))
    again = _password(_("New password again"), "new-password")

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        self.user = user
        super().__init__(*args, **kwargs)

    def clean_old(self) -> str:
        old = str(self.cleaned_data["old"])
        if not self.user.check_password(old):
            raise forms.ValidationError(_("This is not your current password."))
        return old

    def clean_again(self) -> str:
        again = str(self.cleaned_data["again"])
        if again != self.cleaned_data.get("password"):
            raise forms.ValidationError(_("The two do not agree."))
        return again


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
    """A user. Where he stands is chosen once, at creation, with his first password."""

    password = _password(
        _("First password"),
        "new-password",
        help_text=_("The user must change it at the first sign-in."),
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
            del self.fields["tenant"]
        else:
            self.fields["tenant"].initial = self.fields["tenant"].queryset.order_by("path").first()  # type: ignore[attr-defined]

"""Writes of users: created, changed, given passwords.

The second factor is in `second_factor`, links by e-mail in `links`, sessions in `sessions`.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from tronco.core.errors import Conflict, InvalidInput, NotFound
from tronco.identity.models import User, UserLink
from tronco.identity.roles import Role
from tronco.identity.selectors import get_user
from tronco.tenancy.access import Actor
from tronco.tenancy.models import Tenant

CUSTOMER_ROLES = frozenset({Role.CUSTOMER_ADMINISTRATOR, Role.EXTENSION_USER})


@transaction.atomic
def user_create(
    *,
    actor: Actor,
    username: str,
    name: str,
    tenant_id: int,
    role: str,
    password: str = "",
    email: str = "",
    customer_ids: Sequence[int] = (),
    is_active: bool = True,
    must_change_password: bool = True,
) -> User:
    """Create a user who stands at `tenant_id`; the password is checked as any other.

    Without one he cannot sign in until he has chosen it himself (`links.invitation_send`).
    """
    actor.require("identity.edit")
    tenant = _get_tenant(actor, tenant_id)
    _check_role(role, tenant)
    user = User(
        username=username.strip(),
        name=name.strip(),
        email=email,
        tenant=tenant,
        role=role,
        is_active=is_active,
        must_change_password=must_change_password and bool(password),
    )
    if password:
        password_set(user, password)
    else:
        user.set_unusable_password()
    _check(user)
    user.save()
    user.customers.set(_get_customers(actor, tenant, customer_ids))
    return user


@transaction.atomic
def user_change(
    *,
    actor: Actor,
    user_id: int,
    username: str,
    name: str,
    role: str,
    email: str = "",
    customer_ids: Sequence[int] = (),
    is_active: bool = True,
) -> User:
    """Change a user. Nobody takes away his own role or access: some level might lose its last."""
    actor.require("identity.edit")
    user = get_user(actor=actor, user_id=user_id)
    _check_role(role, user.tenant)
    if actor.user_id == user.pk and (role != user.role or not is_active):
        raise Conflict(_("You cannot change your own role or close your own access."))
    if email != user.email:
        links_end(user)
    user.username, user.name, user.email = username.strip(), name.strip(), email
    user.role, user.is_active = role, is_active
    _check(user)
    user.save(update_fields=["username", "name", "email", "role", "is_active"])
    user.customers.set(_get_customers(actor, user.tenant, customer_ids))
    return user


@transaction.atomic
def user_set_password(
    *, actor: Actor, user_id: int, password: str, must_change_password: bool = True
) -> User:
    """Give a user a new password; his open sessions end. Everybody may change his own."""
    own = actor.user_id == user_id
    if not own:
        actor.require("identity.edit")
    user = User.objects.get(pk=user_id) if own else get_user(actor=actor, user_id=user_id)
    password_set(user, password)
    links_end(user)
    user.must_change_password = must_change_password and not own
    user.save(update_fields=["password", "must_change_password"])
    return user


@transaction.atomic
def user_change_own(*, actor: Actor, name: str, email: str) -> User:
    """Change what one may change of oneself."""
    user: User = User.objects.get(pk=actor.user_id)
    if email != user.email:
        links_end(user)
    user.name, user.email = name.strip(), email
    _check(user)
    user.save(update_fields=["name", "email"])
    return user


@transaction.atomic
def user_remove(*, actor: Actor, user_id: int) -> None:
    """Delete a user; what he did stays in the history under his name."""
    actor.require("identity.delete")
    if actor.user_id == user_id:
        raise Conflict(_("You cannot delete yourself."))
    get_user(actor=actor, user_id=user_id).delete()


def links_end(user: User) -> None:
    """End the links of a user that have not been used."""
    UserLink.objects.filter(user=user, used_at=None).delete()


def password_set(user: User, password: str) -> None:
    """Put a password on an unsaved user, or raise InvalidInput with what is wrong with it."""
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise InvalidInput(" ".join(error.messages), field="password") from error
    user.set_password(password)


def _get_tenant(actor: Actor, tenant_id: int) -> Tenant:
    try:
        return Tenant.objects.visible_to(actor).get(pk=tenant_id)
    except Tenant.DoesNotExist as error:
        raise NotFound(f"no tenant {tenant_id}") from error


def _get_customers(actor: Actor, tenant: Tenant, ids: Sequence[int]) -> list[Tenant]:
    """The customers a user is given; all must lie below his tenant and within the actor's reach."""
    wanted = set(ids)
    found = list(
        Tenant.objects.visible_to(actor).filter(pk__in=wanted, path__startswith=tenant.path)
    )
    if len(found) != len(wanted):
        raise InvalidInput(
            _("Only customers below %(tenant)s can be given.") % {"tenant": tenant},
            field="customers",
        )
    return found


def _check_role(role: str, tenant: Tenant) -> None:
    """A customer's users have customers' roles, and nobody else has."""
    if role not in Role.values:
        raise InvalidInput(_("There is no role “%(role)s”.") % {"role": role}, field="role")
    if (role in CUSTOMER_ROLES) != (tenant.kind == Tenant.Kind.CUSTOMER):
        raise InvalidInput(
            _("The role “%(role)s” does not exist at this level (%(level)s).")
            % {"role": Role(role).label, "level": tenant.get_kind_display()},
            field="role",
        )


def _check(user: User) -> None:
    """Field by field; user names differ whatever their case, over all tenants."""
    same = User.objects.filter(username__iexact=user.username).exclude(pk=user.pk)
    if same.exists():
        raise InvalidInput(_("This user name is taken."), field="username")
    try:
        user.clean_fields(exclude=["password", "tenant"])
    except ValidationError as error:
        field, messages = next(iter(error.message_dict.items()))
        raise InvalidInput(" ".join(messages), field=field) from error

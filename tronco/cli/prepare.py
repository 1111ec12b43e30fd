"""`tronco prepare`: what an installation needs before anybody can sign in; may be repeated."""

from __future__ import annotations

import argparse
from pathlib import Path

from tronco.cli.instance import missing_migrations, open_instance
from tronco.core.ids import new_password
from tronco.runtime.paths import Home, instance_home
from tronco.runtime.translations import gettext as _

ADMINISTRATOR = "admin"
# Readable by its owner only, and gone once the administrator has chosen a password of his own.
FIRST_PASSWORD = "secrets/first-administrator"  # noqa: S105 - the name of a file


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "--name", default="Operadora", help=_("the operator's name (default: %(default)s)")
    )
    parser.add_argument(
        "--central",
        metavar=_("NAME"),
        default="node1",
        help=_("this machine's switch (default: %(default)s)"),
    )
    parser.add_argument(
        "--address",
        default="127.0.0.1",
        help=_("where phones reach the switch (default: %(default)s)"),
    )
    parser.add_argument("--sip-port", type=int, default=5060, metavar=_("PORT"))


def run(args: argparse.Namespace) -> int:
    """Make the schema, the master, this machine's central, the first administrator, if missing."""
    open_instance()
    from django.core.management import call_command

    from tronco.centrals.models import Central
    from tronco.centrals.services import central_create
    from tronco.tenancy.access import SYSTEM
    from tronco.tenancy.models import Tenant
    from tronco.tenancy.services import master_create

    # Django's own command takes seconds to find that there is nothing to do.
    if missing_migrations():
        call_command("migrate", interactive=False)
    home = instance_home()
    master = Tenant.objects.filter(kind=Tenant.Kind.MASTER).first()
    if master is None:
        master = master_create(actor=SYSTEM, name=args.name)
    if not Central.objects.filter(name=args.central).exists():
        central_create(actor=SYSTEM, name=args.central, host=args.address, sip_port=args.sip_port)
    _administrator(home, master_id=master.pk)
    return 0


def find_first_password(home: Home) -> str:
    """Return the administrator's first password while it is his, else nothing."""
    path = home.root / FIRST_PASSWORD
    return path.read_text().strip() if path.exists() else ""


def _administrator(home: Home, *, master_id: int) -> None:
    from tronco.identity.models import User
    from tronco.identity.roles import Role
    from tronco.identity.services import user_create
    from tronco.tenancy.access import SYSTEM

    path: Path = home.root / FIRST_PASSWORD
    user = User.objects.filter(username=ADMINISTRATOR).first()
    if user is not None:
        if path.exists() and not user.check_password(find_first_password(home)):
            path.unlink()
        return
    if User.objects.filter(tenant_id=master_id, role=Role.ADMINISTRATOR).exists():
        return
    password = new_password(14)
    home.write(FIRST_PASSWORD, password + "\n")
    user_create(
        actor=SYSTEM,
        username=ADMINISTRATOR,
        name="Administrador",
        tenant_id=master_id,
        role=Role.ADMINISTRATOR,
        password=password,
    )

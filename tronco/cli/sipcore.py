"""`tronco sipcore`: call control for the Asterisk nodes of this machine."""

from __future__ import annotations

import argparse
import asyncio
import os

from tronco.runtime.translations import gettext as _

DEFAULT_CENTRAL = "node1"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "central",
        nargs="*",
        default=[DEFAULT_CENTRAL],
        help=_("names of the centrals that run on this machine; default %(default)s"),
    )


def run(args: argparse.Namespace) -> int:
    """Serve until told to stop."""
    from tronco.runtime.environment import instance_environment
    from tronco.runtime.paths import instance_home

    home = instance_home()
    os.environ.update(instance_environment(home))

    import django

    django.setup()
    from django.conf import settings

    from tronco.sipcore.places import node_settings
    from tronco.sipcore.process import Process

    nodes = [
        node_settings(
            home,
            name,
            database_url=os.environ["DATABASE_URL"],
            realm=settings.TRONCO_SIP_REALM,
        )
        for name in args.central
    ]
    asyncio.run(Process(home, nodes).run())
    return 0

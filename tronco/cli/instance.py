"""How a command reaches the database of this checkout's instance."""

from __future__ import annotations

import os

import django

from tronco.runtime.environment import instance_environment
from tronco.runtime.paths import instance_home


def open_instance() -> None:
    """Set up Django upon the instance's database; settings already in the environment stay."""
    os.environ.update(instance_environment(instance_home()))
    django.setup()

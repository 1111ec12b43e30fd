"""What every Python process of an instance is told through its environment."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from tronco.runtime.cache import cache_dir
from tronco.runtime.errors import ComponentMissing
from tronco.runtime.paths import CHECKOUT, Home
from tronco.runtime.postgres import Cluster
from tronco.runtime.privileges import ServiceUser

DATABASE = "tronco"


def instance_environment(home: Home) -> dict[str, str]:
    """Variables for Django's settings; those that are set already stay as they are."""
    defaults = {
        "DATABASE_URL": "",
        # Ours, also for those who run as somebody else: they find what we fetched.
        "TRONCO_CACHE": str(cache_dir()),
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "TRONCO_HOME": str(home.root),
        "TRONCO_SECRET_KEY": "",
        "PYTHONPATH": str(CHECKOUT),
        "PYTHONUNBUFFERED": "1",
    }
    environment = {name: os.environ.get(name) or value for name, value in defaults.items()}
    environment["DATABASE_URL"] = environment["DATABASE_URL"] or _embedded_url(home)
    environment["TRONCO_SECRET_KEY"] = environment["TRONCO_SECRET_KEY"] or home.secret("secret-key")
    return environment


def python_user(home: Home) -> ServiceUser | None:
    """Who runs our own code when root starts us: the user without rights if he can read it.

    A checkout or a Python below /root is closed to him; then it is root, and `tronco up` says so.
    """
    needed = [Path(sys.executable), Path(os.__file__), CHECKOUT / "manage.py"]
    if home.user and all(home.user.can_use(path) for path in needed):
        return home.user
    return None


def _embedded_url(home: Home) -> str:
    try:
        return Cluster(home).url(DATABASE)
    except FileNotFoundError:
        raise ComponentMissing(
            "PostgreSQL",
            f"this instance ({home.root}) has not been set up yet",
            cure="run `make run` or `tronco up` first, or set DATABASE_URL",
        ) from None

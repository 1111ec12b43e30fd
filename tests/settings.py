"""The product's settings over the tests' own database server."""

import os

from tests.support.postgres import ensure_test_database_url

ensure_test_database_url()
os.environ.setdefault("TRONCO_SECRET_KEY", "only-for-tests")

from config.settings import *  # noqa: E402, F403

DATABASES["default"]["ENGINE"] = "tests.support.database"  # noqa: F405

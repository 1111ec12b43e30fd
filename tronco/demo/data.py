"""Loads the demonstration operator: everything that `make run` shows, into an empty instance.

All is made through the services, as the system; the month of calls and postings that lies behind it
is history, and is inserted by `history`.
"""

from __future__ import annotations

from django.db import transaction

from tronco.core.errors import Conflict
from tronco.demo.people import People, is_loaded, people_load
from tronco.tenancy.models import Tenant


@transaction.atomic
def demonstration_load() -> People:
    """Make the demonstration's operator. Raises Conflict where there are customers already."""
    if not is_loaded() and Tenant.objects.exclude(kind=Tenant.Kind.MASTER).exists():
        raise Conflict(
            "this instance has customers of its own; the demonstration goes into an empty one only "
            "(set TRONCO_HOME to a new directory)",
            code="demo-not-empty",
        )
    return people_load(Tenant.objects.get(kind=Tenant.Kind.MASTER))

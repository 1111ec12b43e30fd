"""Who in the demonstration wants e-mails of missed calls, so that letters come by themselves."""

from __future__ import annotations

from tronco.demo.people import People
from tronco.mail.models import Language
from tronco.mail.setup_services import notices_create
from tronco.tenancy.access import SYSTEM

# One of the master's customers, and one of the reseller's who has a brand.
TOLD = ("clinica", "morada")


def notices_load(people: People) -> None:
    """Let them be told; where, their registration says."""
    for key in TOLD:
        notices_create(
            actor=SYSTEM,
            tenant_id=people.tenants[key].pk,
            language=Language.PORTUGUESE,
            missed_calls=True,
        )

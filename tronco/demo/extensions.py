"""Extensions that two of the demonstration's customers have made themselves, and who uses one."""

from __future__ import annotations

from tronco.customers.models import Subscription
from tronco.customers.services import customer_change
from tronco.demo.people import People, Worker, worker_load
from tronco.extensions.services import extension_create
from tronco.identity.roles import Role
from tronco.tenancy.access import SYSTEM

# By customer: how many he may make, and those that he has made.
EXTENSIONS = {
    "clinica": (8, (("13", "Sala 1"), ("14", "Sala 2"), ("15", "Laboratório"))),
    "morada": (3, (("21", "Plantão"),)),
}
NURSE = Worker("sala1", "Júlia Rezende", "clinica", Role.EXTENSION_USER)
OF_THE_NURSE = ("clinica", "13")


def extensions_load(people: People) -> None:
    """Say how many each may make, and make them; the nurse uses the first of the clinic's."""
    nurse = worker_load(people, NURSE)
    for key, (most, made) in EXTENSIONS.items():
        customer = people.tenants[key]
        bought = Subscription.objects.get(tenant=customer)
        customer_change(
            actor=SYSTEM,
            tenant_id=customer.pk,
            name=customer.name,
            status=customer.status,
            plan_id=bought.plan_id,
            due_day=bought.due_day,
            max_extensions=most,
        )
        for extension, name in made:
            extension_create(
                actor=SYSTEM,
                tenant_id=customer.pk,
                extension=extension,
                description=name,
                user=nurse if (key, extension) == OF_THE_NURSE else None,
            )

"""Requests for credit of the demonstration: some wait, some were decided."""

from __future__ import annotations

from dataclasses import dataclass

from tronco.charging.selectors import list_own_accounts
from tronco.circuits.models import Circuit
from tronco.core.money import MICRO
from tronco.identity.models import User
from tronco.topups.services import topup_approve, topup_ask, topup_refuse


@dataclass(frozen=True, slots=True)
class Wish:
    """What the user `by` asks for, on his line of that number or as a reseller; `seller` decides,
    or it waits. Amounts in reais; `refusal` is why nothing is credited."""

    by: str
    line: str
    amount: int
    note: str
    seller: str = ""
    refusal: str = ""


WISHES = (
    Wish("clinica", "1135550114", 50, "Pix feito hoje às 9h12"),
    Wish("serra", "", 500, "TED para o Horizonte, comprovante por e-mail"),
    Wish("morada", "3135550152", 40, "Pix da Tânia", seller="horizonte"),
    Wish("morada", "3135550151", 300, "Adiantamento da fatura", seller="horizonte",
         refusal="O boleto ainda não foi compensado"),
)  # fmt: skip


def topups_load() -> None:
    """Let people ask, and their sellers decide."""
    for wish in WISHES:
        asker = User.objects.get(username=wish.by).actor
        accounts = list_own_accounts(actor=asker)
        if wish.line:
            line = Circuit.objects.get(number=wish.line)
            accounts = accounts.filter(pk=line.account_id)
        topup = topup_ask(
            actor=asker,
            account_id=accounts.get().pk,
            amount_u=wish.amount * MICRO,
            note=wish.note,
        )
        if not wish.seller:
            continue
        seller = User.objects.get(username=wish.seller).actor
        if wish.refusal:
            topup_refuse(actor=seller, topup_id=topup.pk, reason=wish.refusal)
        else:
            topup_approve(actor=seller, topup_id=topup.pk)

"""Which prices and reasons of a call whom concern.

A call is sold once at each level of its chain: the circuit's seller to the customer, the reseller
above to that one, and so on up to the master, who buys from the carrier. Whoever looks sees what
he sold it for, what he bought it for, and the sales below him; never what happens above.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import BigIntegerField, Case, Expression, F, Func, Value, When
from django.db.models.functions import Cast, Coalesce

from tronco.calls.models import Cdr
from tronco.tenancy.access import Actor
from tronco.tenancy.models import Tenant

# `charges` runs from the circuit upwards, so counting from its end is counting from the master
# downwards: -1 is what the master's buyer pays.


@dataclass(frozen=True, slots=True)
class Viewpoint:
    """Where somebody stands in the tree: 0 is the master, 1 his resellers, and so on.

    None is somebody who was given customers here and there: he sees only what they pay.
    """

    depth: int | None
    sells: bool

    @property
    def sees_cost(self) -> bool:
        """The carrier's cost is the master's business alone."""
        return self.depth == 0

    def sale_u(self) -> Expression:
        """SQL for what the viewer sold the call for; for who only buys, what he pays."""
        if self.depth is None or not self.sells:
            return Coalesce(F("price_u"), Value(0), output_field=BigIntegerField())
        return _charge(-1 - self.depth)

    def purchase_u(self) -> Expression | None:
        """SQL for what the viewer bought the call for; None when that is not a question."""
        if not self.sells:
            return None
        if self.depth == 0:
            return Coalesce(F("cost_u"), Value(0), output_field=BigIntegerField())
        return None if self.depth is None else _charge(-self.depth)

    def told_reason(self) -> Expression:
        """SQL for why the call was refused, as the viewer may know: not that selling it loses."""
        told = When(reason="below-cost", then=Value("no-rate"))
        return Case(*([] if self.sells else [told]), default=F("reason"))

    def visible_charges(self, cdr: Cdr) -> list[dict[str, Any]]:
        """The levels of a call that he may see, from the circuit upwards."""
        charges: list[dict[str, Any]] = cdr.charges
        if self.depth is None or not self.sells:
            return charges[:1]
        return charges[: max(len(charges) - self.depth + 1, 0)]


def viewpoint_of(actor: Actor) -> Viewpoint:
    """Tell from where an actor looks. The system looks from the master's place."""
    if "/" in actor.scopes:
        return Viewpoint(depth=0, sells=True)
    if len(actor.scopes) != 1:
        return Viewpoint(depth=None, sells=False)
    path = actor.scopes[0]
    seller = Tenant.objects.filter(path=path).exclude(kind=Tenant.Kind.CUSTOMER)
    return Viewpoint(depth=path.count("/") - 2, sells=seller.exists())


def _charge(place: int) -> Expression:
    """SQL for the price of one level; a call that cost nothing has none."""
    text = Func(F("charges"), template=f"(%(expressions)s -> {place} ->> 'price_u')", arity=1)
    return Coalesce(Cast(text, BigIntegerField()), Value(0), output_field=BigIntegerField())

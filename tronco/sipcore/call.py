"""A call being decided on, whichever way it goes: what is known of it, and its authorisation."""

from __future__ import annotations

import logging
import unicodedata
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from tronco.charging.errors import Refused
from tronco.charging.gateway import Grant
from tronco.charging.requests import CallRequest, CarrierOption, Limit, Line
from tronco.numbering.classify import classify
from tronco.numbering.number import Number
from tronco.routing.select import Attempt, TrunkChoice, dial_string
from tronco.sipcore.agi import AgiRequest
from tronco.sipcore.cards import LineCard
from tronco.sipcore.means import Means, Outlook
from tronco.sipcore.steps import mailbox_sounds
from tronco.sipcore.taping import NOBODY, Wish, tape_variables
from tronco.sipcore.verdicts import Facts, Ring, Variables, Verdict

logger = logging.getLogger(__name__)
Ask = Callable[[str], Awaitable[str]]
# Refusals that the end of another call cures.
_PASSING = frozenset({"too-many-calls", "no-credit"})
# As a phone in Brazil shows it, and dials it back.
_AS_SHOWN = TrunkChoice(id=0, name="", carrier_id=0, number_format="ddd")
# A line that follows to a line that follows: after so many calls a line only rings.
MOST_HOPS = 3


class Call:
    """`facts` is what is known of the call so far, for its record."""

    def __init__(self, means: Means, outlook: Outlook, request: AgiRequest) -> None:
        self._means = means
        self._directory = means.directory
        self._gateway = means.gateway
        self._outlook = outlook
        self._request = request
        self._central = request.call_id.rpartition("-")[0]
        # How many calls of ours led to this one.
        self._hops = 0
        self._grant: Grant | None = None
        self.facts: dict[str, str] = {"line": request.endpoint}
        # Whose words a refusal is told in; None: it is not told.
        self.voice_of: int | None = None
        # Who wants it recorded for what led to it.
        self._wish = NOBODY

    async def decide(self, ask: Ask) -> Verdict:
        """Decide; `ask` gets values of expressions from the switch."""
        raise NotImplementedError

    async def _authorise(
        self,
        payer: Line | None,
        caller: str,
        number: Number,
        *,
        direction: str = "out",
        is_charged: bool = True,
        priced: Number | None = None,
        limits: Sequence[Limit] = (),
        attempts: Sequence[Attempt] = (),
    ) -> Grant:
        request = self._charge_request(
            payer,
            caller,
            number,
            direction=direction,
            is_charged=is_charged,
            priced=priced,
            limits=limits,
            attempts=attempts,
        )
        try:
            grant = await self._gateway.authorise(request)
        except Refused as refusal:
            # The call that was in the way may have ended a moment ago.
            if refusal.code not in _PASSING or not await self._outlook.catch_up():
                raise
            grant = await self._gateway.authorise(request)
        self._outlook.note(self._request, grant)
        self._grant = grant
        return grant

    def _charge_request(
        self,
        payer: Line | None,
        caller: str,
        number: Number,
        *,
        direction: str = "out",
        is_charged: bool = True,
        priced: Number | None = None,
        limits: Sequence[Limit] = (),
        attempts: Sequence[Attempt] = (),
    ) -> CallRequest:
        if attempts and attempts[0].trunk.max_calls is not None:
            first = attempts[0].trunk
            limits = (*limits, Limit(f"trunk:{first.id}", first.max_calls, None))
        return CallRequest(
            call_id=self._request.call_id,
            central=self._central,
            direction=direction,
            caller=caller,
            dialled=self._request.dialled,
            number=number,
            line=payer,
            at=datetime.now(UTC),
            priced=priced,
            # The same line may be named twice, as who calls and who is called.
            limits=tuple(dict.fromkeys(limits)),
            carriers=tuple(CarrierOption(a.trunk.id, a.trunk.cost_tariff_id) for a in attempts),
            is_charged=is_charged,
        )

    async def _tape(self, *wishes: Wish) -> Variables:
        """What the dialplan is told where somebody wants the call recorded."""
        wish = self._wish
        for one in wishes:
            wish |= one
        if not wish or not self._outlook.has_room():
            return {}
        [sound] = await self._means.sounds.paths(("s:recorded",), tenant_id=min(wish.owners))
        return tape_variables(wish, sound)

    async def _ring(
        self,
        line: LineCard,
        caller: str,
        grant: Grant,
        *wishes: Wish,
        tag: str = "",
        is_direct: bool = False,
    ) -> Ring:
        """Ring a line, with all that it does when it does not answer."""
        follow = line.follow
        if self._hops >= MOST_HOPS:
            follow = replace(follow, always="", by_status={})
        has_mailbox = follow.voicemail and line.id is not None
        called = await self._means.tapings.find("circuit", line.id, "in")
        return Ring(
            line=line.number,
            pages=line.pages,
            caller=caller,
            limit_s=grant.deadline_s,
            facts=self._kept(grant),
            tag=as_ascii(tag),
            follow=follow,
            leg_facts=line.facts,
            shown=line.shown.lstrip("+"),
            mailbox={"BOX": str(line.id), **await mailbox_sounds(self._means, line)}
            if has_mailbox
            else {},
            is_direct=is_direct,
            tape=await self._tape(called, *wishes),
        )

    def _kept(self, grant: Grant) -> Facts:
        """What the dialplan is to say again at the end: what charging does not keep."""
        if not grant.is_recorded:
            return self.facts
        return {"linked": self.facts["linked"]} if "linked" in self.facts else {}

    def _know(self, line: LineCard | None, caller: str, number: Number) -> None:
        """Take down what the record of a call that charging does not keep will need."""
        self.facts |= {
            "direction": self.facts.get("direction", "out"),
            "caller": caller or self._request.endpoint,
            "called": number.e164 or number.rating_digits or self._request.dialled,
            "class": str(number.call_class or ""),
        }
        if line is not None:
            self.facts |= line.facts


def as_shown(caller: str) -> str:
    """As a telephone in Brazil shows it; a name loses what no number has."""
    number = classify(caller)
    if number.valid:
        return dial_string(number, _AS_SHOWN)
    return "".join(c for c in caller if c.isascii() and (c.isalnum() or c in "+*#._-"))[:40]


def as_ascii(text: str) -> str:
    """Without accents, and without what would end a value of the dialplan."""
    plain = unicodedata.normalize("NFKD", text)
    return "".join(c for c in plain if c.isascii() and (c.isalnum() or c in " ._-"))

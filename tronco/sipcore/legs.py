"""Legs: calls that go out, or ring, on behalf of a call that we answered or that follows a line.

Each is a call of its own, with its own authorisation, deadline and record. Who pays is told by a
word that only our dialplan sets (`voice_dialplan.py`):

    line:1001    somebody at a desk (portal, call-back) spends the line's money
    card:7       the same with a calling card
    back:1001    the first leg of a call-back: to whoever called
    own:1001     what the owner himself configured: an option of a menu, an overflow
    follow:1001  the line's follow-me
    ring:1001    ring the line: nobody pays
    member:1001  the same, as a member of a queue
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from tronco.charging.errors import Refused
from tronco.charging.requests import Limit, Line
from tronco.core.errors import Unavailable
from tronco.numbering.classify import classify
from tronco.numbering.number import CallClass, Kind, Number
from tronco.pbx.speech import say_minutes
from tronco.sipcore.call import Ask, as_shown
from tronco.sipcore.cards import DidCard, FollowMe, LineCard
from tronco.sipcore.outgoing import Outgoing
from tronco.sipcore.steps import find_payer
from tronco.sipcore.taping import NOBODY, Wish, parse_wish
from tronco.sipcore.verdicts import Dial, Own, Ring, Told, Variables, Verdict

# A call that leads to a call that leads to a call ends here.
MOST_LEGS: Final = 6
_RINGING: Final = frozenset({"ring", "member"})
# Where a stranger chooses the number, the classes of the number he called count too.
_CHOSEN_BY_CALLER: Final = frozenset({"line", "card", "back"})
# Who stands at a desk is told for how long his credit is good.
_AT_THE_DESK: Final = frozenset({"line", "card"})


class Leg(Outgoing):
    """Asked with (payer, id of the number it goes through, hops, first call)."""

    _via: DidCard | None = None

    async def decide(self, ask: Ask) -> Verdict:
        asked = self._request
        payer, via, hops, linked = (asked.argument(place) for place in range(4))
        self._kind = payer.partition(":")[0]
        self._hops = int(hops or "0")
        self._via_id = int(via) if via else None
        self.facts |= {"linked": linked, "did": via}
        number = classify(asked.dialled)
        if number.call_class is CallClass.EMERGENCY and self._kind not in _RINGING:
            return await self._emergency(number, lambda: find_payer(self._directory, payer))
        if self._hops > MOST_LEGS:
            raise Refused("no-route")
        if self._via_id is not None:
            self._via = await self._directory.find_did_by_id(self._via_id)
        self._wish = parse_wish(asked.argument(4)) | parse_wish(asked.argument(5))
        self._wish |= await self._means.tapings.find("did", self._via_id)
        classes = self._via.outgoing_classes if self._via else frozenset()
        line = await find_payer(self._directory, payer, classes)
        if line is None:
            raise Refused("unknown-line")
        self._know(line, line.shown, number)
        if self._kind in _RINGING:
            return await self._ring_only(line)
        if self._kind in _CHOSEN_BY_CALLER and self._via is not None:
            allowed = line.allowed_classes & self._via.outgoing_classes
            line = replace(line, allowed_classes=allowed, own_ddd=line.own_ddd or self._ddd())
        verdict = await self._from_line(line, number)
        if self._kind in _AT_THE_DESK and isinstance(verdict, Dial | Ring | Own):
            return Told(verdict, await self._time_left(line))
        return verdict

    async def _time_left(self, line: LineCard) -> str:
        """The sounds that say how long the call may last; none where that has no limit."""
        try:
            seconds = await self._gateway.seconds_left(self._grant) if self._grant else None
        except Unavailable:
            # The call is granted; it goes on without the words.
            return ""
        if seconds is None:
            return ""
        sounds = ("s:minutes-left", *(f"s:{key}" for key in say_minutes(seconds)))
        return "&".join(await self._means.sounds.paths(sounds, tenant_id=line.tenant_id))

    async def _ring_only(self, line: LineCard) -> Verdict:
        """Within the customer; a line that is suspended goes on receiving for a while."""
        self.voice_of = line.tenant_id
        caller = self._request.caller
        number = Number(line.number, Kind.INVALID)
        self.facts |= {"direction": "internal", "called": line.number, "class": ""}
        payer = line.as_payer(did_id=self._via_id)
        grant = await self._authorise(
            payer, caller, number, direction="internal", is_charged=False, limits=line.own_limits
        )
        if self._kind == "member":
            # The queue goes on to the next by itself.
            line = replace(line, follow=FollowMe(ring_s=line.follow.ring_s))
        return await self._ring(line, as_shown(caller), grant)

    async def _inside(self, line: LineCard) -> Verdict | None:
        """Colleagues are for who speaks as the line itself."""
        if self._kind in ("card", "back"):
            return None
        return await super()._inside(line)

    async def _tape(self, *wishes: Wish) -> Variables:
        """What is said and typed at the desk that calls back is nobody's conversation."""
        return {} if self._kind == "back" else await super()._tape(*wishes)

    async def _wish_of(self, line: LineCard) -> Wish:
        """Only at the desk it is the line itself that calls."""
        return await super()._wish_of(line) if self._kind == "line" else NOBODY

    def _payer(self, line: LineCard) -> Line:
        return line.as_payer(did_id=self._via_id)

    def _limits(self, line: LineCard) -> tuple[Limit, ...]:
        limits = line.limits
        if self._kind == "follow":
            # The call that follows holds a place of the line already.
            limits = line.shared_limits
        if self._via is None:
            return limits
        if self._kind == "back":
            limits = (*limits, *self._via.call_limits)
        return (*limits, *self._via.day_limits)

    async def _caller_of(self, line: LineCard) -> str:
        """What the called party sees: the number that was called, where it is called back."""
        if self._via is not None and (self._kind == "back" or not line.shown):
            return self._via.e164
        return line.shown

    def _ddd(self) -> int:
        number = classify(self._via.e164) if self._via else None
        return (number and number.ddd) or 0

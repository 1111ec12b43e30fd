"""Answers the switch: may this call start, where to, for how long, and what next?

The order is the rule: emergency first, which needs nobody's leave; then who calls and what was
dialled; then which trunks there are; last charging, which places the holds. Whoever waits here for
the database waits a bounded time (`server.py`, `database.py`, `charging.gateway`).
"""

from __future__ import annotations

import logging
from collections.abc import Mapping

from tronco.charging.errors import Refused
from tronco.charging.reasons import get_reason
from tronco.core.errors import Unavailable
from tronco.sipcore.agi import AgiRequest
from tronco.sipcore.call import Ask, Call
from tronco.sipcore.incoming import Incoming
from tronco.sipcore.legs import Leg
from tronco.sipcore.means import Means, Outlook
from tronco.sipcore.outgoing import Outgoing
from tronco.sipcore.steps import step
from tronco.sipcore.verdicts import Refuse

logger = logging.getLogger(__name__)


class Control:
    """Answers the requests of every node of this process; `outlooks` by the node's name."""

    def __init__(self, means: Means, outlooks: Mapping[str, Outlook]) -> None:
        self._means = means
        self._outlooks = outlooks

    async def decide(self, request: AgiRequest, ask: Ask) -> Mapping[str, str]:
        """Return the variables of the verdict, or of the next step."""
        central = request.call_id.rpartition("-")[0]
        outlook = self._outlooks.get(central)
        if outlook is None:
            logger.error("a call of %s, which is not a central of this process", central)
            return {}
        if request.script == "step":
            return await step(self._means, outlook, request.argument(0), request.argument(1))
        kind = {"incoming": Incoming, "leg": Leg}.get(request.script, Outgoing)
        call: Call = kind(self._means, outlook, request)
        try:
            return (await call.decide(ask)).variables()
        except Refused as refusal:
            return await self._refuse(call, refusal.code)
        except Unavailable as problem:
            logger.warning("call %s is refused: %s", request.call_id, problem)
            return await self._refuse(call, "unreachable")

    async def _refuse(self, call: Call, reason: str) -> Mapping[str, str]:
        """Say no, in the voice of whoever's number or line it is."""
        sound, sounds = get_reason(reason).sound, [""]
        if sound and call.voice_of is not None:
            sounds = await self._means.sounds.paths((f"s:{sound}",), tenant_id=call.voice_of)
        return Refuse(reason, call.facts, sounds[0]).variables()

"""Calls to numbers of ours: whoever they come from, what the number does with them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from tronco.charging.errors import Refused
from tronco.charging.gateway import Grant
from tronco.numbering.classify import classify
from tronco.numbering.number import Kind, Number
from tronco.pbx.flow import Target
from tronco.pbx.schedules import is_open
from tronco.sipcore import lockouts
from tronco.sipcore.call import Ask, Call, as_ascii, as_shown
from tronco.sipcore.callbacks import Wanted
from tronco.sipcore.cards import DidCard, LineCard, Peer
from tronco.sipcore.endpoints import find_trunk_id, supplying_did
from tronco.sipcore.scene import Scene
from tronco.sipcore.steps import echo, first_move, first_question
from tronco.sipcore.taping import parse_wish
from tronco.sipcore.verdicts import Forward, HangUpFirst, Verdict, Voice, dialable

# What S1-22 tells apart: whoever calls from Brazil, and not from a mobile, is fixed.
_CALLER_KINDS: Final = {Kind.MOBILE: "mobile", Kind.INTERNATIONAL: "abroad"}
_EVERYBODY: Final = frozenset({"fixed", "mobile", "abroad"})
# Where a PIN is asked for, and where calls go out on the owner's money.
_WITH_PIN: Final = frozenset({"portal", "card", "callback_auth"})
_SPENDING: Final = _WITH_PIN | {"callback", "reverse_menu"}
_CALLING_BACK: Final = frozenset({"callback", "callback_auth", "reverse_menu"})


class Incoming(Call):
    """A call to a number of ours, from a carrier or from within."""

    _did: DidCard
    _number: Number  # the one that rings; its class is the caller's
    _caller: Number

    async def decide(self, ask: Ask) -> Verdict:
        trunk_id = find_trunk_id(self._request.endpoint)
        self._hops = int(self._request.argument(0) or "0")
        self._wish = parse_wish(self._request.argument(1))
        self.facts |= {"direction": "in", "trunks": str(trunk_id or "")}
        did = await self._find_called(trunk_id, ask)
        if did is None:
            raise Refused("unknown-number")
        self._did = did
        self._wish |= await self._means.tapings.find("did", did.id)
        if did.says_errors:
            self.voice_of = did.tenant_id
        number = classify(did.e164)
        self._caller = caller = classify(self._request.caller, own_ddd=number.ddd)
        # What an incoming call is depends on who calls, seen from the number that rings.
        self._number = replace(number, call_class=caller.call_class or number.call_class)
        self._know(None, self._known_caller, self._number)
        self.facts |= {"did": str(did.id), "tenant": str(did.tenant_id)}
        await self._check()
        return await self._go(ask)

    async def _find_called(self, trunk_id: int | None, ask: Ask) -> DidCard | None:
        """By what the carrier dialled; by the To header when it dialled its own user name."""
        supplied = supplying_did(self._request.endpoint)
        if supplied is not None:
            return await self._find_supplied(supplied)
        did = await self._directory.find_did(self._request.dialled)
        if did is not None or trunk_id is None:
            return did
        if self._request.dialled != await self._directory.trunk_username(trunk_id):
            return None
        to = await ask("PJSIP_HEADER(read,To)")
        return await self._directory.find_did(_user_of(to))

    async def _find_supplied(self, did_id: int) -> DidCard | None:
        """A supplier of numbers delivers its own only; by its user name, the one it registered."""
        own = await self._directory.find_did_by_id(did_id)
        called = await self._directory.find_did(self._request.dialled)
        if own is None or self._request.dialled == own.username:
            return own
        return called if called and called.host == own.host else None

    @property
    def _known_caller(self) -> str:
        return self._caller.e164 or self._request.caller

    async def _check(self) -> None:
        """May this caller call this number? The worst first."""
        did = self._did
        if not did.is_in_use:
            raise Refused("number-not-in-use")
        if not did.allowed_callers >= _EVERYBODY:
            kind = _CALLER_KINDS.get(self._caller.kind, "fixed" if self._caller.valid else "")
            if kind not in did.allowed_callers:
                raise Refused("caller-not-allowed")
        if did.mode in _WITH_PIN:
            keys = [lockouts.caller_key(did.id, self._caller.e164)]
            at = datetime.now(UTC)
            if await self._means.checks.run(lockouts.is_locked, keys=keys, at=at):
                raise Refused("locked-out")

    async def _go(self, ask: Ask) -> Verdict:
        did = self._did
        if did.schedule is not None:
            card = await self._means.books.schedule(did.schedule)
            if card is not None and not is_open(card, datetime.now(UTC)):
                return await self._to(did.closed)
        if did.mode == "ring":
            return await self._to(Target("circuit", circuit=did.circuit))
        if did.mode == "menu":
            return await self._to(Target("menu", menu=did.menu))
        if did.mode == "queue":
            return await self._to(Target("queue", queue=did.queue))
        if did.mode == "voicemail":
            return await self._to(Target("voicemail", circuit=did.circuit))
        if did.mode == "ip":
            return await self._forward()
        if did.mode in _CALLING_BACK:
            return await self._hang_up_first(ask)
        return await self._at_the_desk()

    # -- what a number does ----------------------------------------------------------------------

    async def _to(self, target: Target) -> Verdict:
        """Ring a line, or answer and go where a destination leads."""
        if target.action == "circuit":
            return await self._to_line(target.circuit)
        grant = await self._admit()
        kind, id_ = (target.action, target.menu or target.queue)
        root = f"{kind}:{id_}" if kind in ("menu", "queue") else ""
        return await self._voice(grant, await first_move(self._means, self._scene(root), target))

    async def _to_line(self, number: str) -> Verdict:
        callee = await self._directory.find_line(number) if number else None
        if callee is None:
            raise Refused("nobody-there")
        try:
            grant = await self._admit(callee)
        except Refused as refusal:
            # As many calls as it may have: what it does when it is busy, it does now.
            elsewhere = callee.follow.by_status.get("BUSY")
            if refusal.details.get("meter") != f"circuit:{callee.id}" or not elsewhere:
                raise
            grant = await self._admit(callee, is_full=True)
            callee = replace(callee, follow=replace(callee.follow, always=elsewhere))
        did = self._did
        return await self._ring(
            callee, self._shown, grant, tag=did.caller_tag, is_direct=did.audio == "direct"
        )

    async def _forward(self) -> Verdict:
        """To another's switch, at the expense of the line that is named for it."""
        grant = await self._admit()
        peers = tuple(
            Peer(dialable(peer.tech_prefix), dialable(peer.host), peer.port)
            for peer in self._did.peers
        )
        if not peers:
            raise Refused("nobody-there")
        return Forward(
            dialable(self._did.raw),
            self._shown,
            peers,
            grant.deadline_s,
            self._kept(grant),
            await self._tape(),
        )

    async def _at_the_desk(self) -> Verdict:
        """Portal and card ask who it is; the audio test asks nothing."""
        did = self._did
        if did.mode == "portal":
            await self._get_portal_payer()
        grant = await self._admit()
        scene = self._scene(did.mode)
        if did.mode == "test":
            return await self._voice(grant, await echo(self._means, scene))
        asks = "card" if did.mode == "card" else "pin"
        return await self._voice(grant, await first_question(self._means, scene, asks))

    async def _hang_up_first(self, ask: Ask) -> Verdict:
        """Let the caller be called back: by a call of its own, which is authorised then."""
        did, caller = self._did, self._caller
        if not caller.e164:
            raise Refused("caller-unknown")
        if self._hops:
            # Two numbers that call each other back would never end.
            raise Refused("no-route")
        payer = did.pays
        if did.mode == "callback_auth":
            listed = await self._get_portal_payer()
            payer = payer or listed
        if not payer:
            raise Refused("no-payer")
        if caller.call_class not in did.outgoing_classes:
            raise Refused("class-not-allowed")
        await self._admit(is_charged=False)
        sound = await self._means.sounds.paths(
            (did.callback_audio or "s:callback-soon",), tenant_id=did.tenant_id
        )
        wanted = Wanted(
            number=caller.e164,
            payer=payer,
            did_id=did.id,
            tenant_id=did.tenant_id,
            shown=did.e164,
            formats=await ask("CHANNEL(audionativeformat)"),
        )
        return HangUpFirst(sound[0], wanted.as_facts())

    async def _get_portal_payer(self) -> str:
        """The line whose portal the caller may use."""
        lines = await self._directory.list_portal_lines(self._did.tenant_id, self._caller.e164)
        if not lines:
            raise Refused("not-in-portal")
        return lines[0].number

    # -- pieces ----------------------------------------------------------------------------------

    async def _admit(
        self,
        callee: LineCard | None = None,
        *,
        is_charged: bool | None = None,
        is_full: bool = False,
    ) -> Grant:
        """Authorise the call, at its owner's expense where the number says so.

        `is_full`: the callee's own limit does not count, for it does not ring.
        """
        did = self._did
        is_charged = did.is_charged if is_charged is None else is_charged
        limits = (*did.call_limits, *did.tenant_limits)
        if is_charged or did.mode in _SPENDING:
            limits = (*limits, *did.day_limits)
        if callee is not None and not is_full:
            limits = (*limits, *callee.own_limits)
        line = await self._directory.find_line(did.pays) if is_charged and did.pays else callee
        if is_charged and line is None:
            raise Refused("no-payer")
        if line is not None:
            self._know(line, self._known_caller, self._number)
        payer = did.as_payer()
        if line is not None:
            payer = line.as_payer(did_id=did.id, plan_id=did.plan_id if is_charged else None)
        return await self._authorise(
            payer,
            self._known_caller,
            self._number,
            direction="in",
            is_charged=is_charged,
            priced=self._caller if is_charged else None,
            limits=limits,
        )

    def _scene(self, root: str) -> Scene:
        did = self._did
        return Scene(tenant=did.tenant_id, caller=self._caller.e164, root=root, did=did.id)

    async def _voice(self, grant: Grant, move: Mapping[str, str]) -> Voice:
        tag = as_ascii(self._did.caller_tag)
        return Voice(
            self._shown,
            move,
            grant.deadline_s,
            self._kept(grant),
            tag=tag,
            tape=await self._tape(),
        )

    @property
    def _shown(self) -> str:
        return as_shown(self._request.caller)


def _user_of(header: str) -> str:
    """`"Ana" <sip:5511…@host>;tag=x` gives `5511…`."""
    return header.partition("sip:")[2].partition("@")[0].partition(";")[0]

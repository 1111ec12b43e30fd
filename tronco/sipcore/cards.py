"""Circuits, numbers and cards as a call sees them, and how each is read: one question, one card."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from tronco.charging.requests import Limit, Line
from tronco.pbx.flow import Sound, Target

Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class FollowMe:
    """What a line does when it does not answer itself: numbers by how it went, and voicemail.

    `by_status` has Asterisk's words for busy, not answered and away.
    """

    always: str = ""
    by_status: Mapping[str, str] = field(default_factory=dict)
    ring_s: int = 60
    voicemail: bool = False
    greeting: Sound = ""


@dataclass(frozen=True, slots=True)
class LineCard:
    """Who pays for calls: a circuit, or a calling card, which has no `id` and no `number`.

    `shown` is E.164 with +, empty when it owns no number.
    """

    id: int | None
    number: str
    central: str
    tenant_id: int
    account_id: int
    status: str
    own_ddd: int
    allowed_classes: frozenset[str]
    shown: str
    route_id: int | None
    limits: tuple[Limit, ...]
    suspended_at: datetime | None = None
    follow: FollowMe = field(default_factory=FollowMe)
    pages: tuple[str, ...] = ()  # telephones in open pages, as the switch calls them
    extension: str = ""

    @property
    def inside(self) -> str:
        """What colleagues see, and dial back."""
        return self.extension or self.number

    @property
    def own_limits(self) -> tuple[Limit, ...]:
        """Those of the line itself, not of its customer and the resellers above."""
        return tuple(limit for limit in self.limits if not limit.key.startswith("tenant:"))

    @property
    def shared_limits(self) -> tuple[Limit, ...]:
        return tuple(limit for limit in self.limits if limit.key.startswith("tenant:"))

    @property
    def facts(self) -> dict[str, str]:
        """Whose call it is, for its record."""
        circuit = {} if self.id is None else {"circuit": str(self.id)}
        return {"tenant": str(self.tenant_id), "account": str(self.account_id), **circuit}

    def as_payer(self, *, did_id: int | None = None, plan_id: int | None = None) -> Line:
        """As charging takes it."""
        return Line(
            account_id=self.account_id,
            tenant_id=self.tenant_id,
            circuit_id=self.id,
            did_id=did_id,
            plan_id=plan_id,
            status=self.status,
            suspended_at=self.suspended_at,
            allowed_classes=self.allowed_classes,
        )


@dataclass(frozen=True, slots=True)
class Peer:
    """Somebody else's switch, to which a number is forwarded."""

    tech_prefix: str
    host: str
    port: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DidCard:
    """A number of ours and what it does. Circuits are named by their numbers."""

    id: int
    raw: str
    e164: str
    tenant_id: int
    is_in_use: bool
    mode: str
    circuit: str
    payer: str
    menu: int | None
    queue: int | None
    schedule: int | None
    closed: Target
    callback_audio: Sound
    peers: tuple[Peer, ...]
    plan_id: int | None
    reverse_charging: bool
    max_calls: int | None
    max_day_u: int | None
    allowed_callers: frozenset[str]
    outgoing_classes: frozenset[str]
    caller_tag: str
    says_errors: bool
    audio: str
    tenant_status: str
    suspended_at: datetime | None
    tenant_limits: tuple[Limit, ...]
    host: str = ""  # of its supplier
    username: str = ""
    route_id: int | None = None

    @property
    def is_charged(self) -> bool:
        """Whether its owner pays for the calls that arrive."""
        return self.plan_id is not None or self.reverse_charging or self.mode == "ip"

    @property
    def pays(self) -> str:
        """The circuit that pays for what arrives, and for what goes out through it."""
        return self.payer or self.circuit

    @property
    def is_plain(self) -> bool:
        """It rings a line, always, and costs its owner nothing."""
        return self.mode == "ring" and not self.is_charged and self.schedule is None

    @property
    def call_limits(self) -> tuple[Limit, ...]:
        """How many calls may arrive at a time."""
        if self.max_calls is None:
            return ()
        return (Limit(f"did:{self.id}", self.max_calls, None),)

    @property
    def day_limits(self) -> tuple[Limit, ...]:
        """What it may spend a day, on calls that arrive and that go out through it."""
        if self.max_day_u is None:
            return ()
        return (Limit(f"did-day:{self.id}", None, None, self.max_day_u),)

    def as_payer(self) -> Line:
        """Its owner as charging takes him for a call that nobody pays for."""
        return Line(
            account_id=None,
            tenant_id=self.tenant_id,
            did_id=self.id,
            status=self.tenant_status,
            suspended_at=self.suspended_at,
        )


_LIMITS: Final = """
       (SELECT coalesce(json_agg(json_build_array(u.id, u.max_calls, u.max_cps)), '[]')
          FROM tenancy_tenant u
         WHERE t.path ^@ u.path AND (u.max_calls IS NOT NULL OR u.max_cps IS NOT NULL))"""
_ROUTE_ABOVE: Final = """
         (SELECT a.route_id FROM routing_routeassignment a
            JOIN tenancy_tenant u ON u.id = a.used_by_id
           WHERE t.path ^@ u.path ORDER BY length(u.path) DESC LIMIT 1),
         (SELECT r.id FROM routing_route r JOIN tenancy_tenant m ON m.id = r.tenant_id
           WHERE r.is_default AND m.kind = 'master' LIMIT 1)"""
# An extension stops with the line `m` that it hangs on, unless its own people stopped that.
LINE_STOPPED: Final = "(m.status <> 'active' AND NOT m.is_paused)"
LINE: Final = f"""
SELECT c.id, c.number, n.name, c.tenant_id, c.account_id,
       CASE WHEN c.status = 'disabled' THEN c.status
            WHEN t.status <> 'active' OR {LINE_STOPPED} THEN 'suspended' ELSE c.status END,
       c.own_ddd, c.allowed_classes,
       coalesce(
         (SELECT d.e164 FROM dids_did d
           WHERE d.tenant_id = c.tenant_id AND d.is_active AND c.caller_number <> ''
             AND d.e164 = c.caller_number LIMIT 1),
         (SELECT d.e164 FROM dids_did d
           WHERE d.tenant_id = c.tenant_id AND d.is_active AND d.circuit_id = c.id
           ORDER BY d.id LIMIT 1),
         (SELECT d.e164 FROM dids_did d
           WHERE d.tenant_id = c.tenant_id AND d.is_active
             AND (d.e164 = nullif(m.caller_number, '') OR d.circuit_id = m.id)
           ORDER BY d.e164 = m.caller_number DESC, d.id LIMIT 1),
         ''),
       coalesce(
         (SELECT a.route_id FROM routing_routeassignment a WHERE a.circuit_id = c.id),
         {_ROUTE_ABOVE}),
       (SELECT min(e.pgh_created_at) FROM circuits_circuitevent e
         WHERE e.pgh_obj_id = h.id
           AND e.pgh_id > coalesce((SELECT max(b.pgh_id) FROM circuits_circuitevent b
                                     WHERE b.pgh_obj_id = h.id AND b.status <> 'suspended'), 0)),
       s.extension, s.always, s.busy, s.no_answer, s.offline, s.ring_s, s.voicemail, p.sha256,
       ARRAY(SELECT w.name FROM circuits_pagephone w
              WHERE w.circuit_id = c.id AND w.expires_at > now() ORDER BY w.id),
       c.max_calls, c.max_cps, {_LIMITS}
  FROM circuits_circuit c
  JOIN tenancy_tenant t ON t.id = c.tenant_id
  JOIN centrals_central n ON n.id = c.central_id
  LEFT JOIN circuits_circuit m ON m.id = c.line_id
  -- Which of them is suspended, if one is.
  LEFT JOIN circuits_circuit h
         ON h.id = CASE WHEN c.status = 'suspended' THEN c.id WHEN {LINE_STOPPED} THEN m.id END
  LEFT JOIN pbx_lineservice s ON s.circuit_id = c.id
  LEFT JOIN pbx_prompt p ON p.id = s.voicemail_greeting_id
 WHERE c.number = %s AND t.status <> 'removed'
"""  # noqa: S608 - our own words
CARD: Final = f"""
SELECT k.account_id, k.tenant_id,
       CASE WHEN k.status = 'active' AND NOT s.is_blocked AND t.status = 'active'
            THEN 'active' ELSE 'suspended' END,
       coalesce({_ROUTE_ABOVE}), {_LIMITS}
  FROM callingcards_card k
  JOIN callingcards_cardseries s ON s.id = k.series_id
  JOIN tenancy_tenant t ON t.id = k.tenant_id
 WHERE k.id = %s
"""  # noqa: S608
# Of numbers that are written twice, the one that is in use.
DID: Final = f"""
SELECT d.id, d.raw, d.e164, d.tenant_id, d.is_active AND d.state = 'in_use', d.mode,
       coalesce(c.number, ''), coalesce(y.number, ''), d.menu_id, d.queue_id, d.schedule_id,
       coalesce('p:' || p.sha256, ''),
       d.techprefix, d.ip_address, d.ip_port,
       d.backup_techprefix, d.backup_address, d.backup_port,
       d.plan_id, d.reverse_charging, d.max_calls, d.max_day_u,
       d.allowed_callers, d.outgoing_classes, d.caller_tag, d.says_errors, d.audio,
       x.action, coalesce(xc.number, ''), x.queue_id, x.menu_id, coalesce('p:' || xp.sha256, ''),
       x.number,
       CASE WHEN t.status = 'active' THEN 'active' ELSE 'suspended' END,
       CASE WHEN t.status <> 'active' THEN charging_suspended_since(t.id, NULL) END, {_LIMITS},
       d.host, d.username,
       (SELECT a.route_id FROM routing_routeassignment a WHERE a.did_id = d.id)
  FROM dids_did d
  JOIN tenancy_tenant t ON t.id = d.tenant_id
  LEFT JOIN circuits_circuit c ON c.id = d.circuit_id
  LEFT JOIN circuits_circuit y ON y.id = d.payer_id
  LEFT JOIN pbx_prompt p ON p.id = d.callback_audio_id
  LEFT JOIN dids_closeddestination x ON x.did_id = d.id
  LEFT JOIN circuits_circuit xc ON xc.id = x.circuit_id
  LEFT JOIN pbx_prompt xp ON xp.id = x.prompt_id
 WHERE t.status <> 'removed' AND d.{{}} = %s
 ORDER BY d.is_active AND d.state = 'in_use' DESC, d.id LIMIT 1
"""  # noqa: S608
# One row: every outgoing call asks whether the number is among them. One that was ported out is
# somebody else's now.
OWN_NUMBERS: Final = """
SELECT coalesce(array_agg(e164), '{}') FROM dids_did WHERE is_active AND state <> 'ported_out'
"""
# Of one customer: a line's number, or a queue's id.
EXTENSIONS: Final = """
SELECT s.extension, c.number, NULL::bigint
  FROM pbx_lineservice s JOIN circuits_circuit c ON c.id = s.circuit_id
 WHERE s.tenant_id = %s AND s.extension <> ''
UNION ALL
SELECT extension, '', id FROM pbx_queue WHERE tenant_id = %s AND extension <> ''
"""
# The lines whose portal a telephone may use through a number of that tenant.
PORTAL_LINES: Final = """
SELECT c.number, s.pin_hash
  FROM pbx_portalcaller p
  JOIN tenancy_tenant o ON o.id = p.tenant_id
  JOIN tenancy_tenant t ON t.id = %s
  JOIN circuits_circuit c ON c.id = p.circuit_id
  JOIN pbx_lineservice s ON s.circuit_id = c.id
 WHERE p.is_active AND p.number = %s AND o.path ^@ t.path AND s.pin_hash <> '' ORDER BY p.id
"""


def line_card(row: Row) -> LineCard:
    """Read a row of LINE."""
    *plain, suspended_at, extension = row[:12]
    always, busy, no_answer, offline, ring_s, voicemail, greeting = row[12:-4]
    pages, max_calls, max_cps, tenants = row[-4:]
    id_, number, central, tenant_id, account_id, status, own_ddd, classes, shown, route_id = plain
    limits = tenant_limits(tenants)
    if max_calls is not None or max_cps is not None:
        limits = (*limits, Limit(f"circuit:{id_}", max_calls, max_cps))
    follow = FollowMe()
    if ring_s is not None:
        by_status = {"BUSY": busy, "NOANSWER": no_answer, "CHANUNAVAIL": offline}
        follow = FollowMe(
            always=always,
            by_status={name: to for name, to in by_status.items() if to},
            ring_s=ring_s,
            voicemail=voicemail,
            greeting=f"p:{greeting}" if greeting else "",
        )
    return LineCard(
        id=id_,
        number=number,
        central=central,
        tenant_id=tenant_id,
        account_id=account_id,
        status=status,
        own_ddd=own_ddd,
        allowed_classes=frozenset(classes),
        shown=shown,
        route_id=route_id,
        limits=limits,
        suspended_at=suspended_at,
        follow=follow,
        pages=tuple(pages),
        extension=extension or "",
    )


def calling_card(card_id: int, row: Row, classes: frozenset[str]) -> LineCard:
    """Read a row of CARD; one call at a time, as one person has it."""
    account_id, tenant_id, status, route_id, tenants = row
    return LineCard(
        id=None,
        number="",
        central="",
        tenant_id=tenant_id,
        account_id=account_id,
        status=status,
        own_ddd=0,
        allowed_classes=classes,
        shown="",
        route_id=route_id,
        limits=(*tenant_limits(tenants), Limit(f"card:{card_id}", 1, None)),
    )


def did_card(row: Row) -> DidCard:
    """Read a row of DID."""
    (
        id_, raw, e164, tenant_id, is_in_use, mode, circuit, payer, menu, queue, schedule, said,
        prefix, host, port, backup_prefix, backup_host, backup_port, plan_id, reverse, max_calls,
        max_day_u, callers, classes, tag, says_errors, audio,
        action, closed_circuit, closed_queue, closed_menu, closed_prompt, closed_number,
        tenant_status, suspended_at, tenants, supplier_host, username, route_id,
    ) = row  # fmt: skip
    closed = Target("prompt", prompt="s:closed")
    if action is not None:
        closed = Target(
            action=action,
            circuit=closed_circuit,
            queue=closed_queue,
            menu=closed_menu,
            prompt=closed_prompt,
            number=closed_number,
            payer=payer or circuit,
        )
    peers = (Peer(prefix, host, port), Peer(backup_prefix, backup_host, backup_port))
    return DidCard(
        id=id_,
        raw=raw,
        e164=e164,
        tenant_id=tenant_id,
        is_in_use=is_in_use,
        mode=mode,
        circuit=circuit,
        payer=payer,
        menu=menu,
        queue=queue,
        schedule=schedule,
        closed=closed,
        callback_audio=said,
        peers=tuple(peer for peer in peers if peer.host),
        plan_id=plan_id,
        reverse_charging=reverse,
        max_calls=max_calls,
        max_day_u=max_day_u,
        allowed_callers=frozenset(callers),
        outgoing_classes=frozenset(classes),
        caller_tag=tag,
        says_errors=says_errors,
        audio=audio,
        tenant_status=tenant_status,
        suspended_at=suspended_at,
        tenant_limits=tenant_limits(tenants),
        host=supplier_host,
        username=username,
        route_id=route_id,
    )


def tenant_limits(rows: Sequence[Sequence[Any]]) -> tuple[Limit, ...]:
    """Read a column of limits of a tenant and those above."""
    return tuple(Limit(f"tenant:{tenant}", calls, cps) for tenant, calls, cps in rows)

"""Numbers, menus and prompts for tests of voice services, and a caller who listens and types."""

from __future__ import annotations

import hashlib
import itertools
import time
from typing import Any

from django.db import connection

from tests.support.asterisk import SECRET_KEY, Exchange, wait_until
from tests.support.hearing import Ears, noise_wav
from tronco.circuits.models import Circuit
from tronco.core.pins import hash_pin
from tronco.demo.agent import Agent
from tronco.demo.call import Call
from tronco.dids.models import Did
from tronco.pbx.models import LineService, Menu, MenuOption, PortalCaller, Prompt
from tronco.sipcore.config import DATABASE_ROLE
from tronco.tenancy.models import Tenant

LANDLINE, MOBILE = "1140028922", "11987654321"
_numbers = itertools.count(551140100001)
_seeds = itertools.count(1)


def make_did(mode: str, *, tenant: Tenant, **fields: Any) -> Did:
    """A number in use; the next one that is free, unless `raw` says which."""
    raw = fields.pop("raw", str(next(_numbers)))
    fields = {"state": Did.State.IN_USE, "raw": raw, "e164": f"+{raw.lstrip('+')}", **fields}
    return Did.objects.create(tenant=tenant, mode=mode, **fields)


def make_prompt(tenant: Tenant, **fields: Any) -> Prompt:
    """A recording that no other is like."""
    seed = next(_seeds)
    sound = noise_wav(seed)
    sha256 = hashlib.sha256(sound).hexdigest()
    return Prompt.objects.create(
        tenant=tenant, name=f"ruído {seed}", sound=sound, sha256=sha256, duration_ms=1200, **fields
    )


def make_menu(tenant: Tenant, options: dict[str, dict[str, Any]], **fields: Any) -> Menu:
    """A menu with a greeting of its own; options as fields of MenuOption."""
    fields = {"greeting": make_prompt(tenant), "dials_extensions": False, **fields}
    menu = Menu.objects.create(tenant=tenant, name=f"menu {next(_seeds)}", **fields)
    for key, option in options.items():
        MenuOption.objects.create(tenant=tenant, owner=menu, key=key, **option)
    return menu


def give_pin(circuit: Circuit, pin: str, *callers: str) -> LineService:
    """A PIN for the portal, and who may use it."""
    service, _ = LineService.objects.update_or_create(
        circuit=circuit,
        defaults={"tenant": circuit.tenant, "pin_hash": hash_pin(pin, key=SECRET_KEY)},
    )
    for caller in callers:
        PortalCaller.objects.create(tenant=circuit.tenant, number=f"+55{caller}", circuit=circuit)
    return service


def ref(prompt: Prompt | None) -> str:
    assert prompt is not None
    return f"p:{prompt.sha256}"


def wait_for_configuration(exchange: Exchange) -> None:
    """Call control hears of a change some milliseconds after its commit; prompts become files."""
    place = exchange.settings.sounds / "pt_BR/prompts"
    wanted = set(Prompt.objects.values_list("sha256", flat=True))
    wait_until(
        lambda: wanted <= {path.stem for path in place.glob("*.wav")}, "the prompts are on the disk"
    )
    wait_until((place.parent / "tronco/version").exists, "the system's sounds are on the disk")
    wait_until(lambda: _is_heard(f"nobody-{next(_nobody)}"), "call control hears", timeout_s=20)


_nobody = itertools.count(1)


def _is_heard(name: str) -> bool:
    """Say that a line which is not there has changed, behind all that was said before.

    Call control lets Asterisk read it anew, and Asterisk asks the database for it.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify('tronco_line', %s)", [name])
        for _ in range(50):
            time.sleep(0.02)
            cursor.execute(
                "SELECT 1 FROM pg_stat_activity WHERE usename = %s AND strpos(query, %s) > 0",
                [DATABASE_ROLE, f"'{name}'"],
            )
            if cursor.fetchone():
                return True
    return False


async def call_in(agent: Agent, number: str, *, caller: str = LANDLINE, **options: Any) -> Call:
    """A call from outside, which listens."""
    call = await agent.call(number, caller=caller, **options)
    assert call.audio is not None
    call.audio.keeps = True
    return call


async def type_in(call: Call, ears: Ears, *turns: tuple[str, str]) -> None:
    """Hear what is asked, and type the answer, which interrupts it; one turn after the other."""
    for sound, keys in turns:
        assert call.audio is not None
        await ears.wait(call, sound, start_s=0.8, timeout_s=15)
        call.audio.heard.clear()
        await call.press(keys)

"""The FastAGI protocol as values: what Asterisk says of a call, and what it is told. No sockets."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from tronco.circuits.page_phones import line_of
from tronco.core.errors import InvalidInput

# A request is about twenty short lines.
MOST_BYTES = 16_384
# What a value may hold: all that would end a field, a command or a variable is left out.
_SAFE = re.compile(r"[A-Za-z0-9_+*#.:;@/|<>()=&%~^ -]*")
_RESULT = re.compile(r"200 result=(-?\d+)(?: \((.*)\))?")


@dataclass(frozen=True, slots=True)
class AgiRequest:
    """A call that asks.

    `script` is `outgoing`, `incoming`, `leg` or `step`; `endpoint` a circuit, a trunk, or what a
    leg was dialled as; `arguments` are the dialplan's own.
    """

    script: str
    call_id: str
    endpoint: str
    dialled: str
    caller: str
    channel: str
    arguments: tuple[str, ...] = ()

    def argument(self, place: int) -> str:
        """An argument of the dialplan; empty when it gave none."""
        return self.arguments[place] if place < len(self.arguments) else ""


def parse_request(lines: Iterable[str]) -> AgiRequest:
    """Read the `agi_name: value` lines that begin a session."""
    said: dict[str, str] = {}
    for line in lines:
        name, separator, value = line.partition(":")
        if separator and name.startswith("agi_"):
            if name[4:] in said:
                # Something that the caller says has a line's end in it.
                raise InvalidInput(f"{name} is said twice", code="agi-malformed")
            said[name[4:]] = value.strip()
    missing = [
        name for name in ("request", "uniqueid", "channel", "extension") if not said.get(name)
    ]
    if missing:
        raise InvalidInput(
            f"not a FastAGI request: {', '.join(missing)} missing", code="agi-malformed"
        )
    caller = said.get("callerid", "")
    return AgiRequest(
        script=said["request"].rpartition("/")[2],
        call_id=said["uniqueid"],
        endpoint=line_of(endpoint_of(said["channel"])),
        dialled=said["extension"],
        caller="" if caller == "unknown" else caller,
        channel=said["channel"],
        arguments=tuple(_arguments(said)),
    )


def _arguments(said: Mapping[str, str]) -> Iterator[str]:
    place = 1
    while f"arg_{place}" in said:
        yield said[f"arg_{place}"]
        place += 1


def endpoint_of(channel: str) -> str:
    """`PJSIP/loja-1-0000002a` is a channel of the endpoint `loja-1`."""
    return channel.partition("/")[2].rpartition("-")[0]


def set_variables(values: Mapping[str, str]) -> str:
    """One command that sets them all, in order; a verdict that comes last is there or is not."""
    for name, value in values.items():
        if not _SAFE.fullmatch(value):
            raise InvalidInput(f"{value!r} cannot be told to Asterisk", field=name)
    return 'EXEC MSet "' + ",".join(f"{name}={value}" for name, value in values.items()) + '"\n'


def get_variable(expression: str) -> str:
    """The command that asks for the value of `${expression}`."""
    return f'GET FULL VARIABLE "${{{expression}}}"\n'


def parse_answer(line: str) -> str:
    """The value in an answer to a command, empty when there is none; other answers raise."""
    found = _RESULT.fullmatch(line.strip())
    if found is None:
        raise InvalidInput(f"Asterisk refused a command: {line.strip()!r}", code="agi-refused")
    return found[2] or ""

"""SIP messages and digests as values (RFC 3261, RFC 7616): no sockets."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

COMPACT = {
    "v": "via",
    "f": "from",
    "t": "to",
    "i": "call-id",
    "m": "contact",
    "l": "content-length",
    "c": "content-type",
}
REASONS = {
    100: "Trying",
    180: "Ringing",
    183: "Session Progress",
    200: "OK",
    302: "Moved Temporarily",
    403: "Forbidden",
    404: "Not Found",
    480: "Temporarily Unavailable",
    481: "Call/Transaction Does Not Exist",
    486: "Busy Here",
    487: "Request Terminated",
    500: "Server Internal Error",
    503: "Service Unavailable",
    603: "Decline",
}
FORMATS = {0: "PCMU/8000", 3: "GSM/8000", 8: "PCMA/8000", 9: "G722/8000"}
_PARAMETER = re.compile(r'(\w+)\s*=\s*(?:"([^"]*)"|([^\s,]+))')
_USER = re.compile(r"sips?:([^@>;?]*)@")


@dataclass
class Message:
    """A request or a response: the first line, the headers in order, the body."""

    start: str
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: str = ""

    @property
    def is_response(self) -> bool:
        return self.start.startswith("SIP/2.0 ")

    @property
    def method(self) -> str:
        """Of a request its own, of a response that of the request it answers."""
        return self.get("cseq").split()[-1] if self.is_response else self.start.split(" ", 1)[0]

    @property
    def status(self) -> int:
        return int(self.start.split(" ", 2)[1]) if self.is_response else 0

    @property
    def uri(self) -> str:
        return self.start.split(" ", 2)[1]

    @property
    def branch(self) -> str:
        found = re.search(r"branch=([^;,\s]+)", self.get("via"))
        return found[1] if found else ""

    def get(self, name: str) -> str:
        """The first header of that name; empty if there is none."""
        return next(iter(self.all(name)), "")

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key == name]

    def encode(self) -> bytes:
        body = self.body.encode()
        lines = [self.start, *(f"{name}: {value}" for name, value in self.headers)]
        lines.append(f"content-length: {len(body)}")
        return "\r\n".join([*lines, "", ""]).encode() + body


def parse(data: bytes) -> Message | None:
    """Read a datagram; None for what is not SIP (keep-alives, noise)."""
    head, _, body = data.decode("utf-8", "replace").partition("\r\n\r\n")
    start, *lines = head.split("\r\n")
    if "SIP/2.0" not in start:
        return None
    headers = []
    for line in lines:
        name, separator, value = line.partition(":")
        if separator:
            key = name.strip().lower()
            headers.append((COMPACT.get(key, key), value.strip()))
    headers = [pair for pair in headers if pair[0] != "content-length"]
    return Message(start, headers, body)


def response_to(request: Message, status: int, *, to_tag: str = "") -> Message:
    """The beginnings of an answer: what every answer repeats of its request."""
    reply = Message(f"SIP/2.0 {status} {REASONS.get(status, 'Answer')}")
    for name in ("via", "from", "to", "call-id", "cseq", "record-route"):
        reply.headers += [(name, value) for value in request.all(name)]
    if to_tag:
        reply.headers = [
            (name, f"{value};tag={to_tag}" if name == "to" and "tag=" not in value else value)
            for name, value in reply.headers
        ]
    return reply


def tag_of(address: str) -> str:
    found = re.search(r";\s*tag=([^;>\s]+)", address)
    return found[1] if found else ""


def uri_in(address: str) -> str:
    """The URI of a name-addr: `"Ana" <sip:1001@host>;tag=x` gives `sip:1001@host`."""
    found = re.search(r"<([^>]+)>", address)
    return found[1] if found else address.partition(";")[0].strip()


def user_of(address: str) -> str:
    found = _USER.search(address)
    return found[1] if found else ""


def new_branch() -> str:
    return "z9hG4bK" + secrets.token_hex(8)


def authorization(challenge: str, *, method: str, uri: str, username: str, password: str) -> str:
    """The answer to a `WWW-Authenticate`: digest with MD5 or SHA-256, with or without qop."""
    asked = {key.lower(): quoted or bare for key, quoted, bare in _PARAMETER.findall(challenge)}
    algorithm = asked.get("algorithm", "MD5")
    hashed = hashlib.sha256 if algorithm.upper().startswith("SHA-256") else hashlib.md5

    def digest(parts: Iterable[str]) -> str:
        return hashed(":".join(parts).encode()).hexdigest()

    ha1 = digest((username, asked["realm"], password))
    ha2 = digest((method, uri))
    given = {"username": username, "realm": asked["realm"], "nonce": asked["nonce"], "uri": uri}
    plain = {"algorithm": algorithm}
    if "qop" in asked:
        given["cnonce"] = secrets.token_hex(8)
        plain |= {"qop": "auth", "nc": "00000001"}
        middle = (asked["nonce"], plain["nc"], given["cnonce"], "auth")
        given["response"] = digest((ha1, *middle, ha2))
    else:
        given["response"] = digest((ha1, asked["nonce"], ha2))
    if "opaque" in asked:
        given["opaque"] = asked["opaque"]
    quoted = [f'{key}="{value}"' for key, value in given.items()]
    return "Digest " + ", ".join([*quoted, *(f"{key}={value}" for key, value in plain.items())])


def sdp_offer(address: str, port: int, formats: Sequence[int] = (8, 0)) -> str:
    """Audio in these formats (RFC 3551; default: A-law, µ-law), and telephone events."""
    return "\r\n".join(
        [
            "v=0",
            f"o=- {secrets.randbelow(1 << 31)} 1 IN IP4 {address}",
            "s=-",
            f"c=IN IP4 {address}",
            "t=0 0",
            f"m=audio {port} RTP/AVP {' '.join(map(str, formats))} 101",
            *(f"a=rtpmap:{number} {FORMATS[number]}" for number in formats),
            "a=rtpmap:101 telephone-event/8000",
            "a=fmtp:101 0-16",
            "a=ptime:20",
            "a=sendrecv",
            "",
        ]
    )


def media_target(sdp: str) -> tuple[str, int] | None:
    """Where the other side wants its audio."""
    address = re.search(r"^c=IN IP4 (\S+)", sdp, re.MULTILINE)
    port = re.search(r"^m=audio (\d+)", sdp, re.MULTILINE)
    return (address[1], int(port[1])) if address and port else None

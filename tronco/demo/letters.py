"""The demonstration's mailbox: letters in files, each named after the moment it came. No models."""

from __future__ import annotations

import base64
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

from tronco.core.errors import NotFound

# The oldest goes when another comes.
MOST_LETTERS = 300
# Texts come first in a message, and are shorter than this with the logo.
HEAD_BYTES = 64_000


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that came along."""

    name: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Letter:
    """One message as the mail server took it; `key` is its moment, in ns."""

    key: int
    message: EmailMessage

    @property
    def at(self) -> datetime:
        return datetime.fromtimestamp(self.key // 10**9, UTC)

    @property
    def sender(self) -> str:
        return str(self.message["From"] or "")

    @property
    def recipient(self) -> str:
        return str(self.message["To"] or "")

    @property
    def subject(self) -> str:
        return str(self.message["Subject"] or "")

    @property
    def text(self) -> str:
        return self._body("plain")

    @property
    def html(self) -> str:
        """Its HTML with the pictures that came along in place: nothing of it is loaded."""
        html = self._body("html")
        for part in self.message.walk():
            name = str(part["Content-ID"] or "").strip("<>")
            if name and part.get_content_type() == "image/png":
                picture = base64.b64encode(_data(part)).decode()
                html = html.replace(f'"cid:{name}"', f'"data:image/png;base64,{picture}"')
        return html

    @property
    def has_attachment(self) -> bool:
        return any(map(_is_attached, self.message.walk()))

    @property
    def attachments(self) -> list[Attachment]:
        found = filter(_is_attached, self.message.walk())
        return [Attachment(part.get_filename() or "anexo", _data(part)) for part in found]

    def has(self, words: str) -> bool:
        """Whether the words stand in it."""
        said = (self.sender, self.recipient, self.subject, self.text)
        return words.casefold() in "\n".join(said).casefold()

    def _body(self, kind: str) -> str:
        part = self.message.get_body((kind,))
        return str(part.get_content()) if part is not None else ""


def letter_keep(place: Path, data: bytes) -> int:
    """Keep a message, at once or not at all, and forget the oldest beyond the most; its key."""
    key = time.time_ns()
    unfinished = place / f".{key}"
    unfinished.touch(mode=0o600)
    unfinished.write_bytes(data)
    unfinished.rename(_path(place, key))
    for old in _keys(place)[MOST_LETTERS:]:
        _path(place, old).unlink(missing_ok=True)
    return key


def list_keys(place: Path, *, words: str = "") -> list[int]:
    """Return the keys of the letters in which the words stand, the newest first."""
    keys = _keys(place)
    return [one.key for one in list_heads(place, keys) if one.has(words)] if words else keys


def list_heads(place: Path, keys: Iterable[int]) -> Iterator[Letter]:
    """Yield letters as far as their texts go: what comes along is named and cut off."""
    for key in keys:
        try:
            yield _open(place, key, HEAD_BYTES)
        except FileNotFoundError:
            continue  # forgotten meanwhile


def get_letter(place: Path, key: int) -> Letter:
    """Return a letter, or raise NotFound."""
    try:
        return _open(place, key)
    except OSError as error:
        raise NotFound(f"no letter {key}") from error


def _open(place: Path, key: int, most: int = -1) -> Letter:
    with _path(place, key).open("rb") as file:
        return Letter(key, message_from_bytes(file.read(most), policy=policy.default))


def _keys(place: Path) -> list[int]:
    return sorted((int(path.stem) for path in place.glob("*.eml")), reverse=True)


def _path(place: Path, key: int) -> Path:
    return place / f"{key}.eml"


def _is_attached(part: EmailMessage) -> bool:
    return part.get_content_disposition() == "attachment"


def _data(part: EmailMessage) -> bytes:
    data = part.get_payload(decode=True)
    return data if isinstance(data, bytes) else b""

"""The sounds that callers hear, as files of a node.

A prompt's file is named by its content and never overwritten: a call that is listening keeps what
it began with.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from django.db.models.functions import Length

from tronco.pbx.models import Prompt
from tronco.pbx.synthesis import find_system_sounds
from tronco.runtime.paths import Home
from tronco.sipcore.sounds import (
    LANGUAGE,
    MESSAGE_PLACE,
    PROMPT_PLACE,
    SYSTEM_PLACE,
    sound_path,
)

logger = logging.getLogger(__name__)
# A call may be playing what was deleted a moment ago.
KEEP_UNUSED_S: Final = 3600
_VERSION_FILE: Final = "version"


class SoundFiles:
    """The sounds on one node's disk, below its `share/sounds`."""

    def __init__(self, home: Home, directory: Path) -> None:
        self._home = home
        self._place = directory / LANGUAGE
        self._unused_since: dict[str, float] = {}

    def path(self, ref: str) -> Path:
        """The file of a reference, without its suffix."""
        return self._place / sound_path(ref)

    def install_system(self) -> None:
        """Bring the system's sounds here, unless these very ones are here already."""
        source = find_system_sounds()
        if source is None:
            logger.warning("the system's sounds were not made: run `make setup`")
            return
        version = self._place / SYSTEM_PLACE / _VERSION_FILE
        if version.exists() and version.read_text() == source.name:
            return
        for sound in source.glob("*.wav"):
            self._write(f"{SYSTEM_PLACE}/{sound.name}", sound.read_bytes())
        for name, key in ASTERISKS_OWN.items():
            self._write(f"{name}.wav", (source / f"{key}.wav").read_bytes())
        self._write(f"{SYSTEM_PLACE}/{_VERSION_FILE}", source.name.encode())

    def place_prompts(self) -> None:
        """Write the prompts that are not here yet, and remove those that nobody has any more."""
        sizes = dict(Prompt.objects.order_by().values_list("sha256", Length("sound")).distinct())
        here = {path.stem: path for path in (self._place / PROMPT_PLACE).glob("*.wav")}
        missing = [
            sha256
            for sha256, size in sizes.items()
            if sha256 not in here or here[sha256].stat().st_size != size
        ]
        for sha256 in missing:
            sound = Prompt.objects.filter(sha256=sha256).values_list("sound", flat=True).first()
            if sound is not None:
                self._write(f"{PROMPT_PLACE}/{sha256}.wav", bytes(sound))
        self._remove_unused({name: path for name, path in here.items() if name not in sizes})

    def place_message(self, voicemail_id: int, sound: bytes) -> None:
        """Put a message where whoever asked for it hears it."""
        self._write(f"{MESSAGE_PLACE}/{voicemail_id}.wav", sound)

    def remove_message(self, voicemail_id: int) -> None:
        """It was deleted: nothing of it is kept."""
        (self._place / MESSAGE_PLACE / f"{voicemail_id}.wav").unlink(missing_ok=True)

    def forget_messages(self) -> None:
        """Remove what nobody is listening to any more."""
        for path in (self._place / MESSAGE_PLACE).glob("*.wav"):
            if time.time() - path.stat().st_mtime >= KEEP_UNUSED_S:
                path.unlink(missing_ok=True)

    def _remove_unused(self, unused: Mapping[str, Path]) -> None:
        now = time.monotonic()
        self._unused_since = {name: self._unused_since.get(name, now) for name in unused}
        for name, path in unused.items():
            if now - self._unused_since[name] >= KEEP_UNUSED_S:
                path.unlink(missing_ok=True)

    def _write(self, name: str, content: bytes) -> None:
        path = self._place / name
        self._home.write(str(path.relative_to(self._home.root)), content)


def _asterisks_own() -> dict[str, str]:
    """Names under which Asterisk looks for what it says by itself (places in a queue), in pt_BR."""
    numbers = [*range(20), *range(20, 100, 10), *range(100, 1000, 100)]
    return {
        **{f"digits/{number}": f"n-{number}" for number in numbers},
        "digits/1F": "n-1-f",
        "digits/2F": "n-2-f",
        "digits/100E": "n-100-and",
        "digits/pt-e": "and",
        "digits/minus": "minus",
        "digits/1000": "thousand",
        "digits/1000000": "million",
        "digits/1000000S": "millions",
        "beep": "beep",
    }


ASTERISKS_OWN: Final = _asterisks_own()

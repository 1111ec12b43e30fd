"""What decisions on calls may ask, whatever kind of call it is."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from tronco.charging.gateway import Gateway, Grant
from tronco.routing.select import TrunkHealth
from tronco.sipcore.agi import AgiRequest
from tronco.sipcore.books import Books
from tronco.sipcore.directory import Directory
from tronco.sipcore.sound_files import SoundFiles
from tronco.sipcore.sounds import Sounds
from tronco.sipcore.store import Store
from tronco.sipcore.taping import Tapings


@dataclass(frozen=True, slots=True)
class Means:
    """`checks` runs what is asked of cards and lock-outs, where it holds up nothing else."""

    directory: Directory
    gateway: Gateway
    books: Books
    sounds: Sounds
    tapings: Tapings
    checks: Store


@dataclass(frozen=True, slots=True)
class Outlook:
    """What a node knows that decisions need.

    health    how its trunks are
    note      takes down a grant before Asterisk hears of it
    catch_up  records calls that have ended by now; how many there were
    files     its recordings
    has_room  whether its disk has room for recorded calls
    """

    health: Callable[[], Mapping[int, TrunkHealth]]
    note: Callable[[AgiRequest, Grant], None]
    catch_up: Callable[[], Awaitable[int]]
    files: SoundFiles
    has_room: Callable[[], bool]

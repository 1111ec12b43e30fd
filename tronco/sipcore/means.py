"""What decisions on calls may ask, whatever kind of call it is."""

from __future__ import annotations

from dataclasses import dataclass

from tronco.charging.gateway import Gateway
from tronco.sipcore.books import Books
from tronco.sipcore.directory import Directory
from tronco.sipcore.sounds import Sounds
from tronco.sipcore.store import Store


@dataclass(frozen=True, slots=True)
class Means:
    """`checks` runs what is asked of cards and lock-outs, where it holds up nothing else."""

    directory: Directory
    gateway: Gateway
    books: Books
    sounds: Sounds
    checks: Store

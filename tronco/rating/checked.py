"""Objects of a JSON file whose faults are collected, each with its path and its cure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final

from tronco.core.errors import InvalidInput
from tronco.rating.exact import JsonObject, NumberError, read_number
from tronco.rating.rates import TICKS

MAX_MONEY: Final = 10**12
MONEY_DECIMALS: Final = 18
MAX_LENGTH: Final = 10**15
LENGTH_DECIMALS: Final = 6
REQUIRED: Final = object()


@dataclass(frozen=True, slots=True)
class Problem:
    """A fault of a tariff: where it is, what kind, and a sentence with the cure."""

    path: str
    code: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}: {self.message}" if self.path else self.message


class TariffError(InvalidInput):
    """The tariff cannot be used; `problems` has every fault that was found."""

    code = "invalid-tariff"

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__(
            "\n".join(map(str, problems)),
            field=problems[0].path,
            details={"problems": [(p.path, p.code, p.message) for p in problems]},
        )
        self.problems = tuple(problems)


class Node:
    """An object of the JSON at its path; what is wrong with it goes to `problems`."""

    def __init__(self, path: str, data: Any, problems: list[Problem], keys: frozenset[str]) -> None:
        self.path, self.problems = path, problems
        self.is_object = isinstance(data, dict | Mapping)
        self.data: Mapping[str, Any] = data if self.is_object else {}
        if not self.is_object:
            self.fault("", "not-an-object", f"must be an object with {listed(keys)}")
        for key in self.data.keys() - keys:
            self.fault(str(key), "unknown-key", f"is not known here; use {listed(keys)}")
        for key in data.repeated if isinstance(data, JsonObject) else ():
            self.fault(key, "repeated-key", "is written more than once; keep one")

    def at(self, key: str) -> str:
        return f"{self.path}.{key}" if self.path and key else self.path or key

    def fault(self, key: str, code: str, message: str) -> None:
        self.problems.append(Problem(self.at(key), code, message))

    def value(self, key: str, default: Any = REQUIRED) -> Any:
        """Return the value, the default for null or nothing, or None after telling its absence."""
        found = self.data.get(key)
        if found is not None or default is not REQUIRED:
            return default if found is None else found
        if self.is_object:
            self.fault(key, "missing", "is missing")
        return None

    def number(
        self, key: str, default: Any = REQUIRED, *, decimals: int, limit: int, money: bool
    ) -> Fraction | None:
        value = self.value(key, default)
        if value is None:
            return None
        try:
            return read_number(value, decimals=decimals, limit=limit, json_numbers=not money)
        except NumberError as error:
            self.fault(key, error.code, str(error))
            return None

    def money(self, key: str, default: Any = REQUIRED) -> Fraction | None:
        return self.number(key, default, decimals=MONEY_DECIMALS, limit=MAX_MONEY, money=True)

    def ticks(self, key: str, default: Any = REQUIRED, *, positive: bool = False) -> int | None:
        value = self.data.get(key)
        if type(value) is int and 0 < value <= MAX_LENGTH:
            return value * TICKS  # nearly always so
        length = self.number(key, default, decimals=LENGTH_DECIMALS, limit=MAX_LENGTH, money=False)
        if length is None:
            return None
        if positive and not length:
            self.fault(key, "not-positive", "must be more than zero")
            return None
        return int(length * TICKS)

    def items(self, key: str, keys: frozenset[str]) -> list[Node]:
        """Return the objects of a list that may not be empty."""
        found = self.value(key)
        if found is not None and not (isinstance(found, list | tuple) and found):
            self.fault(key, "not-a-list", "must be a list with at least one object")
        if not isinstance(found, list | tuple):
            return []
        return [
            Node(f"{self.at(key)}[{index}]", item, self.problems, keys)
            for index, item in enumerate(found)
        ]


def listed(words: Iterable[str]) -> str:
    return ", ".join(sorted(words))

"""The same classification for a million strings at once.

There is no second set of rules here. Of a number written in one of the usual Brazilian ways, all
that the rules look at is what stands before its last eight digits and, of these eight, the first
few. Rows that agree in that are one *shape*: `classify` reads one row of each shape, and the
result holds for all of them but for the last eight digits, which are copied. Every other string
(short codes, numbers abroad, nonsense) is given to `classify` itself, once for each distinct one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from tronco.numbering.classify import FORMATTING, NATIONAL8, classify, classify_reach
from tronco.numbering.ddd import UF_BY_DDD
from tronco.numbering.number import GEOGRAPHIC, CallClass, Kind, Number, Reason

# Columns hold positions in these; position 0 of the classes and of the reasons is "none".
CALL_CLASSES: tuple[CallClass | None, ...] = (None, *CallClass)
KINDS: tuple[Kind, ...] = tuple(Kind)
REASONS: tuple[Reason | None, ...] = (None, *Reason)

Ints = NDArray[np.int64]
Smalls = NDArray[np.int16]
Bools = NDArray[np.bool_]

_CHUNK_ROWS = 1 << 16  # a chunk's arrays stay in the processor's cache
_MOST_DIGITS = 17  # 00, carrier, 55, DDD and nine digits
_TAIL = 10**8
_UNUSUAL = -1

_DIGIT, _PLUS, _END, _FORMATTING, _OTHER = range(5)


@dataclass(frozen=True, slots=True)
class Columns:
    """One array for each field of `Number`; 0 stands for None, and for no digits."""

    raw: Sequence[str]
    rating_digits: Ints
    call_class: Smalls  # position in CALL_CLASSES
    kind: Smalls  # position in KINDS
    ddd: Smalls
    vc: Smalls
    csp: Smalls
    collect: Bools
    country: Smalls  # position in countries
    reason: Smalls  # position in REASONS
    countries: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.raw)

    @property
    def valid(self) -> Bools:
        return np.equal(self.reason, 0)

    def number(self, row: int) -> Number:
        """The row as `classify` returns it."""
        return Number(
            raw=self.raw[row],
            kind=KINDS[self.kind[row]],
            call_class=CALL_CLASSES[self.call_class[row]],
            rating_digits=str(self.rating_digits[row] or ""),
            ddd=int(self.ddd[row]) or None,
            vc=int(self.vc[row]) or None,
            csp=int(self.csp[row]) or None,
            collect=bool(self.collect[row]),
            country=self.countries[self.country[row]],
            reason=REASONS[self.reason[row]],
        )


def classify_columns(
    numbers: Sequence[str] | NDArray[np.str_], own_ddd: int | NDArray[np.integer] | None = None
) -> Columns:
    """Classify many strings; `own_ddd` is one for all, or an array with one a row (0: none)."""
    raw: Sequence[str] = numbers.tolist() if isinstance(numbers, np.ndarray) else numbers
    own = _own_column(own_ddd, len(raw))
    outcomes = _Outcomes()
    outcome = np.empty(len(raw), np.int64)
    tail = np.empty(len(raw), np.int64)
    for start in range(0, len(raw), _CHUNK_ROWS):
        rows = slice(start, start + _CHUNK_ROWS)
        shapes, tail[rows] = _read_shapes(raw[rows], own[rows])
        outcome[rows] = outcomes.find(raw[rows], own[rows], shapes)
    return outcomes.expand(raw, own, outcome, tail)


def _own_column(own_ddd: int | NDArray[np.integer] | None, rows: int) -> Ints:
    if not isinstance(own_ddd, np.ndarray):
        return np.full(rows, own_ddd if own_ddd in UF_BY_DDD else 0, np.int64)
    if own_ddd.shape != (rows,):
        raise ValueError(f"{rows} numbers need {rows} own DDDs, not {own_ddd.shape}")
    return np.where(np.isin(own_ddd, list(UF_BY_DDD)), own_ddd, 0).astype(np.int64)


def _read_shapes(raw: Sequence[str], own: Ints) -> tuple[Ints, Ints]:
    """The shape of each row, or `_UNUSUAL`, and its last eight digits, or 0."""
    data, group = _read_characters(raw)
    ends = np.flatnonzero(group == _END)
    starts = np.concatenate(([0], ends[:-1] + 1))
    plus = group[starts] == _PLUS
    sizes = ends - starts - plus

    stray = (group == _OTHER) | (group == _PLUS)
    stray[starts[plus]] = False
    clean = np.ones(len(raw), np.bool_)
    clean[np.searchsorted(ends, np.flatnonzero(stray))] = False

    rows = np.flatnonzero(clean & (sizes >= 8) & (sizes <= _MOST_DIGITS))
    lead = _read_lead(data, starts[rows] + plus[rows])
    usual = _is_usual(plus[rows], sizes[rows], lead)
    rows, lead = rows[usual], lead[usual]
    plus, sizes = plus[rows], sizes[rows]
    head, tail = _read_digits(data, ends[rows], sizes)

    # A local number is what its line's DDD makes of it; the others read the same from any line.
    local = ~plus & ((sizes <= 9) | ((sizes <= 13) & (lead // 100 == 9090)))
    shape = np.where(local, own[rows], 0) * 2 + plus
    shape = shape * 100 + sizes
    shape = shape * 10**4 + _telling_digits()[tail // 10**4]
    shape = shape * 10**9 + head

    shapes = np.full(len(raw), _UNUSUAL, np.int64)
    tails = np.zeros(len(raw), np.int64)
    shapes[rows], tails[rows] = shape, tail
    return shapes, tails


def _read_characters(raw: Sequence[str]) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """All rows as bytes, each closed by a line end, without formatting; and what each byte is."""
    text = "\n".join(raw)
    if text.count("\n") != len(raw) - 1:
        text = "\n".join(row.replace("\n", " ") for row in raw)
    data = np.frombuffer((text + "\n").encode("utf-8", "replace"), np.uint8)
    group = _character_groups()[data]
    kept = group != _FORMATTING
    return data[kept], group[kept]


def _read_lead(data: NDArray[np.uint8], starts: Ints) -> Ints:
    """The first six digits."""
    lead = np.zeros(len(starts), np.int64)
    for place in range(6):
        lead = lead * 10 + data[starts + place] - ord("0")
    return lead


def _is_usual(plus: Bools, sizes: Ints, lead: Ints) -> Bools:
    """Whether the last digits may differ without changing the outcome, and "+" or 00 lead to
    Brazil. Shorter ones may hold a short code, which its last digits tell."""
    country_55 = (lead // 10**4 == 55) & (sizes >= 10)
    zero_zero = lead < 10**4
    zero_zero_55 = ((lead // 100 == 55) | (lead % 100 == 55)) & (sizes >= 13)
    zero = lead < 10**5
    return np.where(plus, country_55, np.where(zero_zero, zero_zero_55, ~zero | (sizes >= 10)))


def _read_digits(data: NDArray[np.uint8], ends: Ints, sizes: Ints) -> tuple[Ints, Ints]:
    """What stands before the last eight digits, and these, as numbers."""
    head, tail = np.zeros(len(ends), np.int64), np.zeros(len(ends), np.int64)
    for place in range(8, 0, -1):
        tail = tail * 10 + data[ends - place] - ord("0")
    for place in range(_MOST_DIGITS, 8, -1):
        digit = data[np.maximum(ends - place, 0)] - ord("0")
        head = head * 10 + np.where(place <= sizes, digit, 0)
    return head, tail


@cache
def _character_groups() -> NDArray[np.uint8]:
    groups = np.full(256, _OTHER, np.uint8)
    groups[[code for code in FORMATTING if code < 128]] = _FORMATTING
    groups[ord("0") : ord("9") + 1] = _DIGIT
    groups[ord("+")] = _PLUS
    groups[ord("\n")] = _END
    return groups


@cache
def _telling_digits() -> Ints:
    """For the first four of the last eight digits: themselves where they may begin a national
    number, else the first one, or two after a zero (0800 and six digits), and nines."""
    return np.array(
        [
            four
            if NATIONAL8.fullmatch(f"{four:04}0000")
            else four // 1000 * 1000 + 999
            if four >= 1000
            else four // 100 * 100 + 99
            for four in range(10**4)
        ]
    )


@cache
def _reach_tables() -> tuple[Smalls, Smalls]:
    """Class and charge band by own DDD (0: none), kind and DDD, as `classify_reach` has them."""
    classes = np.zeros((100, len(KINDS), 100), np.int16)
    bands = np.zeros_like(classes)
    for own in (0, *UF_BY_DDD):
        for kind in GEOGRAPHIC:
            for ddd in UF_BY_DDD:
                call_class, band = classify_reach(kind, ddd, own or None)
                cell = own, KINDS.index(kind), ddd
                classes[cell], bands[cell] = CALL_CLASSES.index(call_class), band or 0
    return classes, bands


class _Outcomes:
    """The distinct results, and where each shape and each unusual string finds its own."""

    def __init__(self) -> None:
        self.numbers: list[Number] = []
        self.shaped: list[bool] = []
        self._by_shape: dict[int, int] = {}
        self._by_text: dict[tuple[str, int], int] = {}

    def find(self, raw: Sequence[str], own: Ints, shapes: Ints) -> Ints:
        """The position in `numbers` for each row of a chunk."""
        distinct, example, inverse = np.unique(shapes, return_index=True, return_inverse=True)
        positions = np.zeros(len(distinct), np.int64)
        for at, (shape, row) in enumerate(zip(distinct.tolist(), example.tolist(), strict=True)):
            if shape == _UNUSUAL:
                continue
            if shape not in self._by_shape:
                self._by_shape[shape] = self._add(raw[row], int(own[row]), shaped=True)
            positions[at] = self._by_shape[shape]
        found: Ints = positions[inverse]
        unusual = np.flatnonzero(shapes == _UNUSUAL)
        found[unusual] = [
            self._find_text(raw[row], line)
            for row, line in zip(unusual.tolist(), own[unusual].tolist(), strict=True)
        ]
        return found

    def _find_text(self, text: str, own: int) -> int:
        key = text, own
        if key not in self._by_text:
            self._by_text[key] = self._add(text, own, shaped=False)
        return self._by_text[key]

    def _add(self, text: str, own: int, *, shaped: bool) -> int:
        self.numbers.append(classify(text, own_ddd=own or None))
        self.shaped.append(shaped)
        return len(self.numbers) - 1

    def expand(self, raw: Sequence[str], own: Ints, outcome: Ints, tail: Ints) -> Columns:
        """From one result a shape to one a row: own digits, own class and charge band."""
        numbers = self.numbers
        countries = tuple(dict.fromkeys(number.country for number in numbers))

        def column(values: list[int]) -> Smalls:
            return np.array(values, np.int16)[outcome]

        classes = {call_class: at for at, call_class in enumerate(CALL_CLASSES)}
        kinds = {kind: at for at, kind in enumerate(KINDS)}
        reasons = {reason: at for at, reason in enumerate(REASONS)}
        positions = {country: at for at, country in enumerate(countries)}

        digits = np.array([int(number.rating_digits or 0) for number in numbers], np.int64)
        shaped = np.array(self.shaped, np.bool_) & (digits > 0)
        base = np.where(shaped, digits // _TAIL * _TAIL, digits)

        kind = column([kinds[number.kind] for number in numbers])
        ddd = column([number.ddd or 0 for number in numbers])
        class_of, band_of = _reach_tables()
        call_class = column([classes[number.call_class] for number in numbers])
        return Columns(
            raw=raw,
            rating_digits=base[outcome] + np.where(shaped[outcome], tail, 0),
            call_class=np.where(ddd > 0, class_of[own, kind, ddd], call_class),
            kind=kind,
            ddd=ddd,
            vc=band_of[own, kind, ddd],
            csp=column([number.csp or 0 for number in numbers]),
            collect=np.array([number.collect for number in numbers], np.bool_)[outcome],
            country=column([positions[number.country] for number in numbers]),
            reason=column([reasons[number.reason] for number in numbers]),
            countries=countries,
        )

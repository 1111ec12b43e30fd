"""`tronco quote`: price calls by a tariff file, with the engine that prices live calls.

No database. One JSON line per call, in order. A call that cannot be priced gives a line with
`error`, a stable word, and `detail`; the exit status is then 1. A file that cannot be used at all
gives 2.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
from collections.abc import Iterator, Mapping
from datetime import datetime
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

from tronco.core.errors import InvalidInput
from tronco.rating import Price, Rate, Tariff, TariffError, load_tariff
from tronco.rating.exact import JsonObject, decimal_text, fixed_text, read_json
from tronco.runtime.translations import gettext as _

# A tariff with one wrong column would otherwise scroll everything away.
_PROBLEMS_SHOWN: Final = 50
_DIGITS: Final = re.compile(r"\+?([0-9]{1,40})")


class _Unusable(Exception):
    """A file cannot be read, or is not what it should be."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the two files."""
    parser.add_argument("--tariff", required=True, help=_("tariff, JSON; - for standard input"))
    parser.add_argument(
        "--calls", required=True, help=_("list of calls, JSON; - for standard input")
    )


def run(args: argparse.Namespace) -> int:
    """Price every call; return 0, 1 if any was not priced, 2 if a file cannot be used."""
    try:
        if args.tariff == args.calls == "-":
            raise _Unusable(_("only one of --tariff and --calls can be standard input"))
        tariff = _read_tariff(args.tariff)
        calls = _read(args.calls)
        if not isinstance(calls, list):
            raise _Unusable(_("%(file)s: must be a list of calls, [ … ]") % {"file": args.calls})
    except _Unusable as error:
        print(f"tronco quote: {error}", file=sys.stderr)
        return 2
    status = 0
    try:
        for line in quote_calls(tariff, calls):
            status = 1 if "error" in line else status
            print(json.dumps(line))
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader has seen enough (`| head`); what is left must not fail again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return status


def quote_calls(tariff: Tariff, calls: list[Any]) -> Iterator[dict[str, Any]]:
    """Yield a line for each call, as JSON values."""
    seen: set[str] = set()
    for index, call in enumerate(calls):
        known_id = _known_id(call)
        try:
            _check_id(call, known_id, seen)
            yield {"id": known_id, **_quote(tariff, call)}
        except InvalidInput as error:
            where = f"calls[{index}]" + (f".{error.field}" if error.field else "")
            yield {"id": known_id, "error": error.code, "detail": f"{where}: {error.message}"}


def _quote(tariff: Tariff, call: Mapping[str, Any]) -> dict[str, Any]:
    digits = _DIGITS.fullmatch(_text(call, "to"))
    if not digits:
        raise InvalidInput(f"{call['to']!r} is not digits only", field="to", code="invalid-to")
    start = _start(call)
    call_class = _text(call, "call_class") if call.get("call_class") is not None else None
    duration = _present(call, "duration_s")
    rate = tariff.match(digits[1], call_class)
    if rate is None:
        raise InvalidInput(
            f"no rate of the tariff matches {digits[1]}; add one for its prefix",
            field="to",
            code="no-rate",
        )
    try:
        price = rate.price(
            start=start, duration=duration, timezone=tariff.timezone, rounding=tariff.rounding
        )
    except InvalidInput as error:
        name = f"{error.field}_s" if error.field == "duration" else error.field
        raise InvalidInput(error.message, field=name, code=error.code) from error
    return _line(price, rate, tariff)


def _line(price: Price, rate: Rate, tariff: Tariff) -> dict[str, Any]:
    decimals = tariff.rounding.decimals
    line: dict[str, Any] = {
        "cost": fixed_text(price.cost_u // 10 ** (6 - decimals), decimals),
        "exact": decimal_text(price.exact),
        "billed_s": _number(price.billed_s),
        "connect_fee": decimal_text(price.connect_fee),
        "prefix": rate.prefix,
    }
    if rate.call_class:
        line["call_class"] = rate.call_class
    if price.is_capped and rate.max_cost is not None:
        line["max_cost"] = decimal_text(rate.max_cost)
    line["steps"] = [
        {
            "from_s": _number(step.from_s),
            "increments": step.increments,
            "increment_s": _number(step.increment_s),
            "price": decimal_text(step.price),
            "per_s": _number(step.per_s),
            "amount": decimal_text(step.amount),
            "window": step.window,
        }
        for step in price.steps
    ]
    return line


def _known_id(call: Any) -> str | int | None:
    found = call.get("id") if isinstance(call, dict) else None
    return found if isinstance(found, str) or type(found) is int else None


def _check_id(call: Any, known_id: str | int | None, seen: set[str]) -> None:
    if not isinstance(call, dict):
        raise InvalidInput(
            "must be an object with id, to, start and duration_s", code="invalid-call"
        )
    if known_id is None or known_id == "":
        raise InvalidInput(
            "every call needs an id of its own, a string", field="id", code="invalid-id"
        )
    if (written := json.dumps(known_id)) in seen:
        raise InvalidInput(
            f"id {written} was already used; every call needs its own",
            field="id",
            code="duplicate-id",
        )
    seen.add(written)
    if isinstance(call, JsonObject):
        raise InvalidInput(
            f"{', '.join(call.repeated)} is written more than once; keep one", code="invalid-call"
        )


def _present(call: Mapping[str, Any], key: str) -> Any:
    value = call.get(key)
    if value is None:
        raise InvalidInput("is missing", field=key, code=f"invalid-{key.removesuffix('_s')}")
    return value


def _text(call: Mapping[str, Any], key: str) -> str:
    value = _present(call, key)
    if not isinstance(value, str):
        raise InvalidInput(
            f'{value} is not a string; write "{value}"',
            field=key,
            code=f"invalid-{key.replace('_', '-')}",
        )
    return value


def _start(call: Mapping[str, Any]) -> datetime:
    text = _text(call, "start")
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise InvalidInput(
            f"{text!r} is not a date and time such as 2026-03-02T10:00:00-03:00",
            field="start",
            code="invalid-start",
        ) from None


def _number(value: int | Fraction) -> int | float:
    # Fractions here are millionths below 10^9, which a float writes with all their digits.
    return int(value) if value.denominator == 1 else float(value)


def _read_tariff(name: str) -> Tariff:
    try:
        return load_tariff(_read(name))
    except TariffError as error:
        lines = [f"  {problem}" for problem in error.problems[:_PROBLEMS_SHOWN]]
        if len(error.problems) > _PROBLEMS_SHOWN:
            left = len(error.problems) - _PROBLEMS_SHOWN
            lines.append("  " + _("and %(count)s more") % {"count": left})
        head = _("%(file)s cannot be used:") % {"file": name}
        raise _Unusable("\n".join([head, *lines])) from error


def _read(name: str) -> Any:
    try:
        data = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
        return read_json(data.decode("utf-8-sig"))
    except OSError as error:
        raise _Unusable(f"{name}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise _Unusable(
            _("%(file)s: is not UTF-8 text; save it as UTF-8") % {"file": name}
        ) from error
    except ValueError as error:
        raise _Unusable(
            _("%(file)s: is not JSON: %(problem)s") % {"file": name, "problem": error}
        ) from error

"""`tronco quote`: what it prints, and what it says of calls and files that cannot be."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.rating.test_loading import GOOD
from tronco.cli import main

CALL = {"id": "a", "to": "551133334444", "start": "2026-03-02T10:00:00-03:00", "duration_s": 61}


class Quote:
    """Runs the command on files of a directory of its own."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self.capsys = folder, capsys

    def write(self, name: str, content: Any) -> str:
        path = self.folder / name
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            path.write_text(content if isinstance(content, str) else json.dumps(content))
        return str(path)

    def run(self, calls: Any, tariff: Any = GOOD) -> tuple[int, list[dict[str, Any]], str]:
        files = [self.write("tariff.json", tariff), self.write("calls.json", calls)]
        status = main(["quote", "--tariff", files[0], "--calls", files[1]])
        out, err = self.capsys.readouterr()
        return status, [json.loads(line) for line in out.splitlines()], err


@pytest.fixture
def quote(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Quote:
    return Quote(tmp_path, capsys)


def test_a_line_for_a_call(quote: Quote) -> None:
    status, lines, err = quote.run([CALL])
    assert (status, err) == (0, "")
    assert lines == [
        {
            "id": "a",
            "cost": "0.11",
            "exact": "0.11",
            "billed_s": 66,
            "connect_fee": "0",
            "prefix": "5511",
            "steps": [
                {
                    "from_s": 0,
                    "increments": 1,
                    "increment_s": 30,
                    "price": "0.1",
                    "per_s": 60,
                    "amount": "0.05",
                    "window": "always",
                },
                {
                    "from_s": 30,
                    "increments": 6,
                    "increment_s": 6,
                    "price": "0.1",
                    "per_s": 60,
                    "amount": "0.06",
                    "window": "always",
                },
            ],
        }
    ]


@pytest.mark.parametrize(
    ("duration", "price", "cost", "exact", "billed_s"),
    [
        ("0", "0.10", "0.00", "0", 0),
        ("2", "0.10", "0.00", "0", 0),
        ("3", "0.10", "0.05", "0.05", 30),
        ("4", "0.10", "0.05", "0.05", 30),
        ("31", "0.10", "0.06", "0.06", 36),
        ("61", "0.10", "0.11", "0.11", 66),
        ("61", "0.0999", "0.10", "0.10989", 66),
        ("60.01", "0.10", "0.11", "0.11", 66),
        ('"61.250"', "0.10", "0.11", "0.11", 66),
        ("6.1e1", "0.10", "0.11", "0.11", 66),
        ("2.9999999999999999999", "0.10", "0.00", "0", 0),
    ],
)
def test_worked_cases(
    quote: Quote, duration: str, price: str, cost: str, exact: str, billed_s: int
) -> None:
    calls = json.dumps([CALL]).replace(": 61", f": {duration}")
    status, lines, _ = quote.run(calls, json.dumps(GOOD).replace("0.10", price))
    assert status == 0
    assert (lines[0]["cost"], lines[0]["exact"]) == (cost, exact)
    assert lines[0]["billed_s"] == billed_s


def one_rate(*tiers: dict[str, Any], decimals: int = 2, **more: Any) -> dict[str, Any]:
    rate = {"prefix": "55", "windows": [{"connect_fee": "0.3", "tiers": list(tiers)}], **more}
    return {"rounding": {"method": "half_up", "decimals": decimals}, "rates": [rate]}


def test_an_exact_cost_without_a_finite_decimal_is_a_fraction(quote: Quote) -> None:
    tier = {"from_s": 0, "price": "0.10", "per_s": 7, "increment_s": "0.1"}
    call = {**CALL, "duration_s": "1.95"}
    _, lines, _ = quote.run([call], one_rate(tier, decimals=0))
    assert lines[0]["exact"] == "23/70"
    assert lines[0]["cost"] == "0"
    assert lines[0]["connect_fee"] == "0.3"
    assert lines[0]["steps"][0]["amount"] == "1/35"
    _, lines, _ = quote.run([call], one_rate({**tier, "per_s": 10}, decimals=6))
    assert (lines[0]["cost"], lines[0]["exact"], lines[0]["billed_s"]) == ("0.320000", "0.32", 2)
    _, lines, _ = quote.run([{**call, "duration_s": 1.85}], one_rate(tier))
    assert lines[0]["billed_s"] == 1.9


def test_the_maximum_and_the_class_are_told(quote: Quote) -> None:
    tier = {"from_s": 0, "price": "1", "per_s": 60, "increment_s": 60}
    tariff = one_rate(tier, max_cost="0.50")
    body = {key: value for key, value in tariff["rates"][0].items() if key != "prefix"}
    tariff["rates"].append({**body, "call_class": "ldi", "max_cost": None})
    calls = [CALL, {**CALL, "id": "b", "to": "+12125550123", "call_class": "ldi"}]
    _, lines, _ = quote.run(calls, tariff)
    assert [(x["cost"], x["prefix"], x.get("call_class"), x.get("max_cost")) for x in lines] == [
        ("0.50", "55", None, "0.5"),
        ("2.30", None, "ldi", None),
    ]


@pytest.mark.parametrize(
    ("change", "error", "field"),
    [
        ({"to": "552133334444"}, "no-rate", "to"),
        ({"to": ""}, "invalid-to", "to"),
        ({"to": "11 3333-4444"}, "invalid-to", "to"),
        ({"to": 551133334444}, "invalid-to", "to"),
        ({"to": None}, "invalid-to", "to"),
        ({"to": "٥٥١١"}, "invalid-to", "to"),
        ({"start": "2026-03-02T10:00:00"}, "invalid-start", "start"),
        ({"start": "2026-02-30T10:00:00Z"}, "invalid-start", "start"),
        ({"start": "02/03/2026 10:00"}, "invalid-start", "start"),
        ({"start": "9999-12-31T23:59:59Z"}, "invalid-start", "start"),
        ({"start": 1772456400}, "invalid-start", "start"),
        ({"start": None}, "invalid-start", "start"),
        ({"duration_s": -1}, "invalid-duration", "duration_s"),
        ({"duration_s": float("nan")}, "invalid-duration", "duration_s"),
        ({"duration_s": float("inf")}, "invalid-duration", "duration_s"),
        ({"duration_s": 1e300}, "invalid-duration", "duration_s"),
        ({"duration_s": 10**4000}, "invalid-duration", "duration_s"),
        ({"duration_s": "1:01"}, "invalid-duration", "duration_s"),
        ({"duration_s": True}, "invalid-duration", "duration_s"),
        ({"duration_s": [61]}, "invalid-duration", "duration_s"),
        ({"duration_s": None}, "invalid-duration", "duration_s"),
        ({"call_class": 7}, "invalid-call-class", "call_class"),
        ({"id": None}, "invalid-id", "id"),
        ({"id": ""}, "invalid-id", "id"),
        ({"id": [1]}, "invalid-id", "id"),
        ({"id": "first"}, "duplicate-id", "id"),
    ],
)
def test_a_call_that_cannot_be_priced_has_its_line_too(
    quote: Quote, change: dict[str, Any], error: str, field: str
) -> None:
    calls = [{**CALL, "id": "first"}, {**CALL, **change}, {**CALL, "id": "last"}]
    status, lines, err = quote.run(calls)
    assert (status, err) == (1, "")
    known = change.get("id", "a")
    assert lines[1]["id"] == (known if isinstance(known, str) else None)
    assert lines[1]["error"] == error
    assert lines[1]["detail"].startswith(f"calls[1].{field}: ")
    assert [line["id"] for line in lines[::2]] == ["first", "last"]
    assert [line["cost"] for line in lines[::2]] == ["0.11", "0.11"]


@pytest.mark.parametrize("missing", ["to", "start", "duration_s"])
def test_what_is_missing_is_named(quote: Quote, missing: str) -> None:
    status, lines, _ = quote.run([{k: v for k, v in CALL.items() if k != missing}])
    assert (status, lines[0]["detail"]) == (1, f"calls[0].{missing}: is missing")


@pytest.mark.parametrize("call", [5, None, "a", [], [CALL]])
def test_a_call_that_is_no_object(quote: Quote, call: Any) -> None:
    status, lines, _ = quote.run([call, CALL])
    assert (status, lines[0]["id"], lines[0]["error"]) == (1, None, "invalid-call")
    assert lines[1]["cost"] == "0.11"


def test_a_key_written_twice_is_not_guessed(quote: Quote) -> None:
    calls = json.dumps([CALL]).replace('"duration_s": 61', '"duration_s": 61, "duration_s": 6')
    status, lines, _ = quote.run(calls)
    assert (status, lines[0]["id"], lines[0]["error"]) == (1, "a", "invalid-call")
    assert "duration_s is written more than once" in lines[0]["detail"]


def test_ids_may_be_numbers(quote: Quote) -> None:
    status, lines, _ = quote.run([{**CALL, "id": 1}, {**CALL, "id": "1"}])
    assert (status, [line["id"] for line in lines]) == (0, [1, "1"])


def test_no_calls_is_no_error(quote: Quote) -> None:
    assert quote.run([]) == (0, [], "")


@pytest.mark.parametrize(
    ("tariff", "calls", "message"),
    [
        (GOOD, {"calls": []}, "calls.json: must be a list"),
        (GOOD, "[{]", "calls.json: is not JSON: Expecting property name"),
        (GOOD, "", "calls.json: is not JSON"),
        (GOOD, b"\xff\xfe[]", "calls.json: is not UTF-8"),
        (GOOD, "[" * 100_000, "calls.json: is not JSON: nested too deeply"),
        ("x", [], "tariff.json: is not JSON"),
        ([], [], "tariff.json cannot be used:\n  must be an object"),
        ({}, [], "  rates: is missing"),
        (
            {**GOOD, "rates": [{**GOOD["rates"][0], "prefix": 55}], "timezone": "Mars"},
            [],
            "  timezone: 'Mars' is not a zone; use America/Sao_Paulo\n  rates[0].prefix: must be",
        ),
        ({"rates": [3] * 60}, [], "  and 10 more"),
    ],
)
def test_a_file_that_cannot_be_used(quote: Quote, tariff: Any, calls: Any, message: str) -> None:
    status, lines, err = quote.run(calls, tariff)
    assert (status, lines) == (2, [])
    assert err.startswith("tronco quote: ")
    assert message in err


@pytest.mark.parametrize("name", ["nowhere.json", "."])
def test_a_file_that_cannot_be_read(quote: Quote, name: str) -> None:
    missing = str(quote.folder / name)
    status = main(["quote", "--tariff", missing, "--calls", quote.write("calls.json", [])])
    assert status == 2
    assert missing in quote.capsys.readouterr().err


def test_only_one_of_the_files_is_standard_input(quote: Quote) -> None:
    assert main(["quote", "--tariff", "-", "--calls", "-"]) == 2
    assert "only one" in quote.capsys.readouterr().err


@pytest.mark.parametrize("piped", ["calls", "tariff"])
def test_it_is_a_command_that_needs_neither_django_nor_numpy(quote: Quote, piped: str) -> None:
    content = {"calls": [CALL], "tariff": GOOD}
    files = {key: quote.write(f"{key}.json", value) for key, value in content.items()}
    given = {**files, piped: "-"}
    program = (
        "import sys; from tronco.cli import main; status = main(sys.argv[1:]);"
        "loaded = {'django', 'numpy', 'psycopg', 'holidays'} & set(sys.modules);"
        "sys.exit(f'loaded {loaded}' if loaded else status)"
    )
    options = ["--tariff", given["tariff"], "--calls", given["calls"]]
    done = subprocess.run(
        [sys.executable, "-c", program, "quote", *options],
        input="\ufeff" + json.dumps(content[piped]),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["cost"] == "0.11"


def test_a_reader_that_stops_reading_is_no_error(quote: Quote) -> None:
    calls = quote.write("calls.json", [{**CALL, "id": n} for n in range(2000)])
    tariff = quote.write("tariff.json", GOOD)
    command = f"{sys.executable} -m tronco quote --tariff {tariff} --calls {calls} | head -1"
    done = subprocess.run(
        ["bash", "-c", command], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.stderr, len(done.stdout.splitlines())) == ("", 1)

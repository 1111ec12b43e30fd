"""The spool: lines read whole, handed out until recorded, files kept until done with."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from tronco.sipcore import spool as module
from tronco.sipcore.spool import (
    Answered,
    AttemptLine,
    Ended,
    Spool,
    format_facts,
    parse_line,
    started_at,
)

ANSWER = "A|node1-1795301007.0|20261121T224327.324|2|PJSIP/trunk~1-00000002"
END = (
    "E|node1-1795301007.0|20261121T224331.327|4000|ANSWER|16|2|dial|PJSIP/1001-00000000|"
    "%2B551133334444|1001|1/CONGESTION/34/503+|trunks=3.4"
)
REFUSED = (
    "E|node1-1795301011.9|20261121T224336.689|||0||refuse|PJSIP/1001-00000009|666|1001||"
    "reason=no-credit&tenant=5"
)


def test_lines_are_read() -> None:
    answered = parse_line(ANSWER)
    assert answered == Answered(
        "node1-1795301007.0",
        datetime(2026, 11, 21, 22, 43, 27, 324000, UTC),
        2,
        "PJSIP/trunk~1-00000002",
    )
    ended = parse_line(END)
    assert isinstance(ended, Ended)
    assert (ended.answered_ms, ended.cause, ended.route) == (4000, 16, 2)
    assert ended.dialled == "+551133334444"
    assert ended.attempts == (AttemptLine(1, "CONGESTION", 34, 503),)
    assert ended.facts == {"trunks": "3.4"}
    refused = parse_line(REFUSED)
    assert isinstance(refused, Ended)
    assert (refused.answered_ms, refused.verdict) == (None, "refuse")
    assert refused.facts["reason"] == "no-credit"


@pytest.mark.parametrize(
    "line",
    ["", "X|1", "A|id|yesterday|1|x", "E|too|few", ANSWER + "|more", END.replace("4000", "4s")],
)
def test_what_is_not_ours_is_passed_over(line: str) -> None:
    assert parse_line(line) is None


@pytest.mark.parametrize(
    ("verdict", "channel", "status", "is_no_call"),
    [
        ("line", "Local/1001@member-00000001;2", "NOANSWER", True),
        ("line", "PJSIP/1001-00000001", "NOANSWER", False),
        ("pickup", "PJSIP/1001-00000001", "", True),
        ("pickup", "PJSIP/1001-00000001", "CHANUNAVAIL", False),
    ],
)
def test_some_ends_are_of_no_call(
    verdict: str, channel: str, status: str, is_no_call: bool
) -> None:
    end = parse_line(f"E|node1-1.2|20261121T224331.327||{status}|16||{verdict}|{channel}|*8|1001||")
    assert isinstance(end, Ended)
    assert end.is_no_call == is_no_call


def test_facts_come_back_as_they_were() -> None:
    facts = {"caller": "+55 11|x", "called": "a&b=c,d", "empty": ""}
    line = END.rpartition("|")[0] + "|" + format_facts(facts)
    ended = parse_line(line)
    assert isinstance(ended, Ended)
    assert ended.facts == {"caller": "+55 11|x", "called": "a&b=c,d"}


def test_when_a_call_came_in_is_in_its_id() -> None:
    assert started_at("sp-1-1795301007.12") == datetime.fromtimestamp(1795301007, UTC)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "calls.log"


def ids(spool: Spool) -> list[str]:
    return [line.call_id for line in spool.read().lines]


def test_a_line_is_handed_out_once_it_is_whole(path: Path) -> None:
    spool = Spool(path)
    assert ids(spool) == []
    with path.open("a") as file:
        file.write(ANSWER + "\n" + END[:40])
        file.flush()
        assert ids(spool) == ["node1-1795301007.0"]
        file.write(END[40:] + "\n")
        file.flush()
    assert ids(spool) == ["node1-1795301007.0"]
    assert ids(spool) == []


def test_what_was_not_recorded_comes_again(path: Path) -> None:
    path.write_text(ANSWER + "\n")
    spool = Spool(path)
    batch = spool.read()
    spool.again(batch)
    again = spool.read()
    assert again.lines == batch.lines
    spool.done(again)
    spool.again(spool.read())
    assert ids(spool) == []


def test_a_new_reader_reads_everything_again(path: Path) -> None:
    path.write_text(ANSWER + "\n")
    spool = Spool(path)
    spool.done(spool.read())
    assert ids(Spool(path)) == ["node1-1795301007.0"]


def test_a_file_that_has_grown_is_renamed_and_goes_when_done_with(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "ROTATE_BYTES", 10)
    path.write_text(ANSWER + "\n")
    spool = Spool(path)
    running = ["node1-1795301007.0"]
    batch = spool.read()
    spool.rotate(running)
    assert path.exists(), "not recorded yet"
    spool.done(batch)
    spool.rotate(running)
    assert not path.exists()
    [renamed] = path.parent.iterdir()

    # Who had it open may still write to it.
    with renamed.open("a") as file:
        file.write(END + "\n")
    late = spool.read()
    assert [line.call_id for line in late.lines] == ["node1-1795301007.0"]
    monkeypatch.setattr(module, "WRITERS_GONE_S", 0)
    spool.rotate(running)
    assert renamed.exists(), "its last line is not recorded"
    spool.done(late)
    spool.rotate(running)
    assert renamed.exists(), "the call runs, and its answer is told nowhere else"
    spool.rotate(running=[])
    assert not renamed.exists()


def test_a_long_file_is_read_in_pieces_and_in_order(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "READ_BYTES", 250)
    old = [ANSWER.replace("1007.0", f"1007.{place}") for place in range(20)]
    path.with_name("calls.log.1").write_text("\n".join(old) + "\n")
    path.write_text(END + "\n")
    spool = Spool(path)
    pieces = []
    while (batch := spool.read()).marks:
        assert sum(len(line) + 1 for line in old[: len(batch.lines)]) <= 500
        spool.done(batch)
        pieces.append(batch.lines)
    assert len(pieces) > 5
    read = [line for lines in pieces for line in lines]
    assert [line.call_id for line in read[:-1]] == [f"node1-1795301007.{n}" for n in range(20)]
    assert isinstance(read[-1], Ended)


def test_what_a_crash_of_the_machine_left_is_passed_over(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "READ_BYTES", 600)
    path.write_bytes(b"\0" * 600 + b"\n\xff\xfe|\n" + END.encode() + b"\n")
    spool = Spool(path)
    read = []
    while (batch := spool.read()).marks:
        read += batch.lines
    assert [line.call_id for line in read] == ["node1-1795301007.0"]


def test_only_a_line_s_end_ends_a_line(path: Path) -> None:
    odd = END.replace("node1-1795301007.0", "node1\x85\x1c-1795301007.0")
    path.write_bytes(odd.encode("latin-1") + b"\n")
    spool = Spool(path)
    [ended] = spool.read().lines
    assert isinstance(ended, Ended)
    spool.set_aside(ended)
    assert Spool(path).aside == {ended.call_id}


def test_a_call_during_which_the_clock_was_set_back_lasted_nothing() -> None:
    ended = parse_line(END.replace("|4000|", "|-3596000|"))
    assert isinstance(ended, Ended)
    assert ended.answered_ms == 0


def test_a_new_reader_finds_renamed_files(path: Path) -> None:
    path.with_name("calls.log.1").write_text(ANSWER + "\n")
    path.write_text(REFUSED + "\n")
    assert sorted(ids(Spool(path))) == ["node1-1795301007.0", "node1-1795301011.9"]


def test_what_cannot_be_recorded_is_kept_and_remembered(path: Path) -> None:
    ended = parse_line(END)
    assert isinstance(ended, Ended)
    Spool(path).set_aside(ended)
    assert (path.parent / "unrecorded").read_text() == END + "\n"
    assert Spool(path).aside == {ended.call_id}

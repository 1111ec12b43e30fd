"""The manager interface: against a switch that says what a test wants."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import pytest

from tronco.core.errors import Unavailable
from tronco.sipcore.ami import Fields, Manager, format_action, parse_block

Script = Callable[[Fields], Sequence[dict[str, str] | str] | None]


def test_blocks_are_read_and_written() -> None:
    assert parse_block("Event: X\r\nName: a: b\r\nEmpty:\r\nName: second") == {
        "Event": "X",
        "Name": "a: b",
        "Empty": "",
    }
    assert (
        format_action({"Action": "Ping", "ActionID": "1"}) == b"Action: Ping\r\nActionID: 1\r\n\r\n"
    )


def test_a_line_break_cannot_begin_another_field() -> None:
    with pytest.raises(ValueError, match="line break"):
        format_action({"Channel": "PJSIP/1\r\nAction: Command"})


def play(script: Script, scene: Callable[[Manager], Awaitable[None]]) -> None:
    """Run the scene against a switch that answers by the script; None ends the connection.

    A text of the script goes out as it is, but for `<id>`, the action's own.
    """

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"Asterisk Call Manager/11.0.0\r\n")
        while True:
            try:
                block = parse_block((await reader.readuntil(b"\r\n\r\n")).decode())
            except asyncio.IncompleteReadError:
                break
            if block["Action"] == "Login":
                said: Sequence[dict[str, str] | str] | None = [{"Response": "Success"}]
            else:
                said = script(block)
            if said is None:
                break
            for fields in said:
                if isinstance(fields, str):
                    writer.write(fields.replace("<id>", block["ActionID"]).encode())
                    continue
                is_answer = "Event" not in fields or "EventList" in fields
                mark = {"ActionID": block["ActionID"]} if is_answer else {}
                writer.write(format_action({**fields, **mark}))
        writer.close()

    async def main() -> None:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        manager = await Manager.connect(port=port, user="tronco", secret="x")
        try:
            await scene(manager)
        finally:
            await manager.close()
            server.close()

    asyncio.run(asyncio.wait_for(main(), 10))


def test_an_action_has_its_own_answer() -> None:
    def script(block: Fields) -> list[dict[str, str]]:
        return [{"Event": "Noise"}, {"Response": "Success", "Message": block["Action"]}]

    async def scene(manager: Manager) -> None:
        answers = await asyncio.gather(*(manager.action(f"A{n}") for n in range(20)))
        assert [answer["Message"] for answer in answers] == [f"A{n}" for n in range(20)]

    play(script, scene)


def test_a_list_is_read_to_its_end() -> None:
    def script(block: Fields) -> list[dict[str, str]]:
        return [
            {"Response": "Success", "EventList": "start"},
            {"Event": "Row", "EventList": "", "N": "1"},
            {"Event": "Row", "EventList": "", "N": "2"},
            {"Event": "RowsComplete", "EventList": "Complete"},
        ]

    async def scene(manager: Manager) -> None:
        assert [row["N"] for row in await manager.list_of("Rows")] == ["1", "2"]

    play(script, scene)


ROW = "Event: Row\r\nActionID: <id>\r\nCallerIDNum: {}\r\nUniqueid: node1-1.1\r\n\r\n"


@pytest.mark.parametrize(
    ("number", "told"),
    [
        ("1133334444", ["node1-1.1"]),
        ("1\r\nUniqueid: node1-9.9", "ami-spoilt"),
        ("1\r\n\r\nEvent: FullyBooted\r\nUptime: 0", "ami-spoilt"),
        ("1\r\n\r\nEvent: RowsComplete\r\nActionID: 1\r\nEventList: Complete", "ami-spoilt"),
        # Neither the end of the list, nor a refusal, nor another event.
        ("1\r\nEventList: Complete", ["node1-1.1"]),
        ("1\r\nResponse: Error", ["node1-1.1"]),
        ("1\r\nEvent: RowsComplete", ["node1-1.1"]),
        ("1\r\nActionID: 7", ["node1-1.1"]),
    ],
)
def test_a_caller_writes_neither_lists_nor_events(number: str, told: list[str] | str) -> None:
    """His number stands in lists as he wrote it until the dialplan looks at it."""
    end = {"Event": "RowsComplete", "EventList": "Complete"}

    async def scene(manager: Manager) -> None:
        try:
            rows = await manager.list_of("Rows")
        except Unavailable as problem:
            assert problem.code == told
        else:
            assert [row["Uniqueid"] for row in rows] == told
        await manager.action("Ping")
        ended = asyncio.create_task(anext(manager.events(), None))
        await asyncio.sleep(0.05)
        assert not ended.done(), "an event of the caller's"
        ended.cancel()

    def script(block: Fields) -> Sequence[dict[str, str] | str]:
        if block["Action"] == "Ping":
            return [{"Response": "Success"}]
        return [{"Response": "Success", "EventList": "start"}, ROW.format(number), end]

    play(script, scene)


def test_nobody_guesses_which_answer_is_awaited() -> None:
    asked: list[str] = []

    def script(block: Fields) -> list[dict[str, str]]:
        asked.append(block["ActionID"])
        return [{"Response": "Success"}]

    async def scene(manager: Manager) -> None:
        await manager.action("Ping")

    play(script, scene)
    play(script, scene)
    assert asked[0] != asked[1]
    assert all(len(one) > 16 for one in asked)


def test_a_refusal_is_an_error_with_its_words() -> None:
    def script(block: Fields) -> list[dict[str, str]]:
        return [{"Response": "Error", "Message": "No such channel"}]

    async def scene(manager: Manager) -> None:
        with pytest.raises(Unavailable, match="No such channel") as told:
            await manager.action("Hangup", Channel="x")
        assert told.value.code == "ami-refused"
        await manager.attempt("Hangup", Channel="x")
        assert await manager.list_of("PJSIPShowContacts") == []

    play(script, scene)


def test_when_the_connection_breaks_everybody_waiting_hears_of_it() -> None:
    async def scene(manager: Manager) -> None:
        with pytest.raises(Unavailable):
            await manager.action("CoreStatus")
        assert [event async for event in manager.events()] == []
        with pytest.raises(Unavailable):
            await manager.action("CoreStatus")

    play(lambda block: None, scene)


def test_nobody_there() -> None:
    with pytest.raises(Unavailable, match="no Asterisk"):
        asyncio.run(Manager.connect(port=1, user="x", secret="x"))

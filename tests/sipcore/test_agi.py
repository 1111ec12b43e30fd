"""FastAGI as values."""

from __future__ import annotations

import pytest

from tronco.core.errors import InvalidInput
from tronco.sipcore.agi import (
    AgiRequest,
    endpoint_of,
    get_variable,
    parse_answer,
    parse_request,
    set_variables,
)

LINES = """agi_network: yes
agi_request: agi://127.0.0.1:4573/outgoing
agi_channel: PJSIP/loja-1-0000002a
agi_uniqueid: node1-1795295723.1
agi_callerid: 1133334444
agi_extension: 11987654321
agi_context: from-line""".splitlines()


def test_a_request_is_read() -> None:
    assert parse_request(LINES) == AgiRequest(
        script="outgoing",
        call_id="node1-1795295723.1",
        endpoint="loja-1",
        dialled="11987654321",
        caller="1133334444",
        channel="PJSIP/loja-1-0000002a",
    )


def test_a_caller_without_a_number_is_nobody() -> None:
    lines = [line.replace("1133334444", "unknown") for line in LINES]
    assert parse_request(lines).caller == ""


@pytest.mark.parametrize("missing", ["request", "channel", "uniqueid", "extension"])
def test_what_is_no_request_says_what_is_missing(missing: str) -> None:
    lines = [line for line in LINES if not line.startswith(f"agi_{missing}")]
    with pytest.raises(InvalidInput, match=missing):
        parse_request(lines)


def test_a_dialled_string_with_a_colon_stays_whole() -> None:
    lines = [*LINES[:5], "agi_extension: 11:22"]
    assert parse_request(lines).dialled == "11:22"


def test_a_line_that_comes_twice_is_somebody_s_forgery() -> None:
    with pytest.raises(InvalidInput, match="agi_channel"):
        parse_request([*LINES, "agi_channel: PJSIP/outra-00000001"])


@pytest.mark.parametrize(
    ("channel", "endpoint"),
    [
        ("PJSIP/1001-00000001", "1001"),
        ("PJSIP/a-b-c-0000000f", "a-b-c"),
        ("PJSIP/trunk~12-00000003", "trunk~12"),
    ],
)
def test_the_endpoint_of_a_channel(channel: str, endpoint: str) -> None:
    assert endpoint_of(channel) == endpoint


def test_variables_go_in_one_command_in_order() -> None:
    command = set_variables({"LIMIT": "S(60)", "ROUTES": "55>PJSIP/1@trunk~1|", "VERDICT": "dial"})
    assert command == 'EXEC MSet "LIMIT=S(60),ROUTES=55>PJSIP/1@trunk~1|,VERDICT=dial"\n'


@pytest.mark.parametrize("value", ['a"b', "a,b", "a\nb", "${SHELL(x)}", "a\\b", "a b\x00", "é"])
def test_a_value_cannot_become_another_variable_or_command(value: str) -> None:
    with pytest.raises(InvalidInput):
        set_variables({"CLI": value})


def test_answers() -> None:
    assert parse_answer("200 result=0\n") == ""
    assert parse_answer("200 result=1 (<sip:5511@x>;tag=1)") == "<sip:5511@x>;tag=1"
    assert get_variable("PJSIP_HEADER(read,To)") == 'GET FULL VARIABLE "${PJSIP_HEADER(read,To)}"\n'
    for refusal in ("510 Invalid or unknown command", "511 Command Not Permitted", ""):
        with pytest.raises(InvalidInput):
            parse_answer(refusal)

"""The files that Asterisk is given. That it understands them is shown by tests/asterisk."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tronco.sipcore.config import (
    DatabaseAccess,
    NodeSettings,
    TrunkSettings,
    bans_conf,
    render,
    trunk_files,
)
from tronco.sipcore.dialplan import extensions_conf
from tronco.sipcore.endpoints import emergency_endpoint, find_trunk_id, trunk_endpoint

NODE = NodeSettings(
    name="sp-1",
    sip_port=5060,
    ami_port=5038,
    ami_secret="segredo-do-ami",
    page_port=8088,
    agi_port=4573,
    rtp_ports=(10000, 19999),
    realm="tronco",
    database=DatabaseAccess("127.0.0.1", 5432, "tronco", "a;b\\c"),
    spool=Path("/var/spool/calls.log"),
    etc=Path("/etc/asterisk"),
)
TRUNK = TrunkSettings(id=7, host="192.0.2.1", port=5080, carries_emergency=True, tech_prefix="99")


def section(text: str, name: str, kind: str) -> dict[str, str]:
    """The settings of the section of that name and type."""
    for body in re.split(r"(?m)^\[", text):
        head, _, rest = body.partition("]\n")
        settings = dict(line.split(" = ", 1) for line in rest.splitlines() if " = " in line)
        if head == name and settings.get("type") == kind:
            return settings
    raise AssertionError(f"no section {name} of type {kind}")


def test_the_manager_interface_is_for_this_machine_only() -> None:
    text = render(NODE, [])["manager.conf"]
    assert "bindaddr = 127.0.0.1" in text
    assert "deny = 0.0.0.0/0.0.0.0\npermit = 127.0.0.1/255.255.255.255" in text
    assert "secret = segredo-do-ami" in text


def test_what_sipcore_listens_to_is_not_silenced() -> None:
    text = render(NODE, [])["manager.conf"]
    heard = set(re.findall(r"name\((\w+)\)", text))
    silenced = set(re.findall(r"disabledevents = (.+)", text)[0].split(","))
    assert {"FullyBooted", "ContactStatus", "InvalidPassword", "QueueMemberStatus"} <= heard
    assert {"Newexten", "Hangup", "TestEvent"} <= silenced
    assert not heard & silenced


def test_versions_are_not_told() -> None:
    text = render(NODE, [])["pjsip.conf"]
    assert section(text, "global", "global")["user_agent"] == "Tronco"


def test_circuits_are_read_as_the_role_that_only_reads() -> None:
    files = render(NODE, [])
    assert "user = tronco_asterisk" in files["res_pgsql.conf"]
    assert "appname = sp-1" in files["res_pgsql.conf"]
    assert "password = a\\;b\\c" in files["res_pgsql.conf"]
    for kind in ("endpoint", "auth", "aor"):
        assert f"{kind} = realtime,ps_{kind}s" in files["sorcery.conf"]
        assert f"ps_{kind}s => pgsql,tronco" in files["extconfig.conf"]


def test_a_trunk_without_a_password_is_known_by_its_address() -> None:
    text = trunk_files([TRUNK])["pjsip_trunks.conf"]
    assert section(text, "trunk~7", "identify")["match"] == "192.0.2.1"
    assert section(text, "trunk~7", "aor")["contact"] == "sip:192.0.2.1:5080"
    assert "outbound_auth" not in text
    assert "registration" not in text


def test_a_trunk_that_registers() -> None:
    trunk = TrunkSettings(
        id=8,
        host="sip.exemplo.com.br",
        port=5060,
        username="5511",
        password="s;enha",
        register=True,
        source_addresses=("192.0.2.0/24", "198.51.100.7"),
    )
    text = trunk_files([trunk])["pjsip_trunks.conf"]
    assert section(text, "trunk~8", "auth")["password"] == "s\\;enha"
    registration = section(text, "trunk~8", "registration")
    assert registration["client_uri"] == "sip:5511@sip.exemplo.com.br:5060"
    assert registration["auth_rejection_permanent"] == "no"
    assert section(text, "trunk~8", "identify")["match"] == "192.0.2.0/24,198.51.100.7"
    assert section(text, "emergency~8", "endpoint")["outbound_auth"] == "trunk~8"


def test_a_setting_cannot_become_two() -> None:
    trunk = TrunkSettings(
        id=1,
        host="192.0.2.1\ncontext = from-line",
        port=5060,
        username="a\r\n[x]\ntype = endpoint",
        tech_prefix="9),Hangup(",
        carries_emergency=True,
    )
    files = trunk_files([trunk])
    assert not re.search(r"(?m)^context = from-line", files["pjsip_trunks.conf"])
    assert not re.search(r"(?m)^\[x\]", files["pjsip_trunks.conf"])
    assert "PJSIP/9Hangup190@emergency~1" in files["extensions_emergency.conf"]


def test_a_trunk_with_an_address_of_ipv6() -> None:
    trunk = TrunkSettings(id=1, host="2001:db8::1", port=5060)
    text = trunk_files([trunk])["pjsip_trunks.conf"]
    assert section(text, "trunk~1", "aor")["contact"] == "sip:[2001:db8::1]:5060"
    assert section(text, "trunk~1", "identify")["match"] == "2001:db8::1"


def test_emergency_calls_are_not_probed_away() -> None:
    text = trunk_files([TRUNK])["pjsip_trunks.conf"]
    assert "qualify_frequency" in section(text, "trunk~7", "aor")
    assert "qualify_frequency" not in section(text, "emergency~7", "aor")


def test_the_way_of_emergency_calls_alone() -> None:
    text = trunk_files([TRUNK])["extensions_emergency.conf"]
    for dialled in ("190", "0190", "192", "112", "188"):
        assert f"exten => {dialled},1,Set(ROUTES=" in text
    assert "PJSIP/99190@emergency~7" in text
    assert "exten => 102," not in text, "not an emergency"
    # Everything else is refused.
    assert "exten => _[+*#0-9]!,1,Set(SIP=503)" in text


def test_without_a_trunk_for_emergencies_any_will_do() -> None:
    other = TrunkSettings(id=9, host="192.0.2.9", port=5060)
    assert "emergency~9" in trunk_files([other])["extensions_emergency.conf"]
    assert "emergency~9" not in trunk_files([TRUNK, other])["extensions_emergency.conf"]
    assert "Dial" not in trunk_files([])["extensions_emergency.conf"]


@pytest.mark.parametrize(
    ("name", "trunk_id"),
    [("trunk~7", 7), ("emergency~7", 7), ("1001", None), ("trunk-7", None), ("trunk~x", None)],
)
def test_a_trunk_s_name_is_no_circuit_s(name: str, trunk_id: int | None) -> None:
    assert find_trunk_id(name) == trunk_id


def test_names_of_a_trunk() -> None:
    assert (trunk_endpoint(3), emergency_endpoint(3)) == ("trunk~3", "emergency~3")


def test_bans() -> None:
    text = bans_conf(["192.0.2.1", "2001:db8::1", "192.0.2.1"])
    assert text.count("deny = ") == 2
    assert "deny = 192.0.2.1/255.255.255.255" in text
    assert "deny = 2001:db8::1/" in text
    with pytest.raises(ValueError, match="network"):
        bans_conf(["192.0.2.1\npermit = 0.0.0.0"])


def test_no_context_answers_to_the_hang_up_of_a_call() -> None:
    """A pattern that takes `h` would run it again when the call is over."""
    text = extensions_conf(
        agi="agi://127.0.0.1:1", spool=Path("/x"), messages=Path("/y"), tapes=Path("/z")
    )
    patterns = set(re.findall(r"(?m)^exten => (_[^,]+),", text))
    assert patterns == {"_[+*#0-9]!", "_[a-zA-Z]."}

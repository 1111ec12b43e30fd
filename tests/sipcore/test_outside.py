"""What a node behind NAT tells others of its address."""

from __future__ import annotations

import pytest

from tronco.sipcore.outside import ICE_FILE, PJSIP_FILE, outside_files, own_address


def test_a_node_with_an_address_of_its_own_tells_nothing() -> None:
    assert {text.strip() for text in outside_files().values()} == {""}


def test_others_are_told_the_address_and_neighbours_are_not() -> None:
    files = outside_files("203.0.113.7", own="192.168.0.5")
    assert "external_media_address = 203.0.113.7\n" in files[PJSIP_FILE]
    assert "external_signaling_address = 203.0.113.7\n" in files[PJSIP_FILE]
    assert "local_net = 192.168.0.0/16\n" in files[PJSIP_FILE]
    assert files[ICE_FILE] == "192.168.0.5 => 203.0.113.7,include_local_address\n"


@pytest.mark.parametrize("own", ["", "203.0.113.7"])
def test_what_pages_see_needs_no_word_where_nothing_differs(own: str) -> None:
    assert outside_files("203.0.113.7", own=own)[ICE_FILE].strip() == ""


@pytest.mark.parametrize(("address", "own"), [("", ""), ("127.0.0.9", "127.0.0.1")])
def test_the_address_by_which_this_machine_goes_there(address: str, own: str) -> None:
    assert own_address(address) == own

"""PINs: hashed with the installation's key, and none that is easily guessed."""

from __future__ import annotations

import pytest

from tronco.core.pins import check_pin, hash_pin, is_weak, new_digits, new_pin

KEY = "installation"


def test_only_the_pin_and_the_key_open_it() -> None:
    stored = hash_pin("730519", key=KEY)
    assert check_pin("730519", stored, key=KEY)
    assert not check_pin("730518", stored, key=KEY)
    assert not check_pin("730519", stored, key="another")
    assert not check_pin("730519", "", key=KEY)
    assert not check_pin("730519", "md5$1$2", key=KEY)
    assert "730519" not in stored
    assert len(stored) <= 128


def test_the_same_pin_is_never_kept_alike() -> None:
    assert hash_pin("730519", key=KEY) != hash_pin("730519", key=KEY)


@pytest.mark.parametrize(
    "digits", ["0000", "99999999", "1234", "987654", "1212", "123123", "45674567", "3210"]
)
def test_weak(digits: str) -> None:
    assert is_weak(digits)


@pytest.mark.parametrize("digits", ["1233", "730519", "1122", "13579", "12341235"])
def test_not_weak(digits: str) -> None:
    assert not is_weak(digits)


@pytest.mark.parametrize("count", [4, 5, 6, 7, 8])
def test_new_ones_have_their_length_and_are_not_weak(count: int) -> None:
    pins = {new_pin(count) for _ in range(200)}
    assert all(len(pin) == count and pin[0] != "0" and not is_weak(pin) for pin in pins)
    assert len(pins) > 150
    assert len(new_digits(count)) == count

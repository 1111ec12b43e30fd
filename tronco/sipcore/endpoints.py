"""What Asterisk calls those it talks to. A circuit goes by its number, which has no `~`."""

from __future__ import annotations

# Calls to a switch that is named by its address alone.
FORWARD_ENDPOINT = "forward~ip"
# A line's phones, where the audio shall go straight between them and the supplier.
DIRECT_ENDPOINT = "direct~line"


def trunk_endpoint(trunk_id: int) -> str:
    """Name of a trunk in Asterisk; no circuit's number has a `~`."""
    return f"trunk~{trunk_id}"


def emergency_endpoint(trunk_id: int) -> str:
    """The same trunk for emergency calls: tried also when it does not answer probes."""
    return f"emergency~{trunk_id}"


def find_trunk_id(endpoint: str) -> int | None:
    """The trunk of an endpoint's name; None when it is a circuit's."""
    kind, _, number = endpoint.partition("~")
    return int(number) if kind in ("trunk", "emergency") and number.isdigit() else None


def supplier_endpoint(did_id: int) -> str:
    """Name in Asterisk of the supplier of a number."""
    return f"did~{did_id}"


def supplying_did(endpoint: str) -> int | None:
    """The number whose supplier an endpoint is; None when it is none."""
    kind, _, number = endpoint.partition("~")
    return int(number) if kind == "did" and number.isdigit() else None

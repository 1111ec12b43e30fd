"""Which tests run side by side, in the processes of `pytest -n`: each file in one of them."""

from __future__ import annotations

from pathlib import Path

import pytest

HERE = Path(__file__).parent
# These wait more than they work; the others pass beside them.
TOGETHER = {"asterisk"}


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give each file to one process, and a folder that shares something dear as a whole."""
    for item in items:
        place = item.path.relative_to(HERE)
        group = place.parts[0] if place.parts[0] in TOGETHER else str(place)
        item.add_marker(pytest.mark.xdist_group(group))

"""Which tests run side by side, in the processes of `pytest -n`."""

from __future__ import annotations

import pytest
from xdist.scheduler.loadscope import LoadScopeScheduling

# What shares something dear, such as an exchange, stays in one process; its tests wait more than
# they work, so that others pass beside them.
TOGETHER = {"asterisk"}


class ByFile(LoadScopeScheduling):  # type: ignore[misc] # xdist has no types
    """Gives each file to one process, and some folders as a whole."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.split("::", 1)[0]
        folder = file.split("/")[1]
        return folder if folder in TOGETHER else file


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> ByFile:
    return ByFile(config, log)

"""Private Asterisk nodes, with the real Asterisk."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tronco.core.errors import Unavailable
from tronco.runtime.asterisk import AsteriskBinary, Node, find_asterisk
from tronco.runtime.errors import ComponentMissing
from tronco.runtime.paths import Home
from tronco.runtime.ports import choose_port
from tronco.runtime.privileges import service_user
from tronco.runtime.tools import SIPP, tool_path

pytestmark = pytest.mark.asterisk


@pytest.fixture(scope="module")
def binary() -> AsteriskBinary:
    return find_asterisk()


@pytest.fixture
def node(binary: AsteriskBinary) -> Iterator[Node]:
    # Not pytest's directory: the user without rights must reach it when root runs the tests.
    place = Path(tempfile.mkdtemp(prefix="tronco-test-"))
    user = service_user()
    if user:
        user.own(place)
    made = Node(Home(place, user), "spare", binary)
    port = choose_port()
    transport = f"[udp]\ntype=transport\nprotocol=udp\nbind=127.0.0.1:{port}\n"
    made.prepare({"pjsip.conf": transport, "extensions.conf": "[none]\n"})
    yield made
    made.stop()
    shutil.rmtree(place)


def test_it_boots_without_rights_from_its_own_directories(node: Node) -> None:
    node.start()
    assert node.is_ready()
    assert "Objects found: 1" in node.rx("pjsip show transports")
    settings = node.rx("core show settings")
    assert f"Configuration directory:     {node.etc}" in settings
    assert str(node.directory / "share") in settings
    assert "System name:                 spare" in settings
    status = Path(f"/proc/{node.pid}/status").read_text()
    assert int(status.split("Uid:")[1].split()[0]) != 0 or os.geteuid() != 0
    assert (node.sounds / "en/vm-goodbye.gsm").exists()


def test_what_it_needs_is_loaded_and_what_it_must_not_have_is_not(node: Node) -> None:
    node.start()
    loaded = {line.split()[0] for line in node.rx("module show").splitlines() if ".so" in line}
    needed = "chan_pjsip res_agi app_dial app_playback func_timeout res_rtp_asterisk pbx_config"
    assert {f"{name}.so" for name in needed.split()} <= loaded
    assert not loaded & {"cdr_pgsql.so", "cel_pgsql.so", "chan_iax2.so", "res_snmp.so"}


def test_it_stops_when_asked_and_starts_again_after_kill_9(node: Node) -> None:
    node.start()
    pid = node.pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    while node.pid:
        time.sleep(0.01)
    assert not node.is_ready()
    with pytest.raises(Unavailable):
        node.rx("core show uptime")

    node.start()
    assert node.is_ready()
    node.stop()
    assert node.pid is None
    assert not node.is_ready()


def test_a_broken_configuration_is_told_with_the_log(node: Node) -> None:
    (node.etc / "asterisk.conf").unlink()
    (node.etc / "modules.conf").unlink()
    with pytest.raises(ComponentMissing, match="did not start") as told:
        node.start()
    assert "asterisk-spare.log" in told.value.cure


def test_sipp_runs() -> None:
    said = subprocess.run([tool_path(SIPP), "-v"], check=False, capture_output=True, text=True)
    assert "SIPp v3" in said.stdout

"""Asterisk: which one we run, and private instances of it.

How it answers calls is written elsewhere (`tronco.sipcore`) and handed in as files; here are only
the directories, the modules and the process.
"""

from __future__ import annotations

import re
import signal
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tronco.core.errors import Unavailable
from tronco.runtime.cache import cache_dir, cached
from tronco.runtime.children import raise_file_limit, spawn_child, stop_child
from tronco.runtime.errors import ComponentMissing
from tronco.runtime.packages import (
    Apt,
    AptFailure,
    other_suite,
    system_sources,
    unpack,
    workspace,
)
from tronco.runtime.paths import Home
from tronco.runtime.tools import Tool, find_program, library_directories, write_wrapper

OLDEST_MAJOR = 20
# Debian 12 and 13 have no Asterisk; these suites of the same mirror do.
SUITES = ("sid", "testing")
PINNED = "1:22.10.1+dfsg+~cs6.17.60671434-1"
PACKAGES = ("asterisk", "asterisk-modules", "asterisk-core-sounds-en-gsm")
TOOL = Tool("asterisk", PACKAGES, "usr/sbin/asterisk")
START_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 10.0


@dataclass(frozen=True)
class AsteriskBinary:
    """An Asterisk that can be run, and where its modules and sounds are."""

    program: Path
    modules: Path
    data: Path
    version: str
    # What the operator should know about it; empty when it is the one we test with.
    warning: str = ""


def find_asterisk() -> AsteriskBinary:
    """The system's Asterisk if it is recent enough, else one unpacked into the cache."""
    return _installed() or _unpacked()


def _installed() -> AsteriskBinary | None:
    program = find_program("asterisk")
    if program is None:
        return None
    said = subprocess.run([program, "-V"], check=False, capture_output=True, text=True).stdout
    version = re.search(r"(\d+)\.[\w.]+", said)
    if version is None or int(version[1]) < OLDEST_MAJOR:
        return None
    configured = _directories(Path("/etc/asterisk/asterisk.conf"))
    places = [Path("/usr/lib/asterisk/modules"), *Path("/usr/lib").glob("*/asterisk/modules")]
    modules = configured.get("astmoddir") or next(filter(Path.is_dir, places), places[0])
    data = configured.get("astdatadir") or Path("/usr/share/asterisk")
    return AsteriskBinary(program, modules, data, version[0])


def _directories(configuration: Path) -> dict[str, Path]:
    try:
        text = configuration.read_text()
    except OSError:
        return {}
    return {
        name: Path(value) for name, value in re.findall(r"(?m)^\s*(ast\w+)\s*=>?\s*(\S+)", text)
    }


def _unpacked() -> AsteriskBinary:
    pinned = cache_dir() / _cache_name(PINNED)
    if not pinned.is_dir():
        # One fetched earlier, when the pinned one was gone from the mirror already.
        others = sorted(cache_dir().glob("asterisk-[0-9]*"))
        return _in_tree(others[-1] if others else _fetch())
    return _in_tree(pinned)


def _fetch() -> Path:
    sources = system_sources("Asterisk")
    failures = []
    for suite in SUITES:
        with workspace() as directory:
            apt = Apt(Path(directory), other_suite(sources, suite), complete=True)
            try:
                apt.update()
                try:
                    archives = apt.download([f"asterisk={PINNED}", *PACKAGES[1:]])
                except AptFailure:
                    archives = apt.download(PACKAGES)
            except AptFailure as failure:
                failures.append(f"{suite}: {failure}")
                continue
            version = apt.version("asterisk") or PINNED

            def build(target: Path, archives: list[Path] = archives) -> None:
                unpack(archives, target / "root")
                write_wrapper(target, TOOL, own_loader=True)

            return cached(_cache_name(version), build)
    raise ComponentMissing(
        "Asterisk",
        "cannot be fetched from Debian: " + "; ".join(failures),
        cure="check the network and apt's mirror, or install Asterisk "
        f"{OLDEST_MAJOR} or later yourself",
    )


def _cache_name(version: str) -> str:
    # Without the epoch: a colon would end the path in a list of library directories.
    return f"asterisk-{version.partition(':')[2] or version}"


def _in_tree(tree: Path) -> AsteriskBinary:
    root = tree / "root"
    version = tree.name.partition("-")[2].partition("+")[0]
    warning = ""
    if tree.name != _cache_name(PINNED):
        warning = f"Debian no longer has the Asterisk we test with; this is {version}"
    return AsteriskBinary(
        program=tree / "bin/asterisk",
        modules=library_directories(root)[0] / "asterisk/modules",
        data=root / "usr/share/asterisk",
        version=version,
        warning=warning,
    )


class Node:
    """One private Asterisk in `<home>/asterisk/<name>`; its name makes its call ids unique.

    `start` and `stop` run it as a child of this process. A supervisor that watches it itself
    calls `prepare` and runs `command()` instead.
    """

    stop_signal = signal.SIGTERM  # hangs up running calls and writes their records

    def __init__(self, home: Home, name: str, binary: AsteriskBinary) -> None:
        self.home = home
        self.name = name
        self.binary = binary
        self.directory = home.root / "asterisk" / name
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def etc(self) -> Path:
        return self.directory / "etc"

    @property
    def spool(self) -> Path:
        return self.directory / "var/spool"

    @property
    def sounds(self) -> Path:
        """A directory a language; `en` is Asterisk's own."""
        return self.directory / "share/sounds"

    def prepare(self, files: Mapping[str, str]) -> None:
        """Make the directories and write the configuration: `files` besides our own basics."""
        for part in _DIRECTORIES:
            self.home.directory(f"asterisk/{self.name}/{part}")
        self._link_data()
        empty = [f"{name}.conf" for name in _EMPTY.split()]
        basics = {
            # Some are filled in while it runs, and hold until they are written again.
            **{name: "; nothing\n" for name in empty if not (self.etc / name).exists()},
            "asterisk.conf": self._asterisk_conf(),
            "logger.conf": LOGGER_CONF,
            "modules.conf": modules_conf(),
        }
        for name, text in {**basics, **files}.items():
            self.home.write(f"asterisk/{self.name}/etc/{name}", text)

    def command(self) -> list[str]:
        return [str(self.binary.program), "-f", "-C", str(self.etc / "asterisk.conf")]

    def start(self, *, log: Path | None = None) -> None:
        """Run it as our own child and return when it has fully booted."""
        if self.pid:
            return
        raise_file_limit()
        log = log or self.home.directory("log") / f"asterisk-{self.name}.log"
        with log.open("ab") as sink:
            self._child = spawn_child(
                self.command(), user=self.home.user, death_signal=self.stop_signal, output=sink
            )
        deadline = time.monotonic() + START_TIMEOUT_S
        while self._child.poll() is None and time.monotonic() < deadline:
            if self.is_ready():
                return
            time.sleep(0.05)
        self.stop()
        raise ComponentMissing(
            "Asterisk", f"{self.name} did not start", cure=f"read the end of {log}"
        )

    def stop(self) -> None:
        if self._child:
            stop_child(self._child, self.stop_signal, timeout_s=STOP_TIMEOUT_S)
            self._child = None

    @property
    def pid(self) -> int | None:
        """The process that `start` made, while it lives."""
        return self._child.pid if self._child and self._child.poll() is None else None

    def is_ready(self) -> bool:
        """Whether it has loaded everything and takes calls."""
        if not (self.directory / "var/run/asterisk.ctl").exists():
            return False
        try:
            return "fully booted" in self.rx("core waitfullybooted", timeout_s=5).lower()
        except Unavailable:
            return False

    def rx(self, command: str, *, timeout_s: float = 10) -> str:
        """What Asterisk's console answers to a command."""
        try:
            done: subprocess.CompletedProcess[str] = subprocess.run(
                [*self.command()[:1], *self.command()[2:], "-rx", command],
                check=False,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=timeout_s,
                **(self.home.user.popen_args() if self.home.user else {}),
            )
        except subprocess.TimeoutExpired:
            raise Unavailable(f"Asterisk {self.name} did not answer {command!r}") from None
        if done.returncode != 0:
            raise Unavailable(f"Asterisk {self.name}: {(done.stdout + done.stderr).strip()}")
        return done.stdout

    def _link_data(self) -> None:
        """A data directory of our own: the packaged one has links that only hold as root of /."""
        share = self.directory / "share"
        for entry in self.binary.data.iterdir():
            if entry.name != "sounds":
                _link(share / entry.name, entry)
        packaged = self.binary.data / "sounds"
        for name in ("en", "en_US_f_Allison"):
            if (packaged / name).is_dir():
                _link(self.sounds / "en", (packaged / name).resolve())
                break

    def _asterisk_conf(self) -> str:
        d = self.directory
        return f"""[directories]
astetcdir => {d}/etc
astmoddir => {self.binary.modules}
astvarlibdir => {d}/var/lib
astdbdir => {d}/var/lib
astkeydir => {d}/var/lib
astdatadir => {d}/share
astagidir => {d}/var/lib/agi
astspooldir => {d}/var/spool
astrundir => {d}/var/run
astlogdir => {d}/var/log
astcachedir => {d}/var/cache
[options]
systemname = {self.name}
maxload = 0
documentation_language = en_US
hideconnect = yes
nocolor = yes
defaultlanguage = pt_BR
"""


_DIRECTORIES = (
    "etc",
    "share/sounds",
    "var/lib/agi",
    "var/lib/keys",
    "var/spool/outgoing",
    "var/spool/tmp",
    "var/run",
    "var/log/cdr-csv",
    "var/log/cdr-custom",
    "var/log/cel-custom",
    "var/cache",
)

# Standard output only: the supervisor stamps, keeps and rotates it.
LOGGER_CONF = """[general]
dateformat = %F %T.%3q
[logfiles]
console => notice,warning,error
"""

# Left out: other ways to store and report calls than ours, drivers and features we do not offer.
# Everything that stays can be seen with `module show`.
_UNUSED = """
cdr_adaptive_odbc cdr_csv cdr_custom cdr_manager cdr_odbc cdr_pgsql cdr_radius
cdr_sqlite3_custom cdr_tds
cel_custom cel_manager cel_odbc cel_pgsql cel_radius cel_sqlite3_custom cel_tds res_cdrel_custom
app_adsiprog app_agent_pool app_alarmreceiver app_amd app_dictate app_festival app_followme
app_getcpeid app_jack app_minivm app_mp3 app_sms app_speech_utils app_stasis app_stasis_broadcast
app_test app_voicemail_odbc app_zapateller
chan_audiosocket chan_console chan_iax2 chan_motif chan_unistim chan_websocket
func_dialgroup func_odbc pbx_ael pbx_dundi pbx_loopback pbx_lua
res_adsi res_ael_share res_aeap res_ari res_ari_applications res_ari_asterisk res_ari_bridges
res_ari_channels res_ari_device_states res_ari_endpoints res_ari_events res_ari_model
res_ari_playbacks res_ari_recordings res_ari_sounds
res_calendar res_calendar_caldav res_calendar_ews res_calendar_exchange res_calendar_icalendar
res_clialiases res_config_curl res_config_ldap res_config_odbc res_config_sqlite3 res_fax_spandsp
res_geolocation res_hep res_hep_pjsip res_hep_rtcp res_http_media_cache res_odbc
res_odbc_transaction res_phoneprov res_pjsip_config_wizard res_pjsip_geolocation
res_pjsip_phoneprov_provider res_pjsip_stir_shaken res_prometheus res_smdi res_snmp
res_speech_aeap res_stasis_broadcast res_statsd res_stir_shaken res_stun_monitor
res_websocket_client res_xmpp
"""
# Files without which a module that stays reports an error, though it needs nothing from them.
_EMPTY = """
acl ccss cdr cel confbridge features followme indications manager
musiconhold pjproject pjsip_notify queuerules queues res_fax res_parking stasis udptl voicemail
"""


def modules_conf() -> str:
    # Realtime must be there before the modules that read from it.
    lines = ["[modules]", "autoload = yes", "preload = res_config_pgsql.so"]
    return "\n".join([*lines, *(f"noload = {name}.so" for name in _UNUSED.split())]) + "\n"


def _link(link: Path, target: Path) -> None:
    if link.is_symlink() and link.readlink() != target:
        link.unlink()
    if not link.is_symlink():
        link.symlink_to(target)

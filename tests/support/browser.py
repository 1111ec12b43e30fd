"""A real browser for tests: Chromium upon Django's live server, with the screens' assets.

    @pytest.mark.browser
    def test_it(browser: Browser, world: World) -> None:
        page = browser.signed_in(make_user(world.master))
        page.goto(browser.url("catalog:tariff_list"))

A test module takes the fixture by importing it: `from tests.support.browser import browser`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.contrib.staticfiles import finders
from django.db import connections
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Page, expect, sync_playwright

from tronco.identity.models import User
from tronco.runtime.assets import fetch_assets
from tronco.runtime.tools import CHROMIUM, tool_path

WIDE = {"width": 1280, "height": 900}
PHONE = {"width": 390, "height": 844}
# A busy machine may be slow to answer; what is right does not wait for it.
expect.set_options(timeout=15_000)


class Browser:
    """Opens pages of the live server. A page that logs an error of its own fails the test."""

    def __init__(self, chromium: Chromium, address: str, shots: Path) -> None:
        self.chromium, self.address, self.shots = chromium, address, shots
        self.problems: list[str] = []

    def signed_in(
        self, user: User, *, viewport: dict[str, int] | None = None, dark: bool = False
    ) -> Page:
        """A page of somebody who has signed in."""
        client = Client()
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        name = django_settings.SESSION_COOKIE_NAME
        page = self.anonymous(viewport=viewport, dark=dark)
        page.context.add_cookies(
            [{"name": name, "value": client.cookies[name].value, "url": self.address}]
        )
        return page

    def anonymous(self, *, viewport: dict[str, int] | None = None, dark: bool = False) -> Page:
        """A page of nobody yet."""
        context = self.chromium.new_context(
            locale="pt-BR",
            viewport=viewport or WIDE,  # type: ignore[arg-type]
            color_scheme="dark" if dark else "light",
            # What moves while it is clicked at is sometimes missed.
            reduced_motion="reduce",
        )
        page = context.new_page()
        page.set_default_timeout(15_000)
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        page.on("console", self._listen)
        return page

    def url(self, name: str, *args: Any) -> str:
        """The full address of a screen."""
        return self.address + reverse(name, args=args)

    def shot(self, page: Page, name: str) -> Path:
        """Keep a picture of the whole page, for people to look at."""
        path = self.shots / f"{name}.png"
        page.screenshot(path=path, full_page=True)
        return path

    def _listen(self, message: Any) -> None:
        # 422 is how a form says that something is wrong with it, 429 how the lock-out does.
        if message.type == "error" and not {"422", "429"} & set(message.text.split()):
            self.problems.append(message.text)


@pytest.fixture
def browser(
    live_server: Any, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Browser]:
    """Chromium, unpacked or the system's own."""
    settings.STATICFILES_DIRS = [*settings.STATICFILES_DIRS, fetch_assets()]
    settings.TRONCO_HOSTS = ["*"]
    # Else each thread of the server leaves a connection behind, and the database cannot be dropped.
    monkeypatch.setitem(connections.settings["default"], "CONN_MAX_AGE", 0)
    finders.get_finder.cache_clear()  # type: ignore[attr-defined]
    shots = Path(os.environ.get("TRONCO_SHOTS", tmp_path))
    shots.mkdir(parents=True, exist_ok=True)
    # Playwright runs an event loop in this thread; Django would refuse the database because of it.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    try:
        with sync_playwright() as playwright:
            chromium = playwright.chromium.launch(
                executable_path=tool_path(CHROMIUM), args=["--no-sandbox"]
            )
            made = Browser(chromium, live_server.url, shots)
            yield made
            chromium.close()
            # Beside an event loop, Django gave this thread a second connection.
            connections.close_all()
        assert made.problems == [], made.problems
    finally:
        del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]
        finders.get_finder.cache_clear()  # type: ignore[attr-defined]

"""Static files as browsers get them: compressed, and kept until they change."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as project
from django.contrib.staticfiles import finders
from django.http import HttpResponse
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.test import RequestFactory
from whitenoise.middleware import WhiteNoiseMiddleware

pytestmark = pytest.mark.django_db  # closing an answer looks after connections


@pytest.fixture
def served(settings: Any, tmp_path: Path) -> Iterator[WhiteNoiseMiddleware]:
    """The product's way of serving, over a directory of assets as `runtime.assets` leaves one."""
    (tmp_path / "vendor").mkdir()
    (tmp_path / "vendor/large.css").write_bytes(b"a" * 1000)
    (tmp_path / "vendor/large.css.gz").write_bytes(b"packed")
    settings.STATICFILES_DIRS = [*project.STATICFILES_DIRS, tmp_path]
    finders.get_finder.cache_clear()  # type: ignore[attr-defined] # it is cached
    yield WhiteNoiseMiddleware(lambda request: HttpResponse(status=404))
    finders.get_finder.cache_clear()  # type: ignore[attr-defined] # it is cached


@pytest.mark.parametrize("name", ["vendor/large.css", "ui/app.js"])
def test_what_is_named_by_its_version_is_kept_for_ever(
    served: WhiteNoiseMiddleware, name: str
) -> None:
    answer = served(RequestFactory().get(static(name)))
    answer.close()
    assert answer.status_code == 200
    assert "immutable" in answer["Cache-Control"]
    assert served(RequestFactory().get(f"/static/{name}")).status_code == 404


@pytest.mark.parametrize(("taken", "encoding"), [("gzip, br", "gzip"), ("", None)])
def test_assets_come_compressed_to_whoever_takes_it(
    served: WhiteNoiseMiddleware, taken: str, encoding: str | None
) -> None:
    request = RequestFactory().get(static("vendor/large.css"), headers={"Accept-Encoding": taken})
    answer = served(request)
    answer.close()
    assert answer.get("Content-Encoding") == encoding
    assert "Accept-Encoding" in answer["Vary"]


def test_the_page_of_our_own_errors_finds_its_stylesheet() -> None:
    assert static("vendor/tabler/tabler.min.css") in render_to_string("500.html")

"""Recordings in answers: files of any length that a browser plays and seeks in, or keeps."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase
from django.utils.http import content_disposition_header

from tronco.core.errors import NotFound
from tronco.pbx.playing import asked_span
from tronco.recordings.files import TYPES

# A player that asks for all from some place on gets this much and asks again.
MOST_BYTES: Final = 2_000_000


def file_response(request: HttpRequest, path: Path, *, name: str) -> HttpResponseBase:
    """Answer with a recording or a part of it; `?download` keeps it as `name` and its suffix."""
    if not path.exists():
        raise NotFound(str(path.name))
    size, content_type = path.stat().st_size, TYPES[path.suffix]
    span = asked_span(request.headers.get("Range", ""), size)
    response: HttpResponseBase
    if span is None:
        # Closed by the answer when it is sent.
        response = FileResponse(path.open("rb"), content_type=content_type)
    else:
        begin, end = span[0], min(span[1], span[0] + MOST_BYTES)
        with path.open("rb") as file:
            file.seek(begin)
            part = file.read(end - begin)
        response = HttpResponse(part, content_type=content_type, status=206)
        response["Content-Range"] = f"bytes {begin}-{end - 1}/{size}"
    response["Accept-Ranges"] = "bytes"
    response["Cache-Control"] = "no-store"
    disposition = content_disposition_header("download" in request.GET, name + path.suffix)
    if disposition:
        response["Content-Disposition"] = disposition
    return response

"""Sounds in answers: WAV files that a browser plays, in parts if it asks for parts, or keeps."""

from __future__ import annotations

import hashlib
import re

from django.http import HttpRequest, HttpResponse, HttpResponseNotModified
from django.utils.http import content_disposition_header

_RANGE = re.compile(r"bytes=(\d*)-(\d*)\Z")


def sound_response(request: HttpRequest, sound: bytes, *, name: str) -> HttpResponse:
    """Answer with a WAV file; `?download` keeps it as `name`."""
    tag = f'"{hashlib.sha256(sound).hexdigest()[:32]}"'
    if request.headers.get("If-None-Match") == tag:
        return HttpResponseNotModified()
    span = asked_span(request.headers.get("Range", ""), len(sound))
    begin, end = span or (0, len(sound))
    response = HttpResponse(
        bytes(sound[begin:end]), content_type="audio/wav", status=206 if span else 200
    )
    if span:
        response["Content-Range"] = f"bytes {begin}-{end - 1}/{len(sound)}"
    response["Accept-Ranges"] = "bytes"
    response["ETag"] = tag
    disposition = content_disposition_header("download" in request.GET, name)
    if disposition:
        response["Content-Disposition"] = disposition
    return response


def asked_span(header: str, length: int) -> tuple[int, int] | None:
    """Read one range of bytes; what cannot be served as a part is served whole."""
    match = _RANGE.match(header)
    if match is None or not (match[1] or match[2]):
        return None
    if not match[1]:
        begin, end = max(length - int(match[2]), 0), length
    else:
        begin = int(match[1])
        end = min(int(match[2]) + 1, length) if match[2] else length
    return (begin, end) if begin < end else None

"""Answers that the asker has already: told by their ETag, not sent again (RFC 9110)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping

import msgspec
from fastapi import Request, Response

_TAG = re.compile(r'(?:W/)?"([^"]*)"')


def etag(*parts: object) -> str:
    """Weak: equal where the answers say the same, whatever time they took."""
    text = msgspec.json.encode(parts, order="deterministic")
    return f'W/"{hashlib.blake2b(text, digest_size=16).hexdigest()}"'


def held(request: Request, tag: str) -> bool:
    """Whether the asker says that the answer with this tag is there."""
    said = request.headers.get("if-none-match", "")
    opaque = tag.removeprefix("W/").strip('"')
    return said.strip() == "*" or opaque in _TAG.findall(said)


def asked(request: Request) -> bool:
    return "if-none-match" in request.headers


def not_modified(headers: Mapping[str, str]) -> Response:
    return Response(status_code=304, headers=dict(headers))

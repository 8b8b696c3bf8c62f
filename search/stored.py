"""Requests as they are stored: with a saved search, and with each judgement."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from pathlib import Path
from typing import Any

import msgspec

from errors import QueryError
from images import read_file
from search.request import Request

_PAGE = {"offset", "cursor", "explain"}  # of one page, not of the search
_DEFAULT = Request()


def as_stored(request: Request) -> dict[str, Any]:
    """What differs from a bare request, as plain values; pictures by their whole path."""
    values = {}
    for field in dataclasses.fields(Request):
        value = getattr(request, field.name)
        if field.name not in _PAGE and value != getattr(_DEFAULT, field.name):
            values[field.name] = value
    if request.images:
        values["images"] = [str(file.absolute()) for file in request.images]
    # The standard library's JSON: an argument that is no UTF-8 holds lone surrogates.
    plain: dict[str, Any] = json.loads(json.dumps(msgspec.to_builtins(values)))
    return plain


def from_stored(values: dict[str, Any]) -> Request:
    """Raises a QueryError for what this program cannot ask."""
    known = {field.name for field in dataclasses.fields(Request)} - _PAGE
    strange = sorted(set(values) - known)
    if strange:
        raise QueryError(
            f"the search asks for {strange[0]!r}",
            "this program does not know it",
            "upgrade Pairdex",
        )
    request: Request = msgspec.convert(values, Request, strict=False, dec_hook=_path)
    return request


def asked(request: Request) -> str:
    """A digest that is equal where the same is asked for.

    Neither filters nor what is shown count: whether an item answers a query hangs on neither.
    """
    parts = (
        " ".join(request.text.casefold().split()),
        sorted(hashlib.sha256(read_file(file)).hexdigest() for file in request.images),
        sorted(request.like),
        sorted(" ".join(words.casefold().split()) for words in request.without),
    )
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _path(kind: type, value: object) -> object:
    if kind is Path:
        return Path(str(value))
    raise NotImplementedError(kind)

"""Requests as they are stored: with a saved search, and with each judgement."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, get_type_hints

import msgspec

from db.store import Store
from errors import QueryError
from search.request import Picture, Request, content_of

_PAGE = {"offset", "cursor", "explain"}  # of one page, not of the search
_DEFAULT = Request()
_DIGEST = "sha256:"
MAX_NAME = 200  # characters of a saved search's name


def as_stored(request: Request) -> dict[str, Any]:
    """What differs from a bare request, as plain values; pictures by their whole path.

    A picture that is no file is not kept, only its digest: it can be told, not searched for again.
    """
    values = {}
    for field in dataclasses.fields(Request):
        value = getattr(request, field.name)
        if field.name not in _PAGE and value != getattr(_DEFAULT, field.name):
            values[field.name] = value
    if request.images:
        values["images"] = [_told(picture) for picture in request.images]
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
    gone = [file for file in values.get("images", ()) if file.startswith(_DIGEST)]
    if gone:
        raise QueryError(
            "the search looks for a picture that was not kept", gone[0], "search with it anew"
        )
    return request_of(values, strict=False)


def request_of(values: Mapping[str, Any], *, strict: bool = True) -> Request:
    """A request of plain values, pictures by their paths; msgspec says what is wrong with one."""
    plain: Any = msgspec.convert(values, _plain(), strict=strict)
    given = {field.name: getattr(plain, field.name) for field in dataclasses.fields(Request)}
    return Request(**given | {"images": tuple(map(Path, given["images"]))})


@cache
def _plain() -> type:
    """`Request` as msgspec can read it: it makes no choice between paths and bytes."""
    kinds = get_type_hints(Request) | {"images": tuple[str, ...]}
    fields = dataclasses.fields(Request)
    return dataclasses.make_dataclass(
        "Plain", [(f.name, kinds[f.name], dataclasses.field(default=f.default)) for f in fields]
    )


def keep(store: Store, name: str, request: Request) -> bool:
    """Save a search under a name; returns whether it took the place of another."""
    if not name.strip() or len(name) > MAX_NAME or not name.isprintable():
        raise QueryError(
            f"{name!r} is no name for a search", f"1 to {MAX_NAME} characters on one line"
        )
    return store.saved.put(name.strip(), as_stored(request))


def take(store: Store, name: str) -> Request:
    """The search that was saved under a name."""
    saved = store.saved.get(name.strip())
    if saved is None:
        raise unknown(name)
    return from_stored(saved.request)


def unknown(name: str) -> QueryError:
    return QueryError(f"no search is saved as {name!r}", "", "`pairdex saved list` shows them")


def asked(request: Request) -> str:
    """A digest that is equal where the same is asked for.

    Neither filters nor what is shown count: whether an item answers a query hangs on neither.
    """
    parts = (
        " ".join(request.text.casefold().split()),
        sorted(content_of(picture) for picture in request.images),
        sorted(request.like),
        sorted(" ".join(words.casefold().split()) for words in request.without),
    )
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _told(picture: Picture) -> str:
    return str(picture.absolute()) if isinstance(picture, Path) else _DIGEST + content_of(picture)

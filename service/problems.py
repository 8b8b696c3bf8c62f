"""Every refusal as problem+json (RFC 9457), with the words and codes of the command line.

branch of errors.py                   as its branch is called; the status by whose mistake it is
Problem                               what only a service can say: busy, not found, too large
a body or parameter of a wrong shape  422, invalid-request
a bug                                 500, without a word of what happened inside
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import msgspec
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from errors import (
    CatalogError,
    HomeError,
    ImageError,
    IndexStateError,
    LockedError,
    ModelError,
    PairdexError,
    QueryError,
    SettingsError,
    printable,
)

MEDIA_TYPE = "application/problem+json"
RETRY = 5  # seconds after which it is worth trying again, where nobody knows better
_log = logging.getLogger("pairdex.service")
# From the leaves to the root, so that the first that fits is the right one.
_BRANCHES: tuple[tuple[type[PairdexError], str, int, str], ...] = (
    (QueryError, "query", 400, "The query cannot be answered"),
    (SettingsError, "settings", 422, "A setting is wrong"),
    (CatalogError, "catalog", 422, "The catalog refuses it"),
    (ImageError, "image", 422, "The image cannot be read"),
    (ModelError, "model", 503, "The model cannot be used"),
    (IndexStateError, "index", 503, "The index cannot be used"),
    (LockedError, "conflict", 409, "Another job is at work"),
    (HomeError, "home", 503, "The home cannot be used"),
)
# What a client has where the terminal has a command.
_HERE = {"`pairdex catalog fields`": "GET /v1/fields", "`pairdex saved list`": "GET /v1/saved"}
# What the service itself refuses: status and title by the last part of the type.
KINDS: dict[str, tuple[int, str]] = {
    "malformed": (400, "This is no HTTP request"),
    "unauthorised": (401, "A key is needed"),
    "forbidden": (403, "The key does not allow this"),
    "not-found": (404, "There is no such thing"),
    "method-not-allowed": (405, "This address does not take that method"),
    "too-slow": (408, "The request did not arrive in time"),
    "conflict": (409, "It cannot be done now"),
    "too-large": (413, "It is too large"),
    "unsupported-type": (415, "This type is not taken"),
    "invalid-request": (422, "The request is not valid"),
    "too-many-requests": (429, "Too many requests"),
    "too-many-headers": (431, "The request has too many headers"),
    "internal": (500, "The service has a bug"),
    "busy": (503, "The service is busy"),
    "timeout": (504, "It took too long"),
}
_WORDS = {
    "not-found": ("there is no such address", "", "/openapi.json names them all"),
    "method-not-allowed": ("this address takes another method", "", "see the header Allow"),
}
_BY_STATUS = {status: kind for kind, (status, _) in KINDS.items() if kind != "conflict"}


class Problem(Exception):  # noqa: N818  (the word of the standard)
    """A refusal of the service itself; `kind` is one of KINDS."""

    def __init__(
        self,
        kind: str,
        what: str,
        why: str = "",
        remedy: str = "",
        retry_after: int | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(what)
        self.kind, self.what, self.why, self.remedy = kind, what, why, remedy
        self.retry_after, self.headers = retry_after, dict(headers or {})

    def __str__(self) -> str:
        return str(PairdexError(self.what, self.why, self.remedy))


class Document(msgspec.Struct, omit_defaults=True):
    """A problem as it is sent."""

    type: str
    title: str
    status: int
    detail: str = ""
    what: str = ""
    why: str = ""
    remedy: str = ""
    field: str = ""  # of the request that is wrong
    code: int | None = None  # exit code of the command line
    pointer: dict[str, int] | None = None  # characters of the query line or filter
    request_id: str = ""


def install(app: FastAPI) -> None:
    """Answer every exception of a route by its document."""

    async def answer(request: Request, error: Exception) -> Response:
        return response(request, error)

    for kind in (PairdexError, Problem, HTTPException, RequestValidationError, Exception):
        app.add_exception_handler(kind, answer)


def response(request: Request, error: Exception) -> Response:
    """For middleware too, whose exceptions no handler sees."""
    found = document(error, _home(request))
    found.request_id = getattr(request.state, "request_id", "")
    request.state.problem = found.type.rpartition(":")[2]  # for log and metrics
    headers = dict(getattr(error, "headers", None) or {})
    retry = getattr(error, "retry_after", None)
    if retry is None and found.status == 503 and not isinstance(error, HomeError | ModelError):
        retry = RETRY
    if retry is not None:
        headers["Retry-After"] = str(retry)
    if found.status == 405 and (methods := _methods(request)):
        headers["Allow"] = methods
    if found.status == 500:
        _log.error("unexpected error", exc_info=error)
    headers.setdefault("Cache-Control", "no-store")
    return Response(msgspec.json.encode(found), found.status, headers, MEDIA_TYPE)


def document(error: Exception, home: str = "") -> Document:
    """`home` is told to nobody: paths in it are shown from there on."""
    if isinstance(error, PairdexError):
        return _of_branch(error, home)
    if isinstance(error, Problem):
        return _of_kind(error.kind, error.what, error.why, error.remedy)
    if isinstance(error, RequestValidationError):
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"][1:]) or "the request"
        return _of_kind("invalid-request", f"{where} is not valid", str(first["msg"]))
    if isinstance(error, HTTPException):
        return _of_status(error)
    return _of_kind("internal", "unexpected error", "", "the log of the service says more")


def _of_branch(error: PairdexError, home: str) -> Document:
    name, status, title = next(
        (name, status, title) for kind, name, status, title in _BRANCHES if isinstance(error, kind)
    )
    found = _made(name, title, status, *(_without(part, home) for part in _parts(error)))
    found.code, found.field = error.exit_code, error.field
    pointer = error.pointer if isinstance(error, QueryError) else None
    if pointer is not None:
        found.pointer = {"start": pointer.start, "end": pointer.end}
    return found


def _without(text: str, home: str) -> str:
    for command, address in _HERE.items():
        text = text.replace(command, address)
    return text.replace(home, "home") if home else text


def _of_kind(kind: str, what: str, why: str = "", remedy: str = "") -> Document:
    status, title = KINDS[kind]
    return _made(kind, title, status, *_parts(PairdexError(what, why, remedy)))


def _parts(error: PairdexError) -> tuple[str, str, str, str]:
    return str(error), error.what, error.why, error.remedy


def _made(
    kind: str, title: str, status: int, detail: str, what: str, why: str, remedy: str
) -> Document:
    said = [printable(part) for part in (detail, what, why, remedy)]
    return Document(
        f"urn:pairdex:{kind}", title, status, said[0], what=said[1], why=said[2], remedy=said[3]
    )


def _of_status(error: HTTPException) -> Document:
    """What the framework refuses before a route is found, or while a body is read."""
    status = error.status_code
    if status == 400:  # a body that cannot be parted into its fields
        status = 422
    kind = _BY_STATUS.get(status)
    if kind is None:
        title = HTTPStatus(status).phrase
        return Document("about:blank", title, status, str(error.detail))
    if error.detail == HTTPStatus(error.status_code).phrase:  # the framework's own words
        what, why, remedy = _WORDS.get(kind, (KINDS[kind][1].lower(), "", ""))
        return _of_kind(kind, what, why, remedy)
    return _of_kind(kind, str(error.detail))


def _methods(request: Request) -> str:
    """All that the address takes; the framework knows of the first route alone."""
    path = getattr(request.scope.get("route"), "path", "")
    return ", ".join(sorted(map(str.upper, request.app.openapi()["paths"].get(path, ()))))


def _home(request: Request) -> str:
    service: Any = getattr(request.app.state, "service", None)
    return "" if service is None else str(service.home.path)

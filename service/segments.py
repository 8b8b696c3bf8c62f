"""One segment of an address is one name, whatever characters it holds.

An item may be called `shoes/red.png` or `a/image`. Clients percent-encode it as one segment, so
addresses are told apart before they are decoded: routes see each segment encoded, in one form, and
`Name` decodes it.
"""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote, unquote

from fastapi import Path
from pydantic import AfterValidator
from starlette.types import ASGIApp, Receive, Scope, Send

PREFIX = "/v1/"


class Segments:
    """ASGI middleware: the path of /v1 stays encoded."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].startswith(PREFIX):
            raw: bytes = scope.get("raw_path") or quote(scope["path"]).encode()
            path = raw.partition(b"?")[0].decode("ascii", "replace")
            # In place: what routing finds for it is seen from outside, by the log.
            scope["path"] = "/".join(_canonical(part) for part in path.split("/"))
        await self._app(scope, receive, send)


def encoded(name: str) -> str:
    """As a segment of an address."""
    return quote(name, safe="", errors="replace")


def _canonical(segment: str) -> str:
    """`%41` and `A` are the same letter."""
    return encoded(unquote(segment, errors="replace"))


Name = Annotated[
    str,
    Path(description="Percent-encoded as one segment: `shoes/red` is `shoes%2Fred`."),
    AfterValidator(unquote),
]

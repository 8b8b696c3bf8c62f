"""Bodies of requests: which types, how long, how many parts, and how fast they must come.

What is counted is what arrives: a Content-Length is only believed where it is already too large.
Who is refused, or answered before the whole body was read, is told so and cut off: otherwise the
rest would have to be read, however long it is.
"""

from __future__ import annotations

import asyncio
import time
from email.message import Message as Headers

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service import problems
from service.problems import Problem
from settings import ServiceSettings

MAX_HEADERS, MAX_HEAD = 100, 32 << 10
MAX_PARTS = 40  # 32 images, the JSON beside them, and some room
MAX_FIELD = 1 << 20  # bytes of a body that is not multipart
JSON, MULTIPART = "application/json", "multipart/form-data"
# After the answer: so much is read on, so that a client that sends first and listens then is not
# cut off before it has read why.
_LINGER_SECONDS, _LINGER_BYTES = 2.0, 8 << 20


class Bodies:
    """ASGI middleware; outside of all that reads a body or answers without."""

    def __init__(self, app: ASGIApp, settings: ServiceSettings) -> None:
        self._app, self._settings = app, settings
        self._uploads = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        body = Body(receive, send, self._settings.body_timeout)
        try:
            upload = self._admit(request, body)
        except Problem as problem:
            await problems.response(request, problem)(scope, receive, body.send)
            return
        self._uploads += upload
        try:
            await self._app(scope, body.receive, body.send)
        except HTTPException:
            if body.refusal is None:
                raise
        finally:
            self._uploads -= upload
        if body.refusal is not None and not body.answered:
            body.refusing = True
            await problems.response(request, body.refusal)(scope, receive, body.send)

    def _admit(self, request: Request, body: Body) -> bool:
        """Whether it is an upload; a Problem where its headers already say too much."""
        headers = request.headers
        size = sum(len(name) + len(value) for name, value in headers.raw)
        if len(headers) > MAX_HEADERS or size > MAX_HEAD:
            raise Problem(
                "too-many-headers", "the headers are too many or too long",
                f"the limits are {MAX_HEADERS} headers and {MAX_HEAD:,} bytes",
            )  # fmt: skip
        length = headers.get("content-length")
        if "transfer-encoding" not in headers and length in (None, "0"):
            return False
        body.complete = False
        if "transfer-encoding" in headers and length is not None:
            raise Problem("invalid-request", "both Content-Length and Transfer-Encoding are given")
        kind = Headers()
        kind["content-type"] = headers.get("content-type", "")
        media = kind.get_content_type() if kind["content-type"] else ""
        if media not in (JSON, MULTIPART):
            raise Problem(
                "unsupported-type", f"a body of type {media or 'unknown'} is not taken", "",
                f"send {JSON} or {MULTIPART}",
            )  # fmt: skip
        if headers.get("content-encoding", "identity") != "identity":
            raise Problem("unsupported-type", "a compressed body is not taken", "", "send it plain")
        upload = media == MULTIPART
        if upload:
            boundary = kind.get_boundary()
            if not boundary or len(boundary) > 200:
                raise Problem("invalid-request", "the multipart body names no boundary")
            body.boundary = b"--" + boundary.encode("latin-1", "replace")
            if self._uploads >= self._settings.uploads:
                raise Problem("busy", f"{self._uploads} uploads are at work", retry_after=2)
        body.limit = self._settings.max_upload_mb << 20 if upload else MAX_FIELD
        body.check_size(int(length) if length is not None else 0)
        return upload


class Body:
    """The receiving and sending ends of one request."""

    def __init__(self, receive: Receive, send: Send, seconds: float) -> None:
        self._receive, self._send = receive, send
        self._seconds, self._until = seconds, time.monotonic() + seconds
        self.limit, self._bytes = MAX_FIELD, 0
        self.boundary, self._parts, self._tail = b"", 0, b""
        self.complete = True  # nothing of the body is still to come
        self.answered = self.refusing = False
        self.refusal: Problem | None = None

    def check_size(self, size: int) -> None:
        if size > self.limit:
            raise Problem(
                "too-large", "the body is too large", f"the limit is {self.limit:,} bytes",
                "send fewer or smaller images" if self.boundary else "send less",
            )  # fmt: skip

    async def receive(self) -> Message:
        if self.complete:
            return await self._receive()
        try:
            return await self._next()
        except Problem as problem:
            self.refusal = problem
            # Of the framework's own kind, which it hands on as it is; `send` answers the rest.
            raise HTTPException(400, str(problem)) from None

    async def _next(self) -> Message:
        try:
            async with asyncio.timeout(max(0.0, self._until - time.monotonic())):
                message = await self._receive()
        except TimeoutError:
            raise Problem(
                "too-slow", "the body did not arrive in time", f"the limit is {self._seconds:g} s"
            ) from None
        if message["type"] == "http.request":
            data = message.get("body", b"")
            self._bytes += len(data)
            self.check_size(self._bytes)
            if self.boundary:
                self._count_parts(data)
            self.complete = not message.get("more_body", False)
        else:
            self.complete = True  # the client has gone
        return message

    def _count_parts(self, data: bytes) -> None:
        seen = self._tail + data
        self._parts += seen.count(self.boundary)
        # Never as long as a boundary, so that none is counted twice.
        self._tail = seen[-(len(self.boundary) - 1) :]
        if self._parts > MAX_PARTS + 1:  # the end is marked by one more
            raise Problem("too-large", f"more than {MAX_PARTS} parts", "", "send fewer at once")

    async def send(self, message: Message) -> None:
        """What the application answers to a refused body is not what is to be said of it."""
        if self.refusal is not None and not self.answered and not self.refusing:
            return
        if message["type"] == "http.response.start":
            self.answered = True
            if not self.complete:
                headers = [*message.get("headers", ()), (b"connection", b"close")]
                message = {**message, "headers": headers}
        last = message["type"] == "http.response.body" and not message.get("more_body", False)
        if last and not self.complete:
            await self._send({**message, "more_body": True})
            await self._linger()
            message = {"type": "http.response.body", "body": b"", "more_body": False}
        await self._send(message)

    async def _linger(self) -> None:
        left = _LINGER_BYTES
        try:
            async with asyncio.timeout(_LINGER_SECONDS):
                while left > 0 and not self.complete:
                    message = await self._receive()
                    left -= len(message.get("body", b""))
                    self.complete = not message.get("more_body", False)
        except TimeoutError:
            self.complete = False

"""Every request gets an id, a line in the log and its place in the metrics; bugs end here.

A line is one JSON object: when, id, method, route (never the address as it was asked, which holds
ids and words), status, ms, bytes sent, key (its public part) and where it came from. Bodies,
queries and keys are in none.
"""

from __future__ import annotations

import datetime as dt
import json
import logging
import re
import sys
import time
import uuid
from typing import Any

from starlette.datastructures import MutableHeaders
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service import problems
from service.metrics import Metrics

_log = logging.getLogger("pairdex.requests")
_GONE = 499  # as nginx's log calls it
_METHODS = frozenset("DELETE GET HEAD OPTIONS PATCH POST PUT".split())
# That of a proxy before us is kept, so that one id leads through both logs.
_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")


class Observed:
    """ASGI middleware, outside of all others."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app, self._metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        given = request.headers.get("x-request-id", "")
        request.state.request_id = given if _ID.fullmatch(given) else uuid.uuid4().hex
        start, status, sent = time.perf_counter(), 0, 0

        async def watched(message: Message) -> None:
            nonlocal status, sent
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)["X-Request-ID"] = request.state.request_id
            sent += len(message.get("body", b""))
            await send(message)

        self._metrics.in_flight.inc()
        try:
            await self._app(scope, receive, watched)
        except ClientDisconnect:  # in the middle of a body: nobody is there to be answered
            status = status or _GONE
        except Exception as error:
            if status:  # the answer has begun: the connection is cut, which the client sees
                raise
            await problems.response(request, error)(scope, receive, watched)
        finally:
            self._metrics.in_flight.dec()
            self._tell(request, status, time.perf_counter() - start, sent)

    def _tell(self, request: Request, status: int, seconds: float, sent: int) -> None:
        route = getattr(request.scope.get("route"), "path", "other")
        method = request.method if request.method in _METHODS else "other"
        self._metrics.request(method, route, status, seconds)
        problem = getattr(request.state, "problem", None)
        if problem:
            self._metrics.errors.labels(problem).inc()
        caller = getattr(request.state, "caller", None)
        said = {
            "id": request.state.request_id,
            "method": method,
            "route": route,
            "status": status,
            "ms": round(seconds * 1000, 2),
            "sent": sent,
            "key": caller.key.public if caller is not None and caller.key else None,
            "client": request.client.host if request.client else None,
        }
        if problem:
            said["problem"] = problem
        level = logging.INFO if status < 500 else logging.WARNING  # a bug has told its own error
        _log.log(level, "request", extra={"said": said})


class Lines(logging.Formatter):
    """One JSON object on one line, whatever is in the record."""

    def format(self, record: logging.LogRecord) -> str:
        when = dt.datetime.fromtimestamp(record.created, dt.UTC)
        line: dict[str, Any] = {
            "time": when.isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
        }
        line |= getattr(record, "said", {})
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


def log_lines(quiet: bool = False) -> None:
    """The log of the whole process, warnings of libraries too: stderr, one JSON object a line.

    Quiet, it tells only what went wrong.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Lines())
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    logging.getLogger("pairdex").setLevel(logging.WARNING if quiet else logging.INFO)
    logging.captureWarnings(capture=True)

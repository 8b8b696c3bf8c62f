"""/v1/index/build and /v1/index/events: the index is built, and whoever listens is told."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse

from service import answers, told
from service.access import allowed
from service.openapi import documented
from service.state import service_of

STREAM = "text/event-stream"
router = APIRouter(prefix="/v1/index", tags=["index"])


@router.post(
    "/build",
    status_code=202,
    dependencies=[allowed("write")],
    **documented(answer=told.Begun, status=202, example={"job": "4984a99bb324"}, problems=[409]),
)
async def build(request: Request) -> Response:
    """Bring the index to what the catalog holds now."""
    service = service_of(request)
    job = await service.reading.run(service.worker.build)
    response = answers.json_response(told.Begun(job), {"Cache-Control": "no-store"})
    response.status_code = 202
    return response


@router.get(
    "/events",
    dependencies=[allowed("read")],
    **documented(answer={"type": "string"}, media=STREAM, example=told.EVENTS),
)
async def events(request: Request) -> Response:
    """How things stand, then progress, publishes, the queue and failures as they come.

    Server-sent events: `state` is sent first, and again whenever a client comes back.
    """
    service = service_of(request)
    last = request.headers.get("last-event-id", "")
    after = int(last) if last.isdecimal() and last.isascii() and len(last) < 19 else None
    stream = service.events.listen(after, service.closing)
    # No proxy may hold back what is said.
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(stream, media_type=STREAM, headers=headers)

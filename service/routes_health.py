"""/healthz and /readyz: for whoever keeps the service running."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from service.answers import Health, json_response
from service.openapi import documented
from service.state import service_of

router = APIRouter(tags=["health"])
READY = {"status": "ready", "generation": "000007"}
_FRESH = {"Cache-Control": "no-store"}


@router.get("/healthz", **documented(answer=Health, example={"status": "alive"}))
async def healthz() -> Response:
    """The process answers."""
    return json_response(Health("alive"), _FRESH)


@router.get("/readyz", **documented(answer=Health, example=READY, problems=[503]))
async def readyz(request: Request) -> Response:
    """An index and its model are loaded and have answered a first query."""
    name = service_of(request).live.loaded().name
    return json_response(Health("ready", name), _FRESH)

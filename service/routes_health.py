"""/healthz and /readyz: for whoever keeps the service running."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from service.answers import json_response
from service.state import service_of

router = APIRouter(tags=["health"])


@router.get("/healthz")
async def healthz() -> Response:
    """The process answers."""
    return json_response({"status": "alive"}, {"Cache-Control": "no-store"})


@router.get("/readyz")
async def readyz(request: Request) -> Response:
    """An index and its model are loaded and have answered a first query."""
    name = service_of(request).live.loaded().name
    return json_response({"status": "ready", "generation": name}, {"Cache-Control": "no-store"})

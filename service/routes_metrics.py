"""/metrics: for Prometheus."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from service.access import allowed
from service.state import service_of

router = APIRouter(tags=["health"], dependencies=[allowed("read")])


@router.get("/metrics")
async def metrics(request: Request) -> Response:
    """Counters and histograms in the text format of Prometheus."""
    found = generate_latest(service_of(request).metrics.registry)
    return Response(found, media_type=CONTENT_TYPE_LATEST)

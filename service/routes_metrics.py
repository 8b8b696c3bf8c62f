"""/metrics: for Prometheus."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from service.access import allowed
from service.openapi import documented
from service.state import service_of

router = APIRouter(tags=["health"], dependencies=[allowed("read")])


@router.get(
    "/metrics",
    **documented(answer={"type": "string"}, media="text/plain", problems=[401, 403, 429]),
)
async def metrics(request: Request) -> Response:
    """Counters and histograms in the text format of Prometheus."""
    found = generate_latest(service_of(request).metrics.registry)
    return Response(found, media_type=CONTENT_TYPE_LATEST)

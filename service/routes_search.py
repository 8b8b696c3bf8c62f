"""POST /v1/search"""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from service import answers
from service.access import allowed
from service.schemas import SearchRequest, read
from service.state import service_of

router = APIRouter(prefix="/v1", tags=["search"], dependencies=[allowed("read")])


@router.post("/search")
async def search(request: Request) -> Response:
    """Find items by words, pictures and what the catalog says of them."""
    asked = read(await request.body(), SearchRequest).request()
    found = await service_of(request).searches.search(asked)
    return answers.json_response(answers.search(found.result))

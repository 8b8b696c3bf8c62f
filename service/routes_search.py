"""/v1/search, /v1/items/ID/similar and /v1/complete"""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response
from fastapi import Request as Incoming

from search import Request, SearchResult
from search.completion import CatalogWords, Completion
from search.request import content_of
from service import answers, conditional, examples, uploads
from service.access import allowed
from service.answers import Completions
from service.live import HIDDEN, Loaded
from service.openapi import documented
from service.routes_items import find
from service.schemas import Page, SearchRequest, of_query, read
from service.searching import Search
from service.segments import Name
from service.state import Service, service_of

router = APIRouter(prefix="/v1", tags=["search"], dependencies=[allowed("read")])
MOST_PICTURES = 8


@router.post(
    "/search",
    **documented(
        answer=SearchResult,
        example=examples.FOUND,
        body=SearchRequest,
        body_example=examples.SEARCH,
        form=("request", SearchRequest, MOST_PICTURES),
        cached=True,
    ),
)
async def search(incoming: Incoming) -> Response:
    """Find items by words, pictures and what the catalog says of them."""
    if not uploads.is_multipart(incoming):
        return await _found(incoming, read(await incoming.body(), SearchRequest).request())
    service = service_of(incoming)
    async with uploads.form(incoming, SearchRequest, "request", MOST_PICTURES) as (said, files):
        loaded, seen = await uploads.pictures(service, files)
    return await _found(incoming, said.request(images=seen), loaded)


@router.get(
    "/search",
    **documented(answer=SearchResult, example=examples.FOUND, query=SearchRequest, cached=True),
)
async def search_by_address(incoming: Incoming) -> Response:
    """The same without pictures, as an address that can be kept."""
    return await _found(incoming, of_query(incoming.query_params, SearchRequest).request())


@router.get(
    "/items/{item}/similar",
    **documented(answer=SearchResult, example=examples.FOUND, query=Page, cached=True),
)
async def similar(incoming: Incoming, item: Name) -> Response:
    """Items like this one."""
    service = service_of(incoming)
    page = of_query(incoming.query_params, Page)
    await service.reading.run(find, service, item)
    return await _found(incoming, page.request(like=[item]))


@router.get(
    "/complete", **documented(answer=Completions, example=examples.COMPLETIONS, problems=[422])
)
async def complete(
    incoming: Incoming,
    text: Annotated[str, Query(max_length=1000, description="What has been typed so far.")],
    limit: Annotated[int, Query(ge=1, le=100)] = 10,
    for_: Annotated[Literal["query", "where"], Query(alias="for")] = "query",
) -> Response:
    """What the end of a query or of a filter may become, from what the catalog holds."""
    service = service_of(incoming)

    def look() -> list[Completion]:
        words = _words(service)
        return words.where(text, limit) if for_ == "where" else words.query(text, limit)

    found = await service.reading.run(look)
    return answers.json_response(Completions(text, found))


async def _found(incoming: Incoming, request: Request, loaded: Loaded | None = None) -> Response:
    """`loaded` is what has encoded the request's pictures."""
    service = service_of(incoming)
    if conditional.asked(incoming):
        revision = await service.reading.run(service.store.revision)
        tag = _tag(service, loaded or service.live.loaded(), revision, request)
        if conditional.held(incoming, tag):
            return conditional.not_modified({"ETag": tag, "Cache-Control": answers.PRIVATE})
    found = await service.searches.ask(Search(request, loaded))
    tag = _tag(service, found.loaded, found.revision, request)
    return answers.json_response(answers.search(found.result), {"ETag": tag})


def _tag(service: Service, loaded: Loaded, revision: int, request: Request) -> str:
    """Another one where the answer may be: `-30d` is another day tomorrow."""
    pictures = [content_of(picture) for picture in request.images]
    rest = dataclasses.asdict(dataclasses.replace(request, images=()))
    model, settings = loaded.encoder.model, service.settings.search
    day = dt.date.today().isoformat()
    return conditional.etag(loaded.name, model, revision, settings, day, rest, pictures)


def _words(service: Service) -> CatalogWords:
    loaded = service.live.loaded() if service.live.ready else None
    state = (service.store.revision(), loaded and loaded.name)
    words = loaded.generation.words.vocabulary if loaded else None
    return service.words.at(state, lambda: CatalogWords(service.store, words, HIDDEN))

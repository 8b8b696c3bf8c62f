"""/v1/judgements and /v1/saved: what people say of results, and the searches that they keep."""

from __future__ import annotations

import dataclasses
from typing import Annotated

import msgspec
from fastapi import APIRouter, Query, Request, Response
from msgspec import Meta
from pydantic import Field

from errors import IndexStateError
from search import SearchResult
from search.feedback import of_query, record
from search.stored import keep, unknown
from service import answers, examples, told
from service.access import allowed
from service.openapi import documented
from service.problems import Problem
from service.schemas import MOST, Names, SearchRequest, read
from service.searching import Search
from service.segments import Name
from service.state import Service, service_of

router = APIRouter(prefix="/v1", tags=["judgements"])
Number = Annotated[int, Field(ge=1, le=2**63 - 1)]  # as the database can hold it
LOOKED_AT = 100  # results among which a judged item's score is looked for
FRESH = {"Cache-Control": "no-store"}


class JudgedRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which items answer a search, and which do not."""

    request: SearchRequest
    good: Annotated[Names, Meta(description="Ids of items that answer it.")] = []
    bad: Annotated[Names, Meta(description="Ids of items that do not.")] = []
    generation: Annotated[
        str, Meta(max_length=32, description="That of the answer that was judged.")
    ] = ""


@router.post(
    "/judgements",
    status_code=201,
    dependencies=[allowed("write")],
    **documented(
        answer=told.Kept,
        status=201,
        example={"kept": 2},
        body=JudgedRequest,
        body_example=told.JUDGED,
    ),
)
async def judge(request: Request) -> Response:
    """Keep what is said of results; a later word on the same item takes the earlier one's place."""
    service = service_of(request)
    said = read(await request.body(), JudgedRequest)
    if not said.good and not said.bad:
        raise Problem("invalid-request", "nothing is judged", "", "name items in good or bad")
    asked = dataclasses.replace(said.request.request(), good=(), bad=())
    result: SearchResult | None = None
    try:
        looked = dataclasses.replace(asked, top=min(MOST, LOOKED_AT), cursor="", explain=False)
        found = (await service.searches.ask(Search(looked))).result
        result = found if said.generation in ("", found.generation) else None
    except IndexStateError:
        pass  # what people say is kept without an index too
    judged = dataclasses.replace(asked, good=tuple(said.good), bad=tuple(said.bad))
    count = await service.reading.run(record, service.store, judged, result, "api", said.generation)
    response = answers.json_response(told.Kept(count), FRESH)
    response.status_code = 201
    return response


@router.get("/judgements", dependencies=[allowed("read")], **documented(answer=told.Judgements))
async def judgements(
    request: Request,
    query: Annotated[str | None, Query(max_length=10_000, description="Of one query.")] = None,
    limit: Annotated[int, Query(ge=1, le=10_000)] = 1000,
) -> Response:
    """What was said of results, the newest first."""
    service = service_of(request)
    stored = await service.reading.run(service.store.judgements.all)
    newest = of_query(stored, query)[::-1][:limit]
    return answers.json_response(told.Judgements([told.judged(one) for one in newest]), FRESH)


@router.delete("/judgements", dependencies=[allowed("write")], **documented(answer=told.Removed))
async def take_back(
    request: Request,
    id: Annotated[list[Number] | None, Query(description="Numbers of the list.")] = None,  # noqa: A002  (as the list calls it)
    query: Annotated[str | None, Query(description="Those of one query.")] = None,
    all: Annotated[bool, Query(description="All of them.")] = False,  # noqa: A002  (likewise)
) -> Response:
    """Take judgements back."""
    if sum((bool(id), query is not None, all)) != 1:
        raise Problem("invalid-request", "say which judgements", "", "give id, query or all=true")
    service = service_of(request)
    removed = await service.reading.run(_removed, service, id, query)
    return answers.json_response(told.Removed(removed), FRESH)


@router.get("/saved", dependencies=[allowed("read")], **documented(answer=told.SavedSearches))
async def saved(request: Request) -> Response:
    """The saved searches, by name."""
    service = service_of(request)
    found = await service.reading.run(service.store.saved.all)
    return answers.json_response(told.SavedSearches([told.saved(one) for one in found]), FRESH)


@router.get("/saved/{name}", dependencies=[allowed("read")], **documented(answer=told.SavedSearch))
async def saved_one(request: Request, name: Name) -> Response:
    """One saved search: its `request` can be sent to /v1/search as it is."""
    service = service_of(request)
    one = await service.reading.run(service.store.saved.get, name)
    if one is None:
        raise _absent(name)
    return answers.json_response(told.saved(one), FRESH)


@router.put(
    "/saved/{name}",
    dependencies=[allowed("write")],
    **documented(answer=told.SavedAs, body=SearchRequest, body_example=examples.SEARCH),
)
async def save(request: Request, name: Name) -> Response:
    """Keep a search under a name; it takes the place of one of the same name."""
    service = service_of(request)
    asked = read(await request.body(), SearchRequest).request().checked()
    replaced = await service.reading.run(keep, service.store, name, asked)
    return answers.json_response(told.SavedAs(name.strip(), replaced), FRESH)


@router.delete(
    "/saved/{name}",
    status_code=204,
    dependencies=[allowed("write")],
    **documented(status=204),
)
async def forget(request: Request, name: Name) -> Response:
    """Forget a saved search."""
    service = service_of(request)
    if not await service.reading.run(service.store.saved.remove, name):
        raise _absent(name)
    return Response(status_code=204)


def _removed(service: Service, ids: list[int] | None, query: str | None) -> int:
    stored = service.store.judgements
    if ids is None and query is None:
        return stored.remove()
    if ids is None:
        ids = [one.id for one in of_query(stored.all(), query)]
    return stored.remove(ids)


def _absent(name: str) -> Problem:
    error = unknown(name)
    return Problem("not-found", error.what, "", "GET /v1/saved lists them")

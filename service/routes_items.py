"""/v1/items: what the catalog says of its items, and their pictures."""

from __future__ import annotations

from enum import IntEnum
from typing import Annotated

import numpy as np
from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import FileResponse

from db.records import ItemRecord
from service import answers, conditional, examples, pictures, thumbnails
from service.access import allowed
from service.answers import PRIVATE
from service.openapi import documented
from service.problems import Problem
from service.schemas import MOST
from service.segments import Name
from service.state import Service, service_of

router = APIRouter(prefix="/v1/items", tags=["items"], dependencies=[allowed("read")])
BINARY = {"type": "string", "format": "binary"}


class Size(IntEnum):
    """Pixels of the square that a thumbnail fits into."""

    SMALL = 128
    MIDDLE = 256
    LARGE = 512


@router.get("", **documented(answer=answers.Items, example=examples.ITEMS, problems=[404]))
async def items(
    request: Request,
    after: Annotated[
        str | None, Query(description="The id that the page before ended with.")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=MOST)] = 50,
    newest: Annotated[bool, Query(description="The last that came in are the first.")] = False,
) -> Response:
    """Items in the order that they came in."""
    service = service_of(request)

    def page() -> answers.Items:
        first = None if after is None else find(service, after).id
        records = service.store.page(first, limit + 1, newest)
        shown = [answers.item(record, indexed(service, record)) for record in records[:limit]]
        more = len(records) > limit
        return answers.Items(shown, service.store.count_items(), shown[-1].id if more else None)

    return answers.json_response(await service.reading.run(page))


@router.get("/{item}", **documented(answer=answers.Item, example=examples.ITEM))
async def item(request: Request, item: Name) -> Response:
    """All that the catalog says of an item."""
    service = service_of(request)
    record = await service.reading.run(find, service, item)
    return answers.json_response(answers.item(record, indexed(service, record)))


@router.head("/{item}/image", include_in_schema=False)
@router.get(
    "/{item}/image", **documented(answer=BINARY, media="image/*", problems=[416], cached=True)
)
async def image(request: Request, item: Name) -> Response:
    """The picture as it is in the catalog; a part of it with `Range`."""
    service = service_of(request)
    found = await service.reading.run(lambda: pictures.original(find(service, item)))
    headers = _headers(f'"{found.content}"')
    if conditional.held(request, headers["ETag"]):
        return conditional.not_modified(headers)
    return FileResponse(found.file, 200, headers, found.type, stat_result=found.status)


@router.head("/{item}/thumbnail", include_in_schema=False)
@router.get("/{item}/thumbnail", **documented(answer=BINARY, media=thumbnails.TYPE, cached=True))
async def thumbnail(request: Request, item: Name, size: Size = Size.MIDDLE) -> Response:
    """The picture upright within a square, as WebP."""
    service = service_of(request)

    def look() -> tuple[ItemRecord, bytes | None]:
        record = find(service, item)
        pictures.original(record)  # or that it is gone
        return record, thumbnails.kept(service.home, record, size)

    record, data = await service.reading.run(look)
    content = record.facts.content_hash
    headers = _headers(f'"{content}-{size}"')
    if data is not None and conditional.held(request, headers["ETag"]):
        return conditional.not_modified(headers)
    if data is None:
        data, content = await service.decoding.run(thumbnails.made, service.home, record, size)
        headers = _headers(f'"{content}-{size}"')
    return Response(data, 200, headers, thumbnails.TYPE)


def _headers(tag: str) -> dict[str, str]:
    return {"ETag": tag, "Cache-Control": PRIVATE, "X-Content-Type-Options": "nosniff"}


def find(service: Service, key: str) -> ItemRecord:
    """The item of the catalog with this id; a Problem where there is none."""
    number = service.store.ids_of([key]).get(key)
    record = service.store.details([number]).get(number) if number is not None else None
    if record is None:
        raise Problem("not-found", f"no item {key!r}", "", "take an id from search results")
    return record


def indexed(service: Service, record: ItemRecord) -> bool:
    """Whether a search may find it: it is in the generation that serves."""
    if not service.live.ready:
        return False
    ids = service.live.loaded().generation.images.ids
    place = int(np.searchsorted(ids, record.id))
    return place < len(ids) and int(ids[place]) == record.id

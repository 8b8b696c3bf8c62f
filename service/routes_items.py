"""/v1/items: what the catalog says of its items, and their pictures."""

from __future__ import annotations

import numpy as np
from fastapi import APIRouter, Request, Response
from fastapi.responses import FileResponse

from db.records import ItemRecord
from service import answers, pictures
from service.access import allowed
from service.problems import Problem
from service.segments import Name
from service.state import Service, service_of

router = APIRouter(prefix="/v1/items", tags=["items"], dependencies=[allowed("read")])


@router.get("/{item}")
async def item(request: Request, item: Name) -> Response:
    """All that the catalog says of an item."""
    service = service_of(request)
    record = await service.reading.run(find, service, item)
    return answers.json_response(answers.item(record, indexed(service, record)))


@router.get("/{item}/image")
async def image(request: Request, item: Name) -> Response:
    """The picture as it is in the catalog."""
    service = service_of(request)
    found = await service.reading.run(lambda: pictures.original(find(service, item)))
    headers = {"ETag": f'"{found.content}"', "Cache-Control": "private, no-cache"}
    return FileResponse(found.file, 200, headers, found.type, stat_result=found.status)


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

"""Items added, changed and removed: accepted when they are on the disk, made in the background.

Whoever changes an item gets a ticket; it says when a search can find what was changed.
"""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Request, Response
from msgspec import Meta
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException

from catalog.adding import Change, NoSuchItemError, Said
from catalog.queued import Accepted, accept_change, accept_removal
from service import answers
from service.access import allowed
from service.problems import Problem
from service.schemas import Names, Text, read
from service.segments import Name
from service.state import Service, service_of

router = APIRouter(prefix="/v1", tags=["changes"], dependencies=[allowed("write")])
MAX_ITEM = 1 << 20  # bytes of what is said of an item


class Caption(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    text: Text
    language: Annotated[str, Meta(max_length=8, description="Else the catalog's first.")] = ""


Captions = Annotated[list[Caption], Meta(max_length=100)]


class ItemChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is to be different; what is not named stays as it is."""

    name: Annotated[Text, Meta(description="What the item is called.")] | None = None
    captions: Captions | None = None
    tags: Names | None = None
    attributes: (
        Annotated[dict[str, Any], Meta(max_length=500, description="null takes one away.")] | None
    ) = None
    split: Annotated[str, Meta(max_length=16, description="train, val or test.")] | None = None

    def change(self, key: str, whole: bool) -> Change:
        said = None if self.captions is None else tuple(
            Said(one.text, one.language) for one in self.captions
        )  # fmt: skip
        tags = None if self.tags is None else tuple(self.tags)
        return Change(key, said, tags, self.name, self.split, self.attributes, whole)


class NewItem(ItemChange, frozen=True, forbid_unknown_fields=True):
    """All that there is to say of an item; one that is there becomes this."""

    id: Annotated[str, Meta(max_length=1024, description="Else made of the image.")] = ""


@router.post("/items", status_code=202)
async def put(request: Request) -> Response:
    """Add an item, or replace what is said of it; without an image it keeps the one it has."""
    body, data, name = await _sent(request)
    said = read(body, NewItem)
    return await _accepted(request, _change(request, said.change(said.id, True), data, name))


@router.patch("/items/{item}", status_code=202)
async def change(request: Request, item: Name) -> Response:
    """Change some of what is said of an item, or its image."""
    body, data, name = await _sent(request)
    said = read(body, ItemChange)
    return await _accepted(request, _change(request, said.change(item, False), data, name))


@router.delete("/items/{item}", status_code=202)
async def remove(request: Request, item: Name) -> Response:
    """Remove an item."""
    service = service_of(request)
    settings = service.settings.catalog
    work = service.reading.run(accept_removal, service.store, service.queue, item, settings)
    return await _accepted(request, work)


@router.get("/tickets/{ticket}")
async def ticket(request: Request, ticket: str) -> Response:
    """How far a change has come: queued, embedding, published or failed."""
    service = service_of(request)
    number = int(ticket) if ticket.isdecimal() and ticket.isascii() and len(ticket) < 19 else 0
    found = await service.reading.run(service.queue.ticket, number)
    if found is None:
        raise Problem(
            "not-found", f"no ticket {ticket!r}", "", "take it from the answer to a change"
        )
    said: dict[str, Any] = {
        "ticket": str(found.id),
        "id": found.key,
        "action": found.action,
        "state": found.state,
        "created": found.created,
    }
    if found.finished:
        said["finished"] = found.finished
    if found.generation:
        said["generation"] = found.generation
    if found.problem is not None:
        detail = str(found.problem.get("detail", ""))
        said["problem"] = found.problem | {"detail": detail.replace(str(service.home.path), "home")}
    return answers.json_response(said, {"Cache-Control": "no-store"})


def _change(request: Request, change: Change, data: bytes | None, name: str) -> Awaitable[Accepted]:
    service = service_of(request)
    # Decoding an image is work for another pool than reading rows.
    pool = service.reading if data is None else service.decoding
    return pool.run(_accept, service, change, data, name)


def _accept(service: Service, change: Change, data: bytes | None, name: str) -> Accepted:
    catalog = service.settings.catalog
    return accept_change(
        service.home, service.store, service.queue, change, data, catalog, name or "the image"
    )


async def _accepted(request: Request, work: Awaitable[Accepted]) -> Response:
    service = service_of(request)
    try:
        done = await work
    except NoSuchItemError as error:
        raise Problem("not-found", error.what, error.why, error.remedy) from None
    service.worker.accepted()
    said = {"ticket": str(done.ticket), "id": done.id, "state": "queued", "notes": done.notes}
    headers = {"Location": f"/v1/tickets/{done.ticket}", "Cache-Control": "no-store"}
    response = answers.json_response(said, headers)
    response.status_code = 202
    return response


async def _sent(request: Request) -> tuple[bytes, bytes | None, str]:
    """What is said of the item, and the image file that came with it."""
    if "multipart/form-data" not in request.headers.get("content-type", ""):
        return await request.body(), None, ""
    try:
        async with request.form(max_files=1, max_fields=1, max_part_size=MAX_ITEM) as form:
            return await _parts(form)
    except HTTPException as error:
        if error.status_code != 400:
            raise
        raise Problem("invalid-request", "the form cannot be read", str(error.detail)) from None


async def _parts(form: FormData) -> tuple[bytes, bytes | None, str]:
    strange = sorted(set(form) - {"item", "image"})
    if strange:
        what = f"there is no field {strange[0]!r}"
        raise Problem("invalid-request", what, "", "send `item` and `image`")
    item, image = form.get("item"), form.get("image")
    said = await item.read() if isinstance(item, UploadFile) else (item or "{}").encode()
    if image is None:
        return said, None, ""
    if not isinstance(image, UploadFile):
        raise Problem("invalid-request", "image is no file", "", "send it with a file name")
    return said, await image.read(), image.filename or ""

"""Items added, changed and removed: accepted when they are on the disk, made in the background.

Whoever changes an item gets a ticket; it says when a search can find what was changed.
"""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Annotated, Any, TypeVar

import msgspec
from fastapi import APIRouter, Request, Response
from msgspec import Meta

from catalog.adding import Change, NoSuchItemError
from catalog.adding import Said as Caption
from catalog.queued import Accepted, accept_change, accept_removal
from service import answers, told, uploads
from service.access import allowed
from service.openapi import documented
from service.problems import Problem
from service.schemas import Names, Text, read
from service.segments import Name
from service.state import Service, service_of

router = APIRouter(prefix="/v1", tags=["changes"], dependencies=[allowed("write")])
FRESH = {"Cache-Control": "no-store"}
Said = TypeVar("Said", bound=msgspec.Struct)


class SaidCaption(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    text: Text
    language: Annotated[str, Meta(max_length=8, description="Else the catalog's first.")] = ""


# A plain string is a caption in the catalog's first language.
Captions = Annotated[list[SaidCaption | Text], Meta(max_length=100)]


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
            Caption(one) if isinstance(one, str) else Caption(one.text, one.language)
            for one in self.captions
        )  # fmt: skip
        tags = None if self.tags is None else tuple(self.tags)
        return Change(key, said, tags, self.name, self.split, self.attributes, whole)


class NewItem(ItemChange, frozen=True, forbid_unknown_fields=True):
    """All that there is to say of an item; one that is there becomes this."""

    id: Annotated[str, Meta(max_length=1024, description="Else made of the image.")] = ""


def _documented(kind: Any, example: Any) -> dict[str, Any]:
    return documented(
        answer=told.Accepted, status=202, example=told.ACCEPTED, body=kind, body_example=example,
        form=("item", kind, 1),
    )  # fmt: skip


@router.post("/items", status_code=202, **_documented(NewItem, told.ITEM))
async def put(request: Request) -> Response:
    """Add an item, or replace what is said of it; without an image it keeps the one it has."""
    said, data, name = await _sent(request, NewItem)
    return await _accepted(_change(request, said.change(said.id, True), data, name))


@router.patch("/items/{item}", status_code=202, **_documented(ItemChange, told.CHANGE))
async def change(request: Request, item: Name) -> Response:
    """Change some of what is said of an item, or its image."""
    said, data, name = await _sent(request, ItemChange)
    return await _accepted(_change(request, said.change(item, False), data, name))


@router.delete(
    "/items/{item}",
    status_code=202,
    **documented(answer=told.Accepted, status=202, example=told.ACCEPTED),
)
async def remove(request: Request, item: Name) -> Response:
    """Remove an item."""
    service = service_of(request)
    work = service.reading.run(_accept_removal, service, item)
    return await _accepted(work)


@router.get("/tickets/{ticket}", **documented(answer=told.Ticket, example=told.TICKET))
async def ticket(request: Request, ticket: str) -> Response:
    """How far a change has come: queued, embedding, published or failed."""
    service = service_of(request)
    number = int(ticket) if ticket.isdecimal() and ticket.isascii() and len(ticket) < 19 else 0
    found = await service.reading.run(service.queue.ticket, number)
    if found is None:
        raise Problem(
            "not-found", f"no ticket {ticket!r}", "", "take it from the answer to a change"
        )
    problem = None
    if found.problem is not None:
        detail = str(found.problem.get("detail", "")).replace(str(service.home.path), "home")
        problem = told.Trouble(detail, found.problem.get("kind", ""), found.problem.get("code", 0))
    said = told.Ticket(
        str(found.id), found.key, found.action, found.state, found.created, found.finished,
        found.generation, problem,
    )  # fmt: skip
    return answers.json_response(said, FRESH)


def _change(request: Request, change: Change, data: bytes | None, name: str) -> Awaitable[Accepted]:
    service = service_of(request)
    # Decoding an image is work for another pool than reading rows.
    pool = service.reading if data is None else service.decoding
    return pool.run(_accept, service, change, data, name)


def _accept(service: Service, change: Change, data: bytes | None, name: str) -> Accepted:
    catalog = service.settings.catalog
    done = accept_change(
        service.home, service.store, service.queue, change, data, catalog, name or "the image"
    )
    service.worker.accepted()
    return done


def _accept_removal(service: Service, item: str) -> Accepted:
    done = accept_removal(service.store, service.queue, item, service.settings.catalog)
    service.worker.accepted()
    return done


async def _accepted(work: Awaitable[Accepted]) -> Response:
    try:
        done = await work
    except NoSuchItemError as error:
        raise Problem("not-found", error.what, error.why, error.remedy) from None
    said = told.Accepted(str(done.ticket), done.id, "queued", list(done.notes))
    headers = {"Location": f"/v1/tickets/{done.ticket}"}
    response = answers.json_response(said, FRESH | headers)
    response.status_code = 202
    return response


async def _sent(request: Request, kind: type[Said]) -> tuple[Said, bytes | None, str]:
    """What is said of the item, and the image file that came with it."""
    if not uploads.is_multipart(request):
        return read(await request.body(), kind), None, ""
    async with uploads.form(request, kind, "item", 1) as (said, files):
        if not files:
            return said, None, ""
        service, file = service_of(request), files[0]
        most = service.settings.service.max_pixels
        data = await service.decoding.run(uploads.content, file, most)
        return said, data, file.filename or ""

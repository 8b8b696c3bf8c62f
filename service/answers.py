"""What the library says, as JSON: as the command line prints it, with addresses for file paths."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import msgspec
from fastapi import Response

from db.records import AttributeValue, ItemRecord
from search import Hit, Member, SearchResult
from search.results import SCHEMA
from service.segments import encoded

PRIVATE = (
    "private, no-cache"  # kept by the one who asked, who asks each time whether it still holds
)


def json_response(value: object, headers: Mapping[str, str] | None = None) -> Response:
    said = {"Cache-Control": PRIVATE, **(headers or {})}
    return Response(msgspec.json.encode(value), headers=said, media_type="application/json")


def image_of(item: str) -> str:
    return f"/v1/items/{encoded(item)}/image"


def thumbnail_of(item: str) -> str:
    return f"/v1/items/{encoded(item)}/thumbnail"


class Caption(msgspec.Struct, frozen=True):
    text: str
    language: str


class Item(msgspec.Struct, frozen=True):
    """All that the catalog says of an item."""

    id: str
    name: str
    captions: list[Caption]
    tags: tuple[str, ...]
    attributes: dict[str, AttributeValue]
    split: str
    width: int
    height: int
    bytes: int
    format: str
    image: str
    thumbnail: str
    indexed: bool


class Items(msgspec.Struct, frozen=True):
    """A page of the catalog."""

    items: list[Item]
    total: int  # of the catalog
    after: str | None  # asks for the next page; none on the last


def item(record: ItemRecord, indexed: bool) -> Item:
    facts = record.facts
    return Item(
        id=record.key,
        name=record.name,
        captions=[Caption(caption.text, caption.language) for caption in record.captions],
        tags=record.tags,
        attributes=record.attributes,
        split=record.split,
        width=facts.width,
        height=facts.height,
        bytes=facts.bytes,
        format=facts.format,
        image=image_of(record.key),
        thumbnail=thumbnail_of(record.key),
        indexed=indexed,
    )


def search(result: SearchResult) -> dict[str, Any]:
    """`pairdex search --json`, whose images are addresses here."""
    said = _fields(result)
    said["results"] = [_hit(hit) for hit in result.results]
    said["nearest"] = [_hit(hit) for hit in result.nearest]
    return {"schema": SCHEMA} | said


def _hit(hit: Hit) -> dict[str, Any]:
    said = _addressed(hit)
    said["group"] = [_addressed(member) for member in hit.group]
    return said


def _addressed(found: Hit | Member) -> dict[str, Any]:
    said = _fields(found)
    said["image"], said["thumbnail"] = image_of(found.id), thumbnail_of(found.id)
    return said


def _fields(value: Any) -> dict[str, Any]:
    """Of a dataclass, without those of its parts: msgspec writes these by itself."""
    return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}

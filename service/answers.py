"""What the library says, as JSON: as the command line prints it, with addresses for file paths."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import msgspec
from fastapi import Response

from db.fields import FieldRecord
from db.records import AttributeValue, ItemRecord
from search import Hit, Member, SearchResult
from search.completion import Completion
from search.results import SCHEMA
from service.segments import encoded
from tagger.many import Report
from tagger.record import Record
from tagger.results import Tagged

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


class Completions(msgspec.Struct, frozen=True):
    """What the end of a text may become, the likeliest first."""

    text: str
    completions: list[Completion]


class Fields(msgspec.Struct, frozen=True):
    """What a filter can ask for."""

    fields: list[FieldRecord]
    schema: str = "pairdex.catalog-fields.v1"


class Tags(msgspec.Struct, frozen=True):
    """What is said of pictures, in the order that they were sent."""

    generation: str
    images: list[Tagged]
    report: Report
    schema: str = "pairdex.tag.v1"


class Records(msgspec.Struct, frozen=True):
    """The product in each picture, in the order that they were sent."""

    images: list[Record]
    schema: str = "pairdex.record.v1"


class Health(msgspec.Struct, frozen=True, omit_defaults=True):
    status: str
    generation: str = ""


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


def addressed(schemas: dict[str, Any]) -> dict[str, Any]:
    """Schemas by name, where those of a search say what is said here beside the library's own."""
    address = {"type": "string", "format": "uri-reference"}
    for name in ("Hit", "Member"):
        schemas[name]["properties"] |= {"image": address, "thumbnail": address}
        schemas[name]["required"] += ["thumbnail"]
    schemas["SearchResult"]["properties"]["schema"] = {"const": SCHEMA}
    schemas["SearchResult"]["required"] += ["schema"]
    return schemas


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

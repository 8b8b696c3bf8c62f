"""Items by their ids, with all that belongs to them, in a few plain queries; see reader.py."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from db.records import AttributeValue, CaptionRecord, ImageFacts, ItemRecord

Row: TypeAlias = Sequence[Any]
# Runs a statement with named parameters.
Rows: TypeAlias = Callable[[str, Mapping[str, object]], Iterable[Row]]

_ITEMS = (
    "SELECT id, key, name, image, split, content_hash, perceptual_hash, bytes, mtime_ns, width, "
    "height, format, brightness, contrast FROM items WHERE id IN ({ids})"
)
_CAPTIONS = (
    "SELECT item_id, text, language, id FROM captions WHERE item_id IN ({ids}) ORDER BY position"
)
_TAGS = (
    "SELECT item_tags.item_id, tags.name FROM item_tags JOIN tags ON tags.id = item_tags.tag_id "
    "WHERE item_tags.item_id IN ({ids}) ORDER BY tags.id"
)
_ATTRIBUTES = (
    "SELECT item_id, name, kind, text, number FROM attributes WHERE item_id IN ({ids}) ORDER BY id"
)


def details(rows: Rows, ids: Sequence[int]) -> dict[int, ItemRecord]:
    """Those of the items that are there, in the order of the ids."""
    listed = ", ".join(str(int(number)) for number in ids)
    items = {row[0]: row for row in rows(_ITEMS.format(ids=listed), {})}
    captions, tags, attributes = (
        grouped(rows(query.format(ids=listed), {})) for query in (_CAPTIONS, _TAGS, _ATTRIBUTES)
    )
    return {
        number: _record(
            items[number],
            captions.get(number, []),
            tags.get(number, []),
            attributes.get(number, []),
        )
        for number in ids
        if number in items
    }


def grouped(rows: Iterable[Row]) -> dict[int, list[Row]]:
    """By the item that they begin with."""
    groups: dict[int, list[Row]] = {}
    for row in rows:
        groups.setdefault(row[0], []).append(row)
    return groups


def _record(item: Row, captions: list[Row], tags: list[Row], attributes: list[Row]) -> ItemRecord:
    number, key, name, image, split, *facts = item
    return ItemRecord(
        key=key,
        image=image,
        captions=tuple(CaptionRecord(*caption[1:]) for caption in captions),
        tags=tuple(tag for _, tag in tags),
        split=split,
        facts=ImageFacts(*facts),
        name=name,
        attributes=_attributes(attributes),
        kinds={name: kind for _, name, kind, _, _ in attributes},
        id=number,
    )


def _attributes(rows: list[Row]) -> dict[str, AttributeValue]:
    values: dict[str, AttributeValue] = {}
    for _, name, kind, text, number in rows:
        if kind == "list":
            entries = values.setdefault(name, [])
            assert isinstance(entries, list)
            entries.append(text)
        else:
            values[name] = number if number is not None else text
    return values

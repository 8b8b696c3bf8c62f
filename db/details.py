"""Items by their ids, with all that belongs to them, in a few plain queries."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import BindParameter, Connection, bindparam, select

from db.records import AttributeValue, CaptionRecord, ImageFacts, ItemRecord, WordsRecord
from db.tables import Attribute, Caption, Item, ItemTag, Tag

_Row = Any  # of one of the queries below, as SQLAlchemy gives it

# Made once: to put a query together takes as long as to run it.
_IDS: BindParameter[Sequence[int]] = bindparam("ids", expanding=True)
_ITEMS = select(
    *(Item.id, Item.key, Item.name, Item.image, Item.split, Item.content_hash),
    *(Item.perceptual_hash, Item.bytes, Item.mtime_ns, Item.width, Item.height, Item.format),
    *(Item.brightness, Item.contrast),
).where(Item.id.in_(_IDS))
_CAPTIONS = (
    select(Caption.item_id, Caption.text, Caption.language, Caption.id)
    .where(Caption.item_id.in_(_IDS))
    .order_by(Caption.position)
)
_TAGGED = select(ItemTag.item_id, Tag.name).join(Tag).order_by(Tag.id)
_TAGS = _TAGGED.where(ItemTag.item_id.in_(_IDS))
_ATTRIBUTES = (
    select(Attribute.item_id, Attribute.name, Attribute.kind, Attribute.text, Attribute.number)
    .where(Attribute.item_id.in_(_IDS))
    .order_by(Attribute.id)
)


def details(connection: Connection, ids: Sequence[int]) -> dict[int, ItemRecord]:
    """Those of the items that are there, in the order of the ids."""
    sought = {"ids": ids}
    items = {row[0]: row for row in connection.execute(_ITEMS, sought)}
    captions, tags, attributes = (
        _grouped(connection.execute(query, sought)) for query in (_CAPTIONS, _TAGS, _ATTRIBUTES)
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


def item_words(connection: Connection, ids: Sequence[int]) -> Iterator[WordsRecord]:
    """The words of items in the order of the ids, which ascend; what is gone has no words."""
    first, last = ids[0], ids[-1]
    names = dict(
        connection.execute(select(Item.id, Item.name).where(Item.id.between(first, last))).all()
    )
    captions = _grouped(
        connection.execute(
            select(Caption.item_id, Caption.text)
            .where(Caption.item_id.between(first, last))
            .order_by(Caption.position)
        )
    )
    tags = _grouped(connection.execute(_TAGGED.where(ItemTag.item_id.between(first, last))))
    for number in ids:
        yield WordsRecord(
            names.get(number, ""),
            tuple(text for _, text in captions.get(number, ())),
            tuple(name for _, name in tags.get(number, ())),
        )


def _grouped(rows: Iterable[_Row]) -> dict[int, list[_Row]]:
    """By the item that they begin with."""
    groups: dict[int, list[_Row]] = {}
    for row in rows:
        groups.setdefault(row[0], []).append(row)
    return groups


def _record(
    item: _Row, captions: list[_Row], tags: list[_Row], attributes: list[_Row]
) -> ItemRecord:
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
        kinds={row.name: row.kind for row in attributes},
        id=number,
    )


def _attributes(rows: list[_Row]) -> dict[str, AttributeValue]:
    values: dict[str, AttributeValue] = {}
    for row in rows:
        if row.kind == "list":
            entries = values.setdefault(row.name, [])
            assert isinstance(entries, list)
            entries.append(row.text)
        else:
            values[row.name] = row.number if row.number is not None else row.text
    return values

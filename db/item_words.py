"""The words of items, as they are read for the index of exact words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlalchemy import Connection, select

from db.details import grouped
from db.records import WordsRecord
from db.tables import Caption, Item, ItemTag, Tag


def item_words(connection: Connection, ids: Sequence[int]) -> Iterator[WordsRecord]:
    """The words of items in the order of the ids, which ascend; what is gone has no words."""
    first, last = ids[0], ids[-1]
    names = dict(
        connection.execute(select(Item.id, Item.name).where(Item.id.between(first, last))).all()
    )
    captions = grouped(
        connection.execute(
            select(Caption.item_id, Caption.text)
            .where(Caption.item_id.between(first, last))
            .order_by(Caption.position)
        )
    )
    tagged = select(ItemTag.item_id, Tag.name).join(Tag).order_by(Tag.id)
    tags = grouped(connection.execute(tagged.where(ItemTag.item_id.between(first, last))))
    for number in ids:
        yield WordsRecord(
            names.get(number, ""),
            tuple(text for _, text in captions.get(number, ())),
            tuple(name for _, name in tags.get(number, ())),
        )

"""Items in the order that they came in, a page at a time."""

from __future__ import annotations

from sqlalchemy import Engine, select

from db.reader import Reader
from db.records import ItemRecord
from db.repeating import repeated
from db.tables import Item


class Listed(Reader):
    """The part of `Store` that lists."""

    _engine: Engine

    @repeated
    def page(self, after: int | None, count: int, newest: bool = False) -> list[ItemRecord]:
        """Items behind the one with this id, or from the first on; `newest` turns the order."""
        order = Item.id.desc() if newest else Item.id.asc()
        query = select(Item.id).order_by(order).limit(count)
        if after is not None:
            query = query.where(Item.id < after if newest else Item.id > after)
        with self._engine.connect() as connection:
            ids = list(connection.scalars(query))
        return list(self.details(ids).values())

"""Some items added, changed or removed, and what that must know of all the others."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Engine, select

from db import upsert
from db.records import ItemRecord, Split
from db.repeating import repeated
from db.tables import Item
from db.upsert import ImportCounts

CHUNK = 500


class Changing:
    """A part of the store."""

    _engine: Engine

    @repeated
    def apply_changes(
        self, items: Sequence[ItemRecord], removed: Sequence[str] = ()
    ) -> ImportCounts:
        """Add or change items, each key once, and remove others, in one transaction."""
        with self._engine.begin() as connection:
            return upsert.apply_changes(connection, items, removed)

    @repeated
    def pictures(self) -> list[tuple[str, Split, str, str]]:
        """(key, split, content hash, perceptual hash) of all items, as duplicates are told by."""
        columns = (Item.key, Item.split, Item.content_hash, Item.perceptual_hash)
        with self._engine.connect() as connection:
            rows = connection.execute(select(*columns))
            return [(key, split, content, look) for key, split, content, look in rows]  # type: ignore[misc]  # checked on the way in

    @repeated
    def contents(self, contents: Sequence[str]) -> set[str]:
        """Those of the contents that an item has."""
        found: set[str] = set()
        with self._engine.connect() as connection:
            for start in range(0, len(contents), CHUNK):
                part = Item.content_hash.in_(contents[start : start + CHUNK])
                found.update(connection.scalars(select(Item.content_hash).where(part)))
        return found

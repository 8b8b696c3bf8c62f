"""What a store is asked about conditions: whom they hold for, and what they can be about."""

from __future__ import annotations

from sqlalchemy import Engine

from db import fields, filters
from db.fields import FieldRecord
from db.filters import Condition, Field, Ids
from db.records import AttributeKind
from db.repeating import repeated


class Filterable:
    """The part of `Store` that filters."""

    _engine: Engine

    @repeated
    def matching(self, condition: Condition) -> Ids:
        """The ids of the items that the condition holds for, ascending."""
        with self._engine.connect() as connection:
            return filters.matching(connection, condition)

    @repeated
    def count_matching(self, condition: Condition) -> int:
        with self._engine.connect() as connection:
            return filters.count(connection, condition)

    @repeated
    def any_matching(self, condition: Condition) -> bool:
        with self._engine.connect() as connection:
            return filters.holds(connection, condition)

    @repeated
    def field_kinds(self) -> dict[str, tuple[AttributeKind, ...]]:
        """The attributes by name; most have one kind, a column that changed its kind has more."""
        with self._engine.connect() as connection:
            return fields.field_kinds(connection)

    @repeated
    def field_values(self, field: Field, limit: int) -> list[str]:
        """Some of the values that a field of texts has, as the catalog writes them."""
        with self._engine.connect() as connection:
            return fields.values(connection, field, limit)

    @repeated
    def fields(self) -> list[FieldRecord]:
        """All that can be filtered by, with what values there are. Reads all rows."""
        with self._engine.connect() as connection:
            return fields.fields(connection)

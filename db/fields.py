"""What the catalog can be filtered by: names, kinds, and what values there are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, distinct, exists, func, select

from db.filters import BUILTIN, COLUMNS, WORDS, Field
from db.records import AttributeKind
from db.tables import Attribute, Caption, ItemTag, Tag

TOP = 5
KINDS: tuple[AttributeKind, ...] = ("number", "date", "text", "list")


@dataclass(frozen=True)
class ValueCount:
    value: str
    items: int  # that have it


@dataclass(frozen=True)
class FieldRecord:
    name: str
    kind: AttributeKind
    builtin: bool  # every item has it; else an attribute
    items: int  # that have it
    values: int  # different ones
    lowest: float | str | None  # of numbers and dates
    highest: float | str | None
    top: tuple[ValueCount, ...]  # the most frequent values of the others


def field_kinds(connection: Connection) -> dict[str, tuple[AttributeKind, ...]]:
    """The kinds of each attribute. Leaps from name to name: no walk through all rows."""
    names = select(func.min(Attribute.name).label("name")).cte("names", recursive=True)
    after = select(func.min(Attribute.name)).where(Attribute.name > names.c.name)
    names = names.union_all(select(after.scalar_subquery()).where(names.c.name.is_not(None)))
    of_kind = [
        exists().where(Attribute.name == names.c.name, Attribute.kind == kind) for kind in KINDS
    ]
    rows = connection.execute(select(names.c.name, *of_kind).where(names.c.name.is_not(None)))
    return {
        name: tuple(kind for kind, there in zip(KINDS, held, strict=True) if there)
        for name, *held in rows
    }


def values(connection: Connection, field: Field, limit: int) -> list[str]:
    """Some of the values that a field of texts has, as the catalog writes them, by the alphabet."""
    if field == WORDS:
        return []  # words are not kept as they are written
    if field.builtin and field.name != "tag":
        column: Any = COLUMNS.get(field.name, Caption.text)
        query: Select[Any] = select(column).distinct().order_by(column)
    elif field.builtin:
        query = select(Tag.name).order_by(Tag.name)
    else:
        query = select(func.min(Attribute.text)).where(
            Attribute.name == field.name, Attribute.kind == field.kind
        )
        query = query.group_by(Attribute.folded).order_by(Attribute.folded)
    return list(connection.scalars(query.limit(limit)))


def fields(connection: Connection) -> list[FieldRecord]:
    """Attributes in the order of their names, then what every item has. Reads all rows."""
    return [*_attributes(connection), *(_builtin(connection, field) for field in BUILTIN.values())]


def _attributes(connection: Connection) -> Iterator[FieldRecord]:
    items = func.count(distinct(Attribute.item_id))
    numbers = (
        func.count(distinct(Attribute.number)),
        func.min(Attribute.number),
        func.max(Attribute.number),
    )
    texts = (
        func.count(distinct(Attribute.folded)),
        func.min(Attribute.text),
        func.max(Attribute.text),
    )
    for name, kinds in field_kinds(connection).items():
        for kind in kinds:
            mine = (Attribute.name == name, Attribute.kind == kind)
            measures = numbers if kind == "number" else texts
            held, different, low, high = connection.execute(
                select(items, *measures).where(*mine)
            ).one()
            if kind in ("number", "date"):
                yield FieldRecord(name, kind, False, held, different, low, high, ())
                continue
            groups = select(func.min(Attribute.text), items).where(*mine).group_by(Attribute.folded)
            top = _top(connection, groups.order_by(items.desc(), Attribute.folded))
            yield FieldRecord(name, kind, False, held, different, None, None, top)


def _builtin(connection: Connection, field: Field) -> FieldRecord:
    def found(
        items: int, different: int, low: Any = None, high: Any = None, top: Sequence[Any] = ()
    ) -> FieldRecord:
        return FieldRecord(field.name, field.kind, True, items, different, low, high, tuple(top))

    items = func.count(distinct(ItemTag.item_id))
    if field.name == "tag":
        one = connection.execute(select(items, func.count(distinct(ItemTag.tag_id)))).one()
        groups = (
            select(Tag.name, items).join(ItemTag).group_by(Tag.id).order_by(items.desc(), Tag.name)
        )
        return found(*one, top=_top(connection, groups))
    if field.name == "caption":
        one = connection.execute(
            select(func.count(distinct(Caption.item_id)), func.count(distinct(Caption.text)))
        ).one()
        return found(*one)
    column = COLUMNS[field.name]
    if field.kind == "number":
        measures = (func.count(), func.count(distinct(column)), func.min(column), func.max(column))
        return found(*connection.execute(select(*measures)).one())
    held = column != ""
    one = connection.execute(select(func.count(), func.count(distinct(column))).where(held)).one()
    if field.name not in ("split", "image.format"):  # hardly a value is there twice
        return found(*one)
    groups = select(column, func.count()).where(held).group_by(column)
    groups = groups.order_by(func.count().desc(), column)
    return found(*one, top=_top(connection, groups))


def _top(connection: Connection, groups: Select[str, int]) -> tuple[ValueCount, ...]:
    return tuple(ValueCount(*row) for row in connection.execute(groups.limit(TOP)))

"""Conditions over the rows of the catalog, and the SQL that finds the items they hold for.

A condition is typed already: whoever makes one has looked up the kinds of the fields. Portable
SQL, made of subqueries that the indexes of `attributes` answer alone. Texts are compared folded
(folding.py), dates as texts, whose order is the order of times.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    String,
    and_,
    cast,
    distinct,
    false,
    func,
    not_,
    or_,
    select,
    true,
)
from sqlalchemy.orm import InstrumentedAttribute

from db import full_text
from db.folding import fold
from db.records import AttributeKind
from db.tables import Attribute, Caption, Item, ItemTag, Tag

Ids = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Field:
    """What a condition is about: an attribute by its exact name, or what every item has."""

    name: str
    kind: AttributeKind
    builtin: bool = False


# What every item has beside its attributes.
_KINDS: Mapping[str, AttributeKind] = {
    "id": "text",
    "name": "text",
    "tag": "list",
    "caption": "list",
    "words": "text",
    "split": "text",
    "image.path": "text",
    "image.format": "text",
    "image.width": "number",
    "image.height": "number",
    "image.bytes": "number",
    "image.brightness": "number",
    "image.contrast": "number",
}
BUILTIN = {name: Field(name, kind, builtin=True) for name, kind in _KINDS.items()}
WORDS = BUILTIN["words"]  # of name, captions and tags
COLUMNS: Mapping[str, InstrumentedAttribute[Any]] = {
    "id": Item.key,
    "name": Item.name,
    "words": Item.terms,
    "split": Item.split,
    "image.path": Item.image,
    "image.format": Item.format,
    "image.width": Item.width,
    "image.height": Item.height,
    "image.bytes": Item.bytes,
    "image.brightness": Item.brightness,
    "image.contrast": Item.contrast,
}
EXACT = ("id", "split")  # equal only as they are written, so that their indexes serve


@dataclass(frozen=True, slots=True)
class Equal:
    """The field, or an entry of it, is one of the values."""

    field: Field
    values: tuple[str | float, ...]


@dataclass(frozen=True, slots=True)
class Within:
    """A number or a date between two ends; None is no end."""

    field: Field
    low: str | float | None = None
    high: str | float | None = None
    low_counts: bool = True  # the end itself is within
    high_counts: bool = True


@dataclass(frozen=True, slots=True)
class Contains:
    field: Field
    text: str


@dataclass(frozen=True, slots=True)
class Exists:
    field: Field


@dataclass(frozen=True, slots=True)
class Not:
    part: Condition


@dataclass(frozen=True, slots=True)
class Every:
    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Some:
    parts: tuple[Condition, ...]


Tested: TypeAlias = Equal | Within | Contains
Leaf: TypeAlias = Tested | Exists
Condition: TypeAlias = Leaf | Not | Every | Some


def matching(connection: Connection, condition: Condition) -> Ids:
    """The ids of the items that the condition holds for, ascending."""
    joined = connection.scalar(_joined_ids(condition))
    return np.unique(np.fromstring(joined or "", np.int64, sep=","))


def _joined_ids(condition: Condition) -> Select[str]:
    """One text of all ids: as rows, they would cost three times as much as to find them."""
    ids = _ids(condition).subquery().c[0]
    return select(func.aggregate_strings(cast(ids, String), ","))


def count(connection: Connection, condition: Condition) -> int:
    ids = _ids(condition).subquery().c[0]
    return connection.scalar(select(func.count(distinct(ids)))) or 0


def holds(connection: Connection, condition: Condition) -> bool:
    """Whether it holds for any item."""
    return connection.scalar(select(_ids(condition).exists())) or False


def _ids(condition: Condition) -> Select[int]:
    """Ids, some of them more than once."""
    if isinstance(condition, Tested | Exists) and not condition.field.builtin:
        return select(Attribute.item_id).where(_of_attribute(condition))  # no need of the items
    return select(Item.id).where(_sql(condition))


def _sql(condition: Condition) -> ColumnElement[bool]:
    match condition:
        case Every(parts):
            return and_(*_deepest_first(parts), true())
        case Some(parts):
            return or_(*_deepest_first(parts), false())
        case Not(part):
            return not_(_sql(part))
        case leaf if leaf.field.name in COLUMNS and leaf.field.builtin:
            return _of_column(leaf)
        case leaf if leaf.field.builtin:
            return _of_tags(leaf) if leaf.field.name == "tag" else _of_captions(leaf)
        case leaf:
            return Item.id.in_(select(Attribute.item_id).where(_of_attribute(leaf)))


def _deepest_first(parts: Sequence[Condition]) -> list[ColumnElement[bool]]:
    """SQLite's parser stacks what stands to the left of a bracket, and not more than 100 deep."""
    return [_sql(part) for part in sorted(parts, key=_depth, reverse=True)]


def _depth(condition: Condition) -> int:
    match condition:
        case Every(parts) | Some(parts):
            return 1 + max(map(_depth, parts), default=0)
        case Not(part):
            return 1 + _depth(part)
    return 0


def _of_attribute(leaf: Leaf) -> ColumnElement[bool]:
    named = Attribute.name == leaf.field.name
    if isinstance(leaf, Exists):
        return named
    if leaf.field.kind == "number":  # only rows of numbers have one
        return and_(named, _holds(leaf, Attribute.number))
    return and_(named, Attribute.kind == leaf.field.kind, _holds(_folded(leaf), Attribute.folded))


def _of_column(leaf: Leaf) -> ColumnElement[bool]:
    column = COLUMNS[leaf.field.name]
    if isinstance(leaf, Exists):
        return column != "" if leaf.field.kind == "text" else true()
    if leaf.field == WORDS:
        return _of_words(leaf)
    if leaf.field.kind == "number" or (isinstance(leaf, Equal) and leaf.field.name in EXACT):
        return _holds(leaf, column)
    return _holds(_folded(leaf), func.pairdex_fold(column))


def _of_tags(leaf: Leaf) -> ColumnElement[bool]:
    holders = select(ItemTag.item_id)
    if not isinstance(leaf, Exists):
        named = _holds(_folded(leaf), func.pairdex_fold(Tag.name))
        holders = holders.where(ItemTag.tag_id.in_(select(Tag.id).where(named)))
    return Item.id.in_(holders)


def _of_captions(leaf: Leaf) -> ColumnElement[bool]:
    holders = select(Caption.item_id)
    if not isinstance(leaf, Exists):
        holders = holders.where(_holds(_folded(leaf), func.pairdex_fold(Caption.text)))
    return Item.id.in_(holders)


def _of_words(leaf: Tested) -> ColumnElement[bool]:
    match leaf:
        case Equal(values=values):
            return full_text.holds(tuple(map(str, values)))
        case Contains(text=text):
            return full_text.holds((text,))
        case Within():
            raise AssertionError("words have no order")


def _folded(leaf: Tested) -> Tested:
    """The same with its texts as they are compared."""

    def folded(value: str | float | None) -> Any:
        return fold(value) if isinstance(value, str) else value

    match leaf:
        case Equal():
            return replace(leaf, values=tuple(map(folded, leaf.values)))
        case Within():
            return replace(leaf, low=folded(leaf.low), high=folded(leaf.high))
        case Contains():
            return replace(leaf, text=fold(leaf.text))


def _holds(leaf: Tested, column: Any) -> ColumnElement[bool]:
    match leaf:
        case Contains(text=text):
            return column.contains(text, autoescape=True)  # type: ignore[no-any-return]
        case Equal(values=values):
            return column.in_(values)  # type: ignore[no-any-return]
        case Within():
            ends: list[ColumnElement[bool]] = []
            if leaf.low is not None:
                ends.append(column >= leaf.low if leaf.low_counts else column > leaf.low)
            if leaf.high is not None:
                ends.append(column <= leaf.high if leaf.high_counts else column < leaf.high)
            return and_(true(), *ends)

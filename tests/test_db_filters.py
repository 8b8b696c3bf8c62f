"""Conditions over rows, what can be asked for, and the schema step that made both quick."""

from __future__ import annotations

import dataclasses

import numpy as np
from sqlalchemy import create_engine, text
from sqlalchemy.dialects import postgresql

from db import sqlite
from db.fields import FieldRecord, ValueCount
from db.filters import (
    BUILTIN,
    Condition,
    Contains,
    Equal,
    Every,
    Exists,
    Field,
    Not,
    Some,
    Within,
    _joined_ids,
)
from db.home import Home
from db.store import Store
from tests.postgres_samples import both

SHELF, EDGE = Field("shelf", "text"), Field("edge", "number")


@both
def test_ids_ascend_and_come_once(store: Store) -> None:
    """Each item holds two entries of the list."""
    ids = store.matching(Equal(Field("seen", "list"), ("x", "y")))
    assert ids.dtype == np.int64
    assert ids.tolist() == store.item_ids()


@both
def test_nothing_and_everything(store: Store) -> None:
    assert store.matching(Some(())).tolist() == []
    assert store.matching(Equal(SHELF, ())).tolist() == []
    assert store.matching(Every(())).tolist() == store.item_ids()
    assert store.matching(Within(EDGE)).tolist() == store.item_ids()


@both
def test_counts_are_those_of_the_ids(store: Store) -> None:
    for condition in (
        Equal(BUILTIN["tag"], ("RED", "blue")),
        Not(Equal(BUILTIN["tag"], ("red",))),
        Contains(BUILTIN["caption"], "SQUARE"),
        Within(EDGE, low=2.5, low_counts=False),
        Exists(Field("nowhere", "text")),
    ):
        found = store.matching(condition)
        assert store.count_matching(condition) == len(found)
        assert store.any_matching(condition) == bool(len(found))


@both
def test_many_conditions_and_deep_ones_are_no_trouble_for_the_database(store: Store) -> None:
    deep: Condition = Equal(SHELF, ("LEFT",))
    for _ in range(20):
        deep = Not(Every((deep, Exists(EDGE))))
    wide = Some((*(Equal(SHELF, (str(number),)) for number in range(199)), deep))
    assert len(store.matching(wide)) == 12
    assert len(store.matching(Equal(SHELF, (*map(str, range(5000)), "left")))) == 12


@both
def test_a_long_text_that_grows_when_folded_can_be_looked_for(store: Store) -> None:
    """One of these letters becomes eighteen; a database limits how long a pattern may be."""
    assert store.matching(Contains(SHELF, "ﷺ" * 500)).tolist() == []


def test_no_condition_is_of_one_database_only() -> None:
    parts = (
        Equal(BUILTIN["tag"], ("red",)),
        Contains(BUILTIN["caption"], "x"),
        Not(Within(EDGE, 1.0, 2.0)),
        Equal(SHELF, ("left",)),
        Within(BUILTIN["image.width"], high=9.0),
    )
    statement = str(_joined_ids(Every(parts)).compile(dialect=postgresql.dialect()))  # type: ignore[no-untyped-call]  # of SQLAlchemy
    assert "string_agg" in statement
    assert statement.count("SELECT") > 5


@both
def test_the_revision_changes_with_the_items_and_only_then(store: Store) -> None:
    items = list(store.items())
    first = store.revision()
    store.apply_import(items, [])
    assert store.revision() == first
    store.apply_import([dataclasses.replace(items[0], name="other")], [])
    second = store.revision()
    store.apply_import(items[1:], [], prune=True)
    assert len({first, second, store.revision()}) == 3


@both
def test_fields_tell_kinds_ranges_and_frequent_values(store: Store) -> None:
    first = next(store.items())
    odd = {"edge": "wide", "shelf": "LEFT", "when": "2024-05-01"}
    kinds = {"edge": "text", "shelf": "text", "when": "date"}
    changed = dataclasses.replace(first, attributes=odd, kinds=kinds)  # type: ignore[arg-type]
    store.apply_import([changed], [])
    fields = {(field.name, field.kind): field for field in store.fields()}
    assert fields["edge", "number"] == FieldRecord("edge", "number", False, 11, 1, 2.5, 2.5, ())
    wide = (ValueCount("wide", 1),)
    assert fields["edge", "text"] == FieldRecord("edge", "text", False, 1, 1, None, None, wide)
    assert fields["when", "date"].lowest == "2024-05-01"
    assert fields["shelf", "text"].top == (ValueCount("LEFT", 12),)  # one value, spelt twice
    assert fields["tag", "list"].top[0] == ValueCount("square", 12)
    assert fields["split", "text"].top == (ValueCount("train", 12),)
    assert (fields["image.width", "number"].lowest, fields["image.width", "number"].highest) == (
        40,
        40,
    )
    assert fields["caption", "list"].items == 12
    assert store.field_kinds() == {
        "edge": ("number", "text"),
        "seen": ("list",),
        "shelf": ("text",),
        "when": ("date",),
    }
    assert {name for name, _ in fields} == {*store.field_kinds(), *BUILTIN}


@both
def test_values_are_given_as_the_catalog_writes_them(store: Store) -> None:
    assert store.field_values(BUILTIN["tag"], 2) == ["blue", "green"]
    assert store.field_values(Field("seen", "list"), 9) == ["x", "y"]
    assert store.field_values(BUILTIN["split"], 9) == ["train"]


def test_an_older_database_is_made_ready_for_filters(store: Store, home: Home) -> None:
    """As schema 1 had it: no folded text, indexes without the item."""
    condition = Equal(SHELF, ("LEFT",))
    store.close()
    engine = sqlite.engine(home.database)
    with engine.begin() as connection:
        for statement in (
            "DROP INDEX ix_attributes_name_folded",
            "DROP INDEX ix_attributes_name_number",
            "ALTER TABLE attributes DROP COLUMN folded",
            "CREATE INDEX ix_attributes_name_text ON attributes (name, text)",
            "CREATE INDEX ix_attributes_name_number ON attributes (name, number)",
            "ALTER TABLE items DROP COLUMN words",
            "ALTER TABLE items DROP COLUMN terms",
            "DELETE FROM schema_version WHERE version > 1",
            "INSERT OR REPLACE INTO schema_version VALUES (1, '2026-01-01')",
        ):
            connection.execute(text(statement))
    engine.dispose()
    with Store.open(home.path) as opened:
        assert len(opened.matching(condition)) == 12
        plan = "EXPLAIN QUERY PLAN SELECT item_id FROM attributes WHERE name = 'a' AND number < 2"
        with create_engine(f"sqlite:///{home.database}").connect() as connection:
            assert "COVERING" in str(connection.execute(text(plan)).all())

"""The word index keeps up with the catalog, and a catalog of an older schema with the program."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from sqlalchemy import Engine, create_engine, text

from db import generations
from db.generations import Generation
from db.home import Home
from db.records import CaptionRecord, ItemRecord
from db.store import Store
from indexer.job import build_index
from search import Searcher
from settings import Settings
from tests.fakes import FakeEncoder


def built(home: Home, store: Store, settings: Settings) -> Generation:
    build_index(home, store, FakeEncoder(), settings)
    return generations.open_current(home.generations)


def renamed(item: ItemRecord) -> ItemRecord:
    return dataclasses.replace(item, name="Zorro")


def retagged(item: ItemRecord) -> ItemRecord:
    return dataclasses.replace(item, tags=("zorro",))


def recaptioned(item: ItemRecord) -> ItemRecord:
    return dataclasses.replace(item, captions=(CaptionRecord("a zorro", "en"),))


@pytest.mark.parametrize("change", [renamed, retagged, recaptioned])
def test_changed_words_make_a_new_generation_that_finds_them(
    home: Home, store: Store, settings: Settings, change: object
) -> None:
    assert callable(change)
    first = built(home, store, settings)
    item = next(store.items())
    store.apply_import([change(item)], [])
    assert len(first.words.hits("zorro", 5)[0]) == 0  # until it is built
    second = built(home, store, settings)
    assert second.name != first.name
    assert second.words.hits("zorro", 5)[0].tolist() == [item.id]
    assert built(home, store, settings).name == second.name


def test_other_changes_of_an_item_leave_its_words_as_they_are(
    home: Home, store: Store, settings: Settings
) -> None:
    first = built(home, store, settings)
    item = next(store.items())
    other = dataclasses.replace(item, tags=item.tags[::-1], attributes={"edge": 9.0})
    assert store.apply_import([other], []).changed == 1
    assert built(home, store, settings).name == first.name


def test_an_item_without_words_has_its_row(home: Home, store: Store, settings: Settings) -> None:
    item = next(store.items())
    store.apply_import([dataclasses.replace(item, name="", captions=(), tags=())], [])
    words = built(home, store, settings).words
    assert item.id not in words.hits("red square", 50)[0]
    assert words.coverage("red", np.array([item.id])).tolist() == [0.0]


def digests(engine: Engine) -> dict[str, str]:
    with engine.connect() as connection:
        return dict(connection.execute(text("SELECT key, words FROM items")).all())


def test_an_older_catalog_gets_the_digests_that_an_import_gives(home: Home, store: Store) -> None:
    engine = create_engine(f"sqlite:///{home.database}")
    right = digests(engine)
    assert len(set(right.values())) == 12
    with engine.begin() as connection:
        for statement in (
            "ALTER TABLE items DROP COLUMN words",
            "ALTER TABLE items DROP COLUMN terms",
            "DROP TABLE state",
            "CREATE VIRTUAL TABLE item_words USING fts5(name, captions, tags)",
            "DELETE FROM schema_version",
            "INSERT INTO schema_version VALUES (2, '2026-11-01 00:00:00')",
        ):
            connection.execute(text(statement))
    with Store.open(home.path) as older:
        assert digests(engine) == right
        assert older.removals() == 0
        assert older.apply_import(list(older.items()), []).unchanged == 12
    with engine.connect() as connection:
        tables = connection.execute(text("SELECT name FROM sqlite_master")).scalars().all()
    engine.dispose()
    assert not [name for name in tables if name.startswith("item_words")]


def test_removals_are_counted_and_nothing_else_is(store: Store) -> None:
    *kept, last = store.items()
    store.apply_import([dataclasses.replace(last, name="changed")], [])
    store.apply_import(kept, [])
    assert store.removals() == 0
    store.apply_import(kept, [], prune=True)
    store.apply_import(kept, [], prune=True)
    assert store.removals() == 1
    store.apply_import(kept[1:], [], prune=True)
    assert store.removals() == 2


def test_a_search_reads_the_catalog_whole_only_when_it_has_lost_something(
    home: Home,
    store: Store,
    encoder: FakeEncoder,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    live = built(home, store, settings)
    readings = []
    whole = Store.item_ids

    def counted(self: Store) -> list[int]:
        readings.append(1)
        return whole(self)

    monkeypatch.setattr(Store, "item_ids", counted)
    searcher = Searcher(store, live, encoder, settings.search)
    assert len(searcher.search("square", top=20).results) > 0
    *kept, last = store.items()
    store.apply_import([dataclasses.replace(last, name="changed")], [])
    searcher.search("square")
    assert not readings
    store.apply_import(kept, [], prune=True)
    for _ in range(2):
        assert last.key not in [hit.id for hit in searcher.search("square", top=20).results]
    assert len(readings) == 1
    # Built before the removal, opened after it.
    late = Searcher(store, live, encoder, settings.search)
    assert last.key not in [hit.id for hit in late.search("square", top=20).results]

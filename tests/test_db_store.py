from __future__ import annotations

import dataclasses
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import Connection, create_engine, inspect, text

from db import sqlite
from db.home import Home
from db.migrations import STEPS, migrate
from db.records import CaptionRecord, ItemRecord, ProblemRecord
from db.store import Store
from errors import HomeError
from tests.postgres_samples import both
from tests.words_samples import words_of


@both
def test_what_goes_in_comes_out(store: Store) -> None:
    item = next(store.items())
    assert (item.key, item.name, item.tags) == ("0", "Sq0", ("red", "square"))
    assert item.attributes == {"edge": 2.5, "shelf": "left", "seen": ["x", "y"]}
    assert [c.language for c in item.captions] == ["en", "ko"]
    assert store.count_items() == 12
    assert store.tag_counts() == {"square": 12, "blue": 4, "green": 4, "red": 4}


@both
def test_a_second_equal_import_changes_nothing(store: Store) -> None:
    items = list(store.items())
    counts = store.apply_import(items, [])
    assert (counts.added, counts.changed, counts.unchanged) == (0, 0, 12)
    assert list(store.items()) == items


@both
def test_a_caption_that_stays_keeps_its_id(store: Store) -> None:
    first = next(store.items())
    new = CaptionRecord("something new", "en")
    changed = dataclasses.replace(first, captions=(new, *first.captions))
    counts = store.apply_import([changed], [])
    assert counts.changed == 1
    after = next(store.items())
    assert after.captions[0].text == "something new"
    assert after.captions[1:] == first.captions
    assert after.id == first.id


@both
def test_prune_removes_what_the_source_no_longer_names_and_its_id_is_not_used_again(
    store: Store,
) -> None:
    *kept, last = store.items()
    assert store.apply_import(kept, [], prune=True).removed == 1
    assert store.removals() == 1
    assert words_of(store).unknown("Sq11") == ("Sq11",)
    store.apply_import([last], [])
    again = [item for item in store.items() if item.key == last.key]
    assert again[0].id > last.id


@pytest.mark.parametrize(
    ("query", "keys"),
    [
        ("Sq7", ["7"]),
        ("squares", [str(n) for n in range(12)]),  # stemmed
        ("빨강", ["0", "3", "6", "9"]),
        ("빨", ["0", "3", "6", "9"]),  # one syllable of a word
        ("nothing-of-the-kind", []),
        ('" OR * NEAR(', []),
    ],
)
def test_exact_words_are_found(store: Store, query: str, keys: list[str]) -> None:
    words = words_of(store)
    found = store.details(words.hits(query, 50)[0].tolist())
    assert sorted(item.key for item in found.values()) == sorted(keys)


def test_a_korean_noun_is_found_under_its_particle(store: Store) -> None:
    first = next(store.items())
    with_particle = dataclasses.replace(first, captions=(CaptionRecord("불꽃은 뜨겁다", "ko"),))
    store.apply_import([with_particle], [])
    assert words_of(store).hits("불꽃", 5)[0].tolist() == [first.id]


def test_no_query_text_can_break_the_word_index(store: Store) -> None:
    words = words_of(store)
    for query in ('a"b', "col:x", "a AND", "^", "x*", "\x00", "\x01\x02\x03", "한", "\ud800", ".*"):
        words.hits(query, 5)
        words.holding(query)


@both
def test_problems_are_replaced_by_the_next_import(store: Store) -> None:
    store.apply_import([], [ProblemRecord(3, "k", "empty-caption", "no caption")])
    assert store.problems() == [ProblemRecord(3, "k", "empty-caption", "no caption", False)]
    store.apply_import([], [])
    assert store.problems() == []


@both
def test_a_killed_import_leaves_the_catalog_as_it_was(store: Store) -> None:
    before = list(store.items())

    def half_way() -> Iterator[ItemRecord]:
        yield dataclasses.replace(before[0], name="changed")
        raise RuntimeError

    with pytest.raises(RuntimeError):
        store.apply_import(half_way(), [])
    assert list(store.items()) == before


@both
def test_runs_remember_their_counts_and_what_failed(store: Store) -> None:
    run = store.start_run("index")
    assert store.last_run("index") is None  # not finished
    store.finish_run(run, {"indexed": 3}, [(1, "failed", "no such file")])
    last = store.last_run("index")
    assert last is not None
    assert last.summary == {"indexed": 3}
    assert store.failures() == [("0", "failed", "no such file")]


def test_no_home_is_told_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(HomeError, match="catalog import"):
        Store.open(tmp_path / "nowhere")


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "pairdex.db").write_bytes(b"not a database, but long enough to be read" * 50)
    with pytest.raises(HomeError, match="damaged"):
        Store.open(tmp_path)


def test_a_database_from_the_future_is_refused(tmp_path: Path, store: Store, home: Home) -> None:
    engine = create_engine(f"sqlite:///{home.database}")
    with engine.begin() as connection:
        connection.execute(text("UPDATE schema_version SET version = 999"))
    engine.dispose()
    with pytest.raises(HomeError, match="newer"):
        Store.open(home.path)


def test_an_older_database_takes_the_missing_steps_in_order(store: Store, home: Home) -> None:
    taken: list[int] = []
    steps = [*STEPS, lambda _: taken.append(2), lambda _: taken.append(3)]
    engine = sqlite.engine(home.database)
    assert migrate(engine, home.database, steps) == 2
    assert migrate(engine, home.database, steps) == 0
    engine.dispose()
    assert taken == [2, 3]


def test_two_that_open_an_older_database_at_once_take_each_step_once(
    store: Store, home: Home
) -> None:
    within, coming = threading.Event(), threading.Event()
    taken: list[str] = []

    def step(connection: Connection) -> None:
        taken.append(threading.current_thread().name)
        within.set()
        assert coming.wait(30)
        connection.execute(text("CREATE TABLE once (id INTEGER)"))

    def second() -> int:
        assert within.wait(30)
        coming.set()
        return opened()

    def opened() -> int:
        engine = sqlite.engine(home.database)
        try:
            return migrate(engine, home.database, [*STEPS, step])
        finally:
            engine.dispose()

    with ThreadPoolExecutor(2) as pool:
        counts = [pool.submit(opened), pool.submit(second)]
        assert [count.result() for count in counts] == [1, 0]
    assert len(taken) == 1


def test_a_step_that_fails_leaves_the_tables_as_they_were(store: Store, home: Home) -> None:
    def step(connection: Connection) -> None:
        connection.execute(text("CREATE TABLE half (id INTEGER)"))
        raise RuntimeError

    engine = sqlite.engine(home.database)
    with pytest.raises(RuntimeError):
        migrate(engine, home.database, [*STEPS, step])
    assert not inspect(engine).has_table("half")
    engine.dispose()


@both
def test_the_second_job_is_told_who_holds_the_lock(home: Home) -> None:
    home.create()
    with (
        home.locked("index build"),
        pytest.raises(HomeError, match="index build"),
        home.locked("train"),
    ):
        pass
    with home.locked("train"):
        pass

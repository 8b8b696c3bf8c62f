"""Judgements and saved searches: kept with the catalog, whatever becomes of the items."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from db import generations
from db.home import Home
from db.judgements import Judgement
from db.store import Store
from errors import QueryError
from indexer.job import build_index
from search import Request, Searcher
from search.feedback import record, remembered
from search.stored import as_stored, asked, from_stored
from settings import Settings
from tests.fakes import FakeEncoder
from tests.postgres_samples import both


def said(store: Store) -> list[tuple[str, str, bool]]:
    return [(one.query, one.item, one.good) for one in store.judgements.all()]


def test_a_judgement_keeps_what_a_training_needs(
    home: Home, store: Store, encoder: FakeEncoder, settings: Settings
) -> None:
    build_index(home, store, encoder, settings)
    searcher = Searcher(store, generations.open_current(home.generations), encoder, settings.search)
    request = Request("a red square", good=("3",), tags=("square",))
    result = searcher.search(request, top=12)
    assert record(store, request, result, source="test") == 1
    (one,) = store.judgements.all()
    score = next(hit.score for hit in result.results if hit.id == "3")
    assert one == Judgement(
        item="3",
        query="a red square",
        good=True,
        request={"text": "a red square", "tags": ["square"]},
        asked=asked(Request("a red square")),
        source="test",
        generation=result.generation,
        score=score,
        created=one.created,
        id=one.id,
        item_id=store.ids_of(["3"])["3"],
    )
    assert one.created.endswith("+00:00")


@both
def test_a_later_word_replaces_the_earlier(store: Store) -> None:
    record(store, Request("red", good=("3", "6"), bad=("1",)))
    record(store, Request("  RED ", bad=("3",), where="edge > 1"))
    assert said(store) == [("red", "6", True), ("red", "1", False), ("RED", "3", False)]


def test_another_query_is_another_judgement(store: Store) -> None:
    for request in (Request("red"), Request("red", like=("4",)), Request("red", without=("blue",))):
        record(store, dataclasses.replace(request, good=("3",)))
    assert len(said(store)) == 3


@both
def test_judgements_outlive_their_items(store: Store) -> None:
    items = list(store.items())
    record(store, Request("red", good=("0", "3")))
    store.apply_import([item for item in items if item.key != "3"], [], prune=True)
    assert [(one.item, one.item_id) for one in store.judgements.all()] == [("0", 1), ("3", None)]
    store.apply_import(items, [])
    back = store.judgements.all()[1]
    assert back.item_id == store.ids_of(["3"])["3"] != 4  # the same thing under a new number


@both
def test_judgements_can_be_taken_back(store: Store) -> None:
    record(store, Request("red", good=("0", "3"), bad=("1",)))
    first = store.judgements.all()[0].id
    assert store.judgements.remove([first, 999]) == 1
    assert said(store) == [("red", "3", True), ("red", "1", False)]
    assert store.judgements.remove() == 2
    assert said(store) == []


@pytest.mark.parametrize(
    ("request_", "complaint"),
    [
        (Request("red", good=("3",), bad=("3",)), "good and bad"),
        (Request("red", good=("99",)), "no item '99'"),
        (Request(good=("3",)), "needs a query"),
    ],
)
def test_what_cannot_be_a_judgement_is_refused(
    store: Store, request_: Request, complaint: str
) -> None:
    with pytest.raises(QueryError, match=complaint):
        record(store, request_)
    assert said(store) == []


def test_nothing_said_is_nothing_stored(store: Store) -> None:
    assert record(store, Request("red")) == 0


def test_what_was_said_is_remembered_for_the_same_query(store: Store) -> None:
    record(store, Request("red", good=("0", "3"), bad=("1",)))
    record(store, Request("blue", good=("2",)))
    again = remembered(store, Request("Red", bad=("3",), top=5))
    assert (again.good, again.bad, again.top) == (("0",), ("3", "1"), 5)
    kept = [item for item in store.items() if item.key != "0"]
    store.apply_import(kept, [], prune=True)
    assert remembered(store, Request("red")).good == ("3",)


FULL = Request(
    text='"red" -2:"wings"',
    images=(Path("/pictures/a b.png"),),
    like=("4",),
    without=("blue", "small"),
    where="edge > 1 and shelf in (left, right)",
    tags=("square",),
    split="train",
    good=("3",),
    bad=("1",),
    top=7,
    min_score=0.25,
    group=False,
    diversity=0.5,
)


@both
def test_a_saved_search_comes_back_as_it_was(store: Store) -> None:
    assert not store.saved.put("full", as_stored(FULL))
    saved = store.saved.get("full")
    assert saved is not None
    assert from_stored(saved.request) == FULL
    assert saved.created.endswith("+00:00")


@both
def test_what_is_no_utf_8_is_stored_all_the_same(store: Store) -> None:
    odd = Request("red \udcff", like=("4\udcfe",))
    assert asked(odd) != asked(Request("red", like=("4",)))
    store.saved.put("odd", as_stored(odd))
    saved = store.saved.get("odd")
    assert saved is not None
    assert from_stored(saved.request) == odd


def test_a_search_is_saved_without_its_page(store: Store) -> None:
    assert as_stored(Request("red", offset=5, explain=True)) == {"text": "red"}


@both
def test_saving_under_a_name_again_replaces(store: Store) -> None:
    store.saved.put("b", as_stored(Request("red")))
    store.saved.put("a", as_stored(Request("green")))
    assert store.saved.put("b", as_stored(Request("blue")))
    assert [(one.name, one.request["text"]) for one in store.saved.all()] == [
        ("a", "green"),
        ("b", "blue"),
    ]
    assert store.saved.remove("b")
    assert not store.saved.remove("b")
    assert store.saved.get("b") is None


def test_a_search_saved_by_a_later_version_is_refused_by_name() -> None:
    with pytest.raises(QueryError, match="asks for 'sound'"):
        from_stored({"text": "red", "sound": "loud"})


def test_a_catalog_of_before_judgements_gets_a_place_for_them(store: Store, home: Home) -> None:
    store.close()
    engine = create_engine(f"sqlite:///{home.database}")
    with engine.begin() as connection:
        for table in ("judgements", "saved_searches"):
            connection.execute(text(f"DROP TABLE {table}"))
        connection.execute(text("ALTER TABLE items DROP COLUMN terms"))
        connection.execute(text("UPDATE schema_version SET version = 3"))
    engine.dispose()
    with Store.open(home.path) as older:
        assert older.count_items() == 12
        assert record(older, Request("red", good=("3",))) == 1
        assert older.saved.all() == []

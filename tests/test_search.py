from __future__ import annotations

import dataclasses

import msgspec
import numpy as np
import pytest

from db import generations
from db.home import Home
from db.records import CaptionRecord
from db.store import Store
from encoder.head import Head
from encoder.scoring import either
from errors import IndexStateError, QueryError
from indexer.job import build_index
from search import Searcher
from settings import Settings
from tests.fakes import FakeEncoder


@pytest.fixture
def searcher(home: Home, store: Store, encoder: FakeEncoder, settings: Settings) -> Searcher:
    build_index(home, store, encoder, settings)
    return Searcher(store, generations.open_current(home.generations), encoder, settings.search)


def test_words_find_images_that_look_so(searcher: Searcher) -> None:
    result = searcher.search("a green thing", top=4)
    assert not result.no_match
    assert [hit.rank for hit in result.results] == [1, 2, 3, 4]
    assert all("green" in hit.tags for hit in result.results)
    scores = [hit.score for hit in result.results]
    assert scores == sorted(scores, reverse=True)
    assert result.results[0].attributes["edge"] == 2.5


def test_korean_finds_the_same_items(searcher: Searcher) -> None:
    english = {hit.id for hit in searcher.search("blue", top=4).results}
    assert {hit.id for hit in searcher.search("파랑", top=4).results} == english


def test_a_rare_name_is_found_by_its_exact_word(searcher: Searcher) -> None:
    result = searcher.search("Sq7", top=12)
    found = {hit.id: hit for hit in result.results}
    assert found["7"].channels["words"] == 1


def test_nonsense_is_answered_with_nothing_matches(searcher: Searcher) -> None:
    result = searcher.search("quarterly tax return", top=3)
    assert result.no_match
    assert len(result.results) == 3  # the nearest, called no match


@pytest.mark.parametrize("query", ["", "   ", "\n\t"])
def test_a_query_of_nothing_is_refused(searcher: Searcher, query: str) -> None:
    with pytest.raises(QueryError, match="empty"):
        searcher.search(query)


def test_an_endless_query_is_refused(searcher: Searcher) -> None:
    with pytest.raises(QueryError, match="characters long"):
        searcher.search("red " * 10_000)


def test_items_that_came_or_went_since_the_build_do_not_disturb(
    searcher: Searcher, store: Store
) -> None:
    *kept, last = store.items()
    newer = dataclasses.replace(
        last, key="new", id=0, captions=(CaptionRecord("a blue square", "en"),)
    )
    store.apply_import([*kept, newer], [], prune=True)
    result = searcher.search("blue square", top=12)
    ids = [hit.id for hit in result.results]
    assert "new" not in ids
    assert last.key not in ids
    assert [hit.rank for hit in result.results] == list(range(1, len(ids) + 1))


def test_removed_items_take_no_place_among_the_results(searcher: Searcher, store: Store) -> None:
    kept = [item for item in store.items() if item.key in ("10", "11")]
    store.apply_import(kept, [], prune=True)
    assert len(searcher.search("a red square", top=2).results) == 2


def test_removed_items_take_no_place_in_the_shortlist(
    home: Home, store: Store, encoder: FakeEncoder, settings: Settings
) -> None:
    """As many candidates as ever, of those that are left."""
    build_index(home, store, encoder, settings)
    small = msgspec.structs.replace(settings.search, shortlist=3, top=12)
    searcher = Searcher(store, generations.open_current(home.generations), encoder, small)
    first = searcher.search("red", top=3)
    assert first.candidates <= 6
    gone = {hit.id for hit in first.results}
    store.apply_import([item for item in store.items() if item.key not in gone], [], prune=True)
    judged = searcher.search("red", top=1).candidates
    second = searcher.search("red", top=judged).results
    assert not gone & {hit.id for hit in second}
    assert sum("image" in hit.channels for hit in second) == 3


def test_an_index_of_another_model_is_refused(
    home: Home, store: Store, searcher: Searcher, settings: Settings
) -> None:
    generation = generations.open_current(home.generations)
    with pytest.raises(IndexStateError, match="another model"):
        Searcher(store, generation, FakeEncoder("other"), settings.search)


def test_the_head_sums_its_halves() -> None:
    rng = np.random.default_rng(1)
    weights = rng.normal(size=(2, 8)).astype(np.float32)
    head = Head(weights[0], weights[1], np.array(0.3, np.float32))
    image, text = rng.normal(size=(5, 8)), rng.normal(size=(1, 8))
    cos = rng.uniform(-1, 1, 5).astype(np.float32)
    logits = np.maximum(image + text + cos[:, None] * head.cos_weight, 0) @ head.out_weight + 0.3
    assert head.logits(image, text, cos) == pytest.approx(logits, abs=1e-5)


def test_either_evidence_is_enough_and_both_are_better() -> None:
    image = np.array([0.0, 0.9, 0.0, 0.9], np.float32)
    text = np.array([0.0, 0.0, 0.8, 0.8], np.float32)
    assert either(image, text) == pytest.approx([0.0, 0.9, 0.8, 0.98])

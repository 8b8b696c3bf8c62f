"""Results that differ: the order changes, the scores do not."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from db import generations
from db.home import Home
from db.store import Store
from indexer.job import build_index
from search import Request, Searcher
from search.diversity import BLOCK, spread
from settings import Settings
from tests.fakes import FakeEncoder
from tests.generation_samples import unit

SCORES = np.asarray([0.9, 0.85, 0.8, 0.3], np.float32)
# The second is almost the first; the others are at right angles to all.
VECTORS = np.asarray([[1, 0, 0], [0.995, 0.1, 0], [0, 1, 0], [0, 0, 1]], np.float32)


def slow(scores: np.ndarray, vectors: np.ndarray, diversity: float) -> list[int]:
    """The definition, word for word."""
    order = [0]
    while len(order) < len(scores):
        left = [row for row in range(len(scores)) if row not in order]
        gains = [
            (1 - diversity) * float(scores[row])
            - diversity * max(float(vectors[row] @ vectors[one]) for one in order)
            for row in left
        ]
        order.append(left[int(np.argmax(gains))])
    return order


def test_without_diversity_the_order_is_untouched() -> None:
    assert spread(SCORES, VECTORS, 0.0).tolist() == [0, 1, 2, 3]


def test_a_little_puts_what_is_new_before_what_was_seen() -> None:
    assert spread(SCORES, VECTORS, 0.3).tolist() == [0, 2, 1, 3]


def test_all_of_it_takes_the_most_different_each_time() -> None:
    vectors = np.asarray([[1, 0], [0.8, 0.6], [0, 1], [-1, 0]], np.float32)
    assert spread(SCORES, vectors, 1.0).tolist()[:2] == [0, 3]


def test_what_does_not_match_stays_behind_what_does() -> None:
    order = spread(SCORES, VECTORS, 1.0, threshold=0.5).tolist()
    assert order[0] == 0
    assert order[-1] == 3


@given(st.integers(1, 30), st.integers(0, 1000), st.sampled_from([0.1, 0.5, 0.9, 1.0]))
def test_it_is_what_the_definition_says(count: int, seed: int, diversity: float) -> None:
    rng = np.random.default_rng(seed)
    vectors = unit(rng, count)
    scores = np.sort(rng.random(count).astype(np.float32))[::-1]
    assert spread(scores, vectors, diversity).tolist() == slow(scores, vectors, diversity)


def test_every_row_comes_once_however_many() -> None:
    rng = np.random.default_rng(0)
    count = 2 * BLOCK + 5
    scores = np.sort(rng.random(count).astype(np.float32))[::-1]
    order = spread(scores, unit(rng, count), 0.5, threshold=0.7)
    assert sorted(order.tolist()) == list(range(count))
    matching = int((scores >= 0.7).sum())
    assert set(order[:matching].tolist()) == set(range(matching))


def test_nothing_has_no_order() -> None:
    assert not len(spread(SCORES[:0], VECTORS[:0], 0.5))


@pytest.mark.parametrize("diversity", [0.0, 0.4, 1.0])
def test_a_search_keeps_the_scores_and_the_items(
    home: Home,
    store: Store,
    encoder: FakeEncoder,
    settings: Settings,
    diversity: float,
) -> None:
    build_index(home, store, encoder, settings)
    searcher = Searcher(store, generations.open_current(home.generations), encoder, settings.search)
    plain = searcher.search("red green", top=12)
    spreaded = searcher.search(Request("red green", top=12, diversity=diversity))
    assert {(h.id, h.score) for h in plain.results} == {(h.id, h.score) for h in spreaded.results}
    assert spreaded.results[0].id == plain.results[0].id
    colours = [hit.tags[0] for hit in spreaded.results[:2]]
    assert (len(set(colours)) == 2) == bool(diversity)

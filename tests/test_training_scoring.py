"""What scores are fitted on, and what may be relied on whatever comes out of it."""

from __future__ import annotations

from itertools import pairwise

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from db import generations
from db.home import Home
from db.store import Store
from encoder.scoring import LONG, SHORT, Scoring, Weights, Wording, brevity, combined, either
from indexer.job import build_index
from review import Answers
from search import Searcher
from settings import Settings
from tests.fakes import FakeEncoder
from training import scoring
from training.nonsense import nonsense_queries
from training.regression import Answered, fit_weights, logistic
from training.scoring import fit_scoring
from training.scoring_queries import name_queries, tag_queries

BEFORE = Weights((1.0, 1.0), (1.0, 1.0), (0.0, 0.0))


def queries(
    weights: tuple[float, float], brief: float, count: int = 200, seed: int = 0
) -> list[Answered]:
    """Ten candidates each; the sum of their evidence says how likely each is right."""
    rng = np.random.default_rng(seed)
    made = []
    for _ in range(count):
        evidence = rng.normal(0, 2, (10, 2))
        likely = 1 / (1 + np.exp(-(evidence @ np.asarray(weights) - 1)))
        made.append(Answered(evidence, rng.random(10) < likely, brief))
    return made


@pytest.mark.parametrize("brief", [1.0, 0.0])
def test_a_fit_finds_the_weights_and_the_offset_behind_the_truth(brief: float) -> None:
    found = fit_weights(queries((1.0, 0.3), brief, 800), BEFORE)
    weights, offset = (found.short, found.offsets[0]) if brief else (found.long, found.offsets[1])
    assert weights == pytest.approx((1.0, 0.3), abs=0.12)
    assert offset == pytest.approx(-1, abs=0.15)


def test_short_and_long_queries_get_weights_of_their_own() -> None:
    found = fit_weights([*queries((1.0, 0.0), 1.0), *queries((0.0, 1.0), 0.0, seed=1)], BEFORE)
    assert found.short[0] > 5 * found.short[1]
    assert found.long[1] > 5 * found.long[0]


def test_what_has_no_example_keeps_its_weights() -> None:
    found = fit_weights(queries((0.5, 0.5), 1.0), BEFORE)
    assert found.long == BEFORE.long
    assert found.offsets[1] == BEFORE.offsets[1]
    assert fit_weights([], BEFORE) == BEFORE


def test_probabilities_come_true_on_queries_that_the_fit_has_not_seen() -> None:
    found = fit_weights(queries((0.8, 0.4), 1.0, 500), BEFORE)
    others = queries((0.8, 0.4), 1.0, 500, seed=9)
    evidence = np.concatenate([one.evidence for one in others]).astype(np.float32)
    truth = np.concatenate([one.truth for one in others])
    said = found.chance((evidence[:, 0], evidence[:, 1]), 1.0)
    for low in np.arange(0.0, 1.0, 0.25):
        part = (said >= low) & (said < low + 0.25)
        assert truth[part].mean() == pytest.approx(said[part].mean(), abs=0.05)


def test_evidence_that_speaks_against_its_own_cause_is_left_out() -> None:
    turned = queries((1.0, -1.0), 1.0)
    assert fit_weights(turned, BEFORE).short[1] == 0.0
    evidence = np.linspace(-3, 3, 50)
    slope, _ = logistic(np.stack([evidence, np.ones(50)], 1), evidence < 0, (1.0, 0.0), 1)
    assert slope == 0.0


def test_brevity_goes_from_a_single_word_to_a_long_query() -> None:
    lengths = [brevity(" ".join(["word"] * words)) for words in range(1, LONG + 2)]
    assert lengths[0] == 2.0
    assert lengths[SHORT - 1] == pytest.approx(1.0)
    assert lengths[LONG - 1] == lengths[LONG] == 0.0
    assert all(more < less for less, more in pairwise(lengths[:LONG]))
    assert brevity("불꽃 속성 도마뱀") == brevity("fire-type lizard")


def test_a_single_word_gets_an_offset_of_its_own() -> None:
    rng = np.random.default_rng(0)
    sure = [Answered(rng.normal(0, 1, (10, 2)), rng.random(10) < 0.9, 2.0) for _ in range(100)]
    found = fit_weights([*sure, *queries((1.0, 0.3), 1.0)], BEFORE)
    evidence = (np.zeros(1, np.float32), np.zeros(1, np.float32))
    assert found.chance(evidence, 2.0)[0] > 0.8 > 0.5 > found.chance(evidence, 1.0)[0]


floats = arrays(np.float32, (5, 7), elements=st.floats(0, 1, width=32))


@given(floats, st.integers(0, 5), st.sampled_from([0.0, 0.4, 1.0, 2.0]), st.booleans())
def test_more_evidence_never_lowers_a_score(
    rows: np.ndarray, kind: int, brief: float, told: bool
) -> None:
    scoring = Scoring()

    def score(of: np.ndarray) -> np.ndarray:
        captions = of[:, 2] if told else np.full(len(of), -1.0, np.float32)
        said = Wording(of[:, 3], of[:, 4], of[:, 5], of[:, 6], brief)
        return scoring.score(of[:, 0], of[:, 1], captions, said)

    more = rows.copy()
    more[:, kind] += 0.5
    assert (score(more) >= score(rows) - 1e-6).all()


def test_an_item_without_captions_is_found_by_its_image_or_by_its_words() -> None:
    scoring = Scoring()
    nothing, much = np.zeros(1, np.float32), np.ones(1, np.float32)
    silent, named = (
        Wording(nothing, nothing, nothing, nothing, 1.0),
        Wording(much, 3 * much, 3 * much, much, 1.0),
    )
    image = scoring.image(9 * much, much, 1.0)
    seen = scoring.score(9 * much, much, -much, silent)
    assert seen == pytest.approx(image, abs=0.05)
    assert scoring.score(-9 * much, nothing, -much, named) > 0.5
    assert scoring.score(9 * much, much, -much, named) > max(image, scoring.words(named))
    assert either(image, nothing) == pytest.approx(image)


def test_an_image_query_is_judged_with_and_without_captions() -> None:
    scoring = Scoring()
    cosines = np.array([0.1, 0.5, 0.9], np.float32)
    alone = scoring.image_query(cosines, np.full(3, np.nan, np.float32))
    assert (np.diff(alone) > 0).all()
    weak, strong = (scoring.image_query(cosines, np.full(3, m, np.float32)) for m in (-2.0, 2.0))
    assert (strong > weak).all()
    assert np.isfinite([alone, weak, strong]).all()


def test_terms_are_combined_by_weight_and_one_unwanted_thing_is_enough() -> None:
    one, other = np.array([0.9, 0.9, 0.1]), np.array([0.9, 0.1, 0.1])
    evenly = combined([(one, 1.0), (other, 1.0)])
    assert evenly == pytest.approx([0.9, 0.3, 0.1])
    assert combined([(one, 3.0), (other, 1.0)])[1] > evenly[1]
    sunk = combined([(one, 1.0)], [(np.array([0.0, 1.0, 0.3]), 1.0)])
    assert sunk[:2] == pytest.approx([0.9, 0.0])
    assert 0.0 < sunk[2] < 0.1 * (1 - 0.3) + 1e-6


def test_queries_of_tags_know_all_their_answers(store: Store) -> None:
    items = list(store.items())
    made = tag_queries(items, np.random.default_rng(0), 60)
    tagged = {item.key: set(item.tags) for item in items}
    assert made == tag_queries(items, np.random.default_rng(0), 60)
    for query in made:
        named = {tag for tag in ("red", "green", "blue", "square") if tag in query.text.split()}
        for key in query.right:
            assert named <= tagged[key], query
        if named:
            assert query.right <= {key for key, tags in tagged.items() if named <= tags}
    assert {query.text for query in name_queries(items, np.random.default_rng(0))} == {
        item.name for item in items
    }


def test_nonsense_comes_in_four_kinds_and_repeats_with_its_seed() -> None:
    assert nonsense_queries(12, 3) == nonsense_queries(12, 3) != nonsense_queries(12, 4)
    assert len(nonsense_queries(9, 1)) == 9


def test_a_fitted_search_promises_what_it_holds(
    home: Home, store: Store, encoder: FakeEncoder, settings: Settings
) -> None:
    """Colours are seen and named: what has the colour is likely, what has not is not."""
    scoring, _ = fit_scoring(store, encoder, seed=1)
    assert 0.0 < scoring.no_match < 1.0
    assert min(scoring.told.short + scoring.told.long + scoring.seen.short) >= 0.0
    build_index(home, store, encoder, settings)
    encoder.scoring = scoring
    live = generations.open_current(home.generations)
    searcher = Searcher(store, live, encoder, settings.search)
    result = searcher.search("red", top=12)
    chance = {hit.id: hit.score for hit in result.results}
    red = [chance[item.key] for item in store.items() if "red" in item.tags]
    assert not result.no_match
    assert min(red) > 0.5 > max(score for score in chance.values() if score not in red)


def test_an_artifact_of_before_is_read_with_scores_that_are_not_fitted() -> None:
    older = b'{"head": 1.0, "cosine": 3.5, "text_offset": -3.8, "no_match": 0.4}'
    assert msgspec.json.decode(older, type=Scoring) == Scoring()


def test_training_reads_tags_as_answers_have_corrected_them(store: Store) -> None:
    from training.job import catalog_pairs

    Answers(store).tell_tag("red", "no", item="0")
    Answers(store).tell_tag("blue", "yes", item="0")
    Answers(store).tell_tag("red", "skip", item="3")
    tags = {pair.id: set(pair.tags) for pair in catalog_pairs(store)}
    assert tags["0"] == {"square", "blue"}
    assert tags["3"] == {"red", "square"}
    learnt, _ = scoring._samples(store, 0)
    assert {item.key: set(item.tags) for item in learnt}["0"] == {"square", "blue"}

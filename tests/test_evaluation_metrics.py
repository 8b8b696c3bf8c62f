"""The arithmetic under the figures, against scikit-learn and against what is known."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from evaluation import bootstrap, ranking
from evaluation.attributes import attribute_queries, phrase
from evaluation.bootstrap import Resamples
from evaluation.calibration import calibration_figures, equal_bins
from evaluation.nonsense import nonsense
from evaluation.ranking import MANY, RETRIEVAL, Ranking


@pytest.mark.parametrize("ties", [False, True])
def test_weighted_statistics_are_those_of_scikit_learn(ties: bool) -> None:
    dice = np.random.default_rng(3)
    scores = dice.normal(size=200).round(1 if ties else 9)
    truth = dice.random(200) < 0.2
    weights = dice.integers(0, 4, (5, 200)).astype(float)
    for ours, theirs in (
        (bootstrap.average_precision, average_precision_score),
        (bootstrap.roc_auc, roc_auc_score),
    ):
        found = ours(scores, truth.astype(float), weights)
        expected = [theirs(truth, scores, sample_weight=row) for row in weights]
        assert found == pytest.approx(expected)


def test_resampling_pairs_draws_them_with_their_owner() -> None:
    resamples = Resamples(4, seed=1, times=6)
    owners = np.array([0, 0, 1, 2, 3, 3])
    scores, truth = np.array([0.9, 0.2, 0.4, 0.5, 0.8, 0.1]), np.array([1, 0, 1, 0, 1, 0])
    found = resamples.replicates(bootstrap.roc_auc, scores, truth, owners)
    for drawn, value in zip(resamples.drawn, found, strict=True):
        rows = np.concatenate([np.flatnonzero(owners == owner) for owner in drawn])
        if len(set(truth[rows])) == 2:
            assert value == pytest.approx(roc_auc_score(truth[rows], scores[rows]))
        else:
            assert np.isnan(value)


def test_an_interval_covers_the_mean_it_was_drawn_from() -> None:
    hits = 0
    for seed in range(60):
        values = (np.random.default_rng(seed).random(80) < 0.3).astype(float)
        found = Resamples(80, seed).mean(values)
        hits += found.low <= 0.3 <= found.high
    assert hits >= 52  # 95 % of 60 are 57


def test_known_ranks_give_known_figures() -> None:
    order = [np.array([5, 6, 7]), np.array([6, 5, 7]), np.array([7, 6])]
    found = Ranking(order, [np.array([5])] * 3, size=10)
    values = ranking.per_query(found, RETRIEVAL)
    assert values["R@1"].tolist() == [1, 0, 0]
    assert values["MRR"].tolist() == [1, 0.5, 0]
    # Not among the two returned: anywhere from 3 to 10.
    assert found.ranks().tolist() == [1, 2, 6.5]


@pytest.mark.parametrize(("size", "right"), [(40, 1), (40, 6), (7, 1), (7, 5)])
def test_chance_is_what_shuffling_gives_on_average(size: int, right: int) -> None:
    dice = np.random.default_rng(8)
    times = 4000
    shuffled = Ranking(
        [dice.permutation(size) for _ in range(times)], [np.arange(right)] * times, size
    )
    expected = ranking.chance([right], size)
    for name, values in ranking.per_query(shuffled, MANY | RETRIEVAL).items():
        if name == "MRR" and right > 1:
            continue  # stated for one right item only
        error = 4 * values.std() / np.sqrt(times) + 1e-6
        assert values.mean() == pytest.approx(expected[name][0], abs=error)


def test_honest_scores_have_no_calibration_error_and_boasts_have() -> None:
    dice = np.random.default_rng(5)
    owners = np.repeat(np.arange(500), 40)
    scores = dice.random(len(owners)) ** 3
    truth = dice.random(len(owners)) < scores
    resamples = Resamples(500, seed=2)
    honest, curve = calibration_figures("c", "c", scores, truth, owners, resamples)
    boasting, _ = calibration_figures("c", "c", scores**0.5, truth, owners, resamples)
    assert honest["c.ece"].value < 0.01
    assert boasting["c.ece"].low > 0.1
    assert boasting["c.brier"].low > honest["c.brier"].high
    assert sum(curve.counts) == len(scores)


def test_bins_hold_equally_many_and_equal_scores_share_one() -> None:
    dice = np.random.default_rng(6)
    assert np.bincount(equal_bins(dice.random(1000))).tolist() == [100] * 10
    lumped = equal_bins(np.array([0.1] * 90 + [0.9] * 10))
    assert len(set(lumped[:90])) == 1
    assert lumped[0] != lumped[-1]


def test_nonsense_is_the_same_under_one_seed_and_of_four_kinds() -> None:
    queries = nonsense(4)
    assert queries == nonsense(4)
    assert queries != nonsense(5)
    assert set(queries) == {"letters", "words", "topics", "korean"}
    assert all(query.strip() for of in queries.values() for query in of)
    assert {len(of) for of in queries.values()} == {25}


def test_a_type_is_called_one_and_stands_in_front() -> None:
    assert phrase("lizard", "fire", {"fire"}).text == "fire-type lizard"
    assert phrase("fire", "lizard", {"fire"}).text == "fire-type lizard"
    assert phrase("green", "lizard", {"fire"}).text == "green lizard"


def test_a_catalog_without_tags_has_no_attribute_queries() -> None:
    assert attribute_queries([], seed=1) == []

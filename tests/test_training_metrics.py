"""The figures that steer training, held against their definitions spelled out."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as drawn
from sklearn.metrics import label_ranking_average_precision_score

from errors import ModelError
from training.metrics import Floats, macro_precision, recall_at, reciprocal_rank, roc_auc

# Few different values, so that ties are frequent.
LEVELS = st.integers(-3, 3).map(float)


def average_precision(scores: Floats, truth: Floats) -> float:
    """The sum over falling thresholds of precision there, times the recall that it adds."""
    total, found = 0.0, 0.0
    for threshold in sorted(set(scores.tolist()), reverse=True):
        said = scores >= threshold
        right = float(truth[said].sum())
        total += right / said.sum() * (right - found) / truth.sum()
        found = right
    return total


def wins(positive: Floats, negative: Floats) -> float:
    return float(
        np.mean([1.0 if p > n else 0.5 if p == n else 0.0 for p in positive for n in negative])
    )


@settings(deadline=None)
@given(
    st.integers(1, 12).flatmap(
        lambda rows: st.tuples(
            drawn.arrays(float, (rows, 4), elements=LEVELS),
            drawn.arrays(bool, (rows, 4)),
        )
    )
)
def test_macro_precision_is_the_mean_over_the_tags_that_occur(
    both: tuple[Floats, Floats],
) -> None:
    scores, truth = both
    each = [
        average_precision(scores[:, tag], truth[:, tag].astype(float))
        for tag in range(4)
        if truth[:, tag].any()
    ]
    expected = float(np.mean(each)) if each else 0.0
    assert macro_precision(scores, truth.astype(np.float32)) == pytest.approx(expected)


@settings(deadline=None)
@given(st.lists(LEVELS, min_size=1, max_size=9), st.lists(LEVELS, min_size=1, max_size=9))
def test_auc_is_the_share_of_pairs_in_the_right_order(
    positive: list[float], negative: list[float]
) -> None:
    found = roc_auc(np.array(positive), np.array(negative))
    assert found == pytest.approx(wins(np.array(positive), np.array(negative)))


@settings(deadline=None)
@given(st.integers(1, 9).flatmap(lambda n: drawn.arrays(float, (n, n), elements=LEVELS)))
def test_recall_and_reciprocal_rank_are_those_of_the_diagonal(similarity: Floats) -> None:
    above = [sum(row > row[own]) for own, row in enumerate(similarity)]
    level = [sum(row == row[own]) - 1 for own, row in enumerate(similarity)]
    behind = [1 / (1 + a + e) for a, e in zip(above, level, strict=True)]
    assert reciprocal_rank(similarity) == pytest.approx(np.mean(behind))
    judge = label_ranking_average_precision_score
    assert reciprocal_rank(similarity) == pytest.approx(judge(np.eye(len(similarity)), similarity))
    for k in (1, 3):
        first = [a + e / 2 < k for a, e in zip(above, level, strict=True)]
        assert recall_at(similarity, k) == pytest.approx(np.mean(first))


def test_a_model_that_says_the_same_of_everything_finds_nothing() -> None:
    alike = np.zeros((40, 40))
    assert recall_at(alike, 10) == 0.0
    assert reciprocal_rank(alike) == pytest.approx(1 / 40)
    assert roc_auc(np.zeros(5), np.zeros(7)) == pytest.approx(0.5)
    assert macro_precision(alike, np.eye(40)) == pytest.approx(1 / 40)


def test_tags_that_nobody_bears_do_not_count() -> None:
    scores, labels = np.eye(3), np.eye(3)
    labels[2, 2] = 0
    assert macro_precision(scores, labels) == 1.0
    labels[1, 1] = 0
    assert macro_precision(scores, labels) == 1.0, "one tag is left"
    assert macro_precision(scores, np.zeros((3, 3))) == 0.0


@pytest.mark.parametrize("broken", [np.nan, np.inf])
def test_scores_that_are_no_numbers_say_that_training_diverged(broken: float) -> None:
    scores = np.eye(4)
    scores[1, 2] = broken
    judges: list[Callable[[], float]] = [
        lambda: macro_precision(scores, np.eye(4)),
        lambda: recall_at(scores, 1),
        lambda: reciprocal_rank(scores),
        lambda: roc_auc(scores[1], scores[0]),
    ]
    for judge in judges:
        with pytest.raises(ModelError, match="diverged"):
            judge()

"""The parts of a comparison that train nothing: labels, augmentation, figures."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from db.store import Store
from encoder.inputs import Pixels
from errors import CatalogError, QueryError
from tests.compare_samples import SIZE, squares
from training.compare_data import labelled
from training.compare_scores import baselines, scores_of
from training.compare_views import random_view


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with squares(tmp_path_factory.mktemp("squares")) as store:
        yield store


# -- labels ---------------------------------------------------------------------------------


def test_an_unknown_label_lists_the_columns_of_classes(catalog: Store) -> None:
    for label in ("color", "serial", None, "tag:none"):
        with pytest.raises(QueryError, match="columns of classes: colour, lot, grade, tags"):
            labelled(catalog.items(), label)


def test_tags_and_single_tags_and_numbers_are_labels(catalog: Store) -> None:
    assert labelled(catalog.items(), "tags").classes == ("blue", "green", "red")
    assert labelled(catalog.items(), "tag:red").classes == ("not red", "red")
    assert labelled(catalog.items(), "grade").classes == ("0", "1")


def test_the_only_column_of_classes_needs_no_name(catalog: Store) -> None:
    bare = [replace(item, attributes={}, kinds={}) for item in catalog.items()]
    assert labelled(bare, None).label == "tags"
    one = [replace(item, attributes={"hue": item.tags[0]}, kinds={"hue": "text"}) for item in bare]
    assert labelled(one, None).label == "hue"


def test_items_without_a_class_known_from_train_are_left_out_and_counted(catalog: Store) -> None:
    items = list(catalog.items())
    items[-1] = replace(items[-1], attributes={"colour": "pink"})
    items[-2] = replace(items[-2], attributes={})
    found = labelled(items, "colour")
    assert found.left_out == {"no label": 1, "class not in train": 1}
    assert len(found.targets) == len(items) - 2


def test_nothing_to_learn_or_to_judge_on_is_told(catalog: Store) -> None:
    items = list(catalog.items())
    with pytest.raises(CatalogError, match="the catalog is empty"):
        labelled([], "colour")
    with pytest.raises(CatalogError, match="nothing to judge on"):
        labelled([replace(item, split="train") for item in items], "colour")
    with pytest.raises(CatalogError, match="holds 0 classes"):
        labelled([replace(item, split="test") for item in items], "colour")


# -- parts ----------------------------------------------------------------------------------


def test_augmentation_keeps_size_and_ground_and_moves_what_is_on_it() -> None:
    flat: Pixels = np.full((SIZE, SIZE, 3), (10, 200, 30), np.uint8)
    dice = np.random.default_rng(3)
    assert all(np.array_equal(random_view(flat, dice), flat) for _ in range(16))
    spotted = flat.copy()
    spotted[12:20, 4:12] = 255
    views = [random_view(spotted, np.random.default_rng(seed)) for seed in range(16)]
    assert all(view.shape == spotted.shape for view in views)
    assert len({view.tobytes() for view in views}) == 16
    # Shift moves at most a fifth, so the spot never leaves a turned picture.
    assert all((view == 255).any() for view in views)
    np.testing.assert_array_equal(views[0], random_view(spotted, np.random.default_rng(0)))


def test_scores_are_those_of_a_hand_count() -> None:
    truth = np.array([0, 0, 1, 1])
    right = np.eye(3)[truth]
    best = scores_of(truth, right, 1)
    assert (best.accuracy.value, best.f1, best.roc_auc) == (1.0, 1.0, 1.0)
    half = scores_of(truth, np.eye(3)[[0, 1, 1, 1]], 1)
    assert half.accuracy.value == 0.75
    assert half.accuracy.low < 0.75 < half.accuracy.high
    assert half.recall == 0.75
    assert half.precision == pytest.approx((1 + 2 / 3) / 2, abs=1e-4)
    assert half.roc_auc == 0.75
    assert scores_of(np.array([1, 1]), np.eye(2)[[1, 1]], 1).roc_auc is None


def test_the_baselines_know_train_alone() -> None:
    frequent, chance = baselines(np.array([2, 2, 0]), np.array([0, 1, 1, 2]), 3, 1)
    assert frequent.figures.accuracy.value == 0.25
    assert frequent.figures.roc_auc == 0.5
    assert chance.figures.accuracy.value == pytest.approx(1 / 3, abs=1e-4)

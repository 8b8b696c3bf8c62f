"""Tiny models, really trained: that they learn, that they cannot cheat, that they repeat."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from errors import CatalogError
from progress import silent
from tests.training_samples import ENCODER, RECIPE, coloured_shapes
from training.recipe import Pair

pytestmark = pytest.mark.slow


class KilledError(Exception):
    """What a kill looks like from inside."""


def trained(
    pairs: list[Pair], folder: Path | None = None, progress: Any = silent, **change: Any
) -> Any:
    from training.fit import fit

    recipe = msgspec.structs.replace(RECIPE, **change)
    return fit(pairs, ENCODER, recipe, folder=folder, progress=progress)


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> list[Pair]:
    return coloured_shapes(tmp_path_factory.mktemp("shapes"))


def test_losses_fall_and_unseen_images_are_tagged_and_found(pairs: list[Pair]) -> None:
    fitted = trained(pairs, epochs=24)
    first, last = fitted.history[0].figures, fitted.history[-1].figures
    for loss in ("tags", "words", "match"):
        assert last[loss] < first[loss]
    assert fitted.metrics["val.tags.macro_mAP"] > 0.8
    assert fitted.metrics["val.match.auc"] > 0.8
    assert set(fitted.tags) == {"red", "green", "blue", "disc", "box", "bar"}


def test_with_captions_and_tags_dealt_out_anew_nothing_can_be_learnt(pairs: list[Pair]) -> None:
    order = np.random.default_rng(1).permutation(len(pairs))
    dealt = [
        dataclasses.replace(pair, captions=pairs[row].captions, tags=pairs[row].tags)
        for pair, row in zip(pairs, order, strict=True)
    ]
    fitted = trained(dealt)
    # Each tag is borne by a third of the items: that is what guessing reaches.
    assert fitted.metrics["val.tags.macro_mAP"] < 0.55
    assert 0.25 < fitted.metrics["val.match.auc"] < 0.75


@pytest.mark.long
def test_the_same_seed_gives_the_same_model(pairs: list[Pair]) -> None:
    from encoder.network import network_weights

    first, second = (trained(pairs, epochs=2) for _ in range(2))
    assert first.history == second.history
    others = network_weights(second.network)
    for name, value in network_weights(first.network).items():
        np.testing.assert_array_equal(value, others[name])


def test_a_killed_training_goes_on_to_the_same_end(pairs: list[Pair], tmp_path: Path) -> None:
    from encoder.network import network_weights

    whole = trained(pairs, epochs=4)

    def kill(stage: str, done: int, total: int, note: str = "") -> None:
        if stage == "heads" and done > total // 2:
            raise KilledError

    with pytest.raises(KilledError):
        trained(pairs, tmp_path, kill, epochs=4)
    steps: list[int] = []

    def watch(stage: str, done: int, total: int, note: str = "") -> None:
        if stage == "heads":
            steps.append(done)

    resumed = trained(pairs, tmp_path, watch, epochs=4)
    assert steps[0] > 1, "it began anew instead of going on"
    assert resumed.history == whole.history
    others = network_weights(resumed.network)
    for name, value in network_weights(whole.network).items():
        np.testing.assert_allclose(value, others[name], atol=1e-6)


def test_finetuning_moves_the_backbone_and_leaves_its_statistics(pairs: list[Pair]) -> None:
    from encoder.network import network_weights

    change: dict[str, Any] = {"epochs": 1, "finetune_epochs": 1, "finetune_batch": 16}
    change |= {"finetune_lower": True}
    frozen = network_weights(trained(pairs, finetune=False, **change).network)
    tuned = network_weights(trained(pairs, finetune=True, **change).network)
    assert np.abs(frozen["backbone/conv0/kernel"] - tuned["backbone/conv0/kernel"]).max() > 0
    for name, value in frozen.items():
        if name.startswith("backbone/") and "moving" in name:
            np.testing.assert_array_equal(value, tuned[name])


@pytest.mark.long
def test_finetuning_leaves_the_lower_half_alone_unless_it_is_asked_for(pairs: list[Pair]) -> None:
    from encoder.network import network_weights

    change: dict[str, Any] = {"epochs": 1, "finetune_epochs": 1, "finetune_batch": 16}
    frozen = network_weights(trained(pairs, finetune=False, **change).network)
    tuned = network_weights(trained(pairs, finetune=True, **change).network)
    moved = {name for name, value in frozen.items() if (value != tuned[name]).any()}
    assert "backbone/conv0/kernel" not in moved
    assert "backbone/conv2/kernel" in moved


@pytest.mark.long
def test_views_are_kept_on_disk_and_made_anew_for_other_images(
    pairs: list[Pair], tmp_path: Path
) -> None:
    def views() -> dict[Path, int]:
        return {file: file.stat().st_mtime_ns for file in tmp_path.glob("features-*.npy")}

    first = trained(pairs, tmp_path, epochs=1)
    [(file, made)] = views().items()
    again = trained(pairs, tmp_path, epochs=1, learning_rate=1e-3)
    assert views() == {file: made}
    assert again.history != first.history
    trained([pair for pair in pairs if pair.id != "1"], tmp_path, epochs=1)
    assert len(views()) == 2
    file.write_bytes(b"cut")
    assert trained(pairs, tmp_path, epochs=1, dropout=0.2).history
    assert file.stat().st_size > 100


def test_test_items_are_never_opened(pairs: list[Pair]) -> None:
    absent = Pair("ghost", Path("/nowhere/ghost.png"), (("en", "unseen"),), ("red",), "test")
    assert trained([*pairs, absent], epochs=1).metrics["train"] == sum(
        pair.split == "train" for pair in pairs
    )


def test_a_handful_of_pairs_is_refused_with_the_number_needed(pairs: list[Pair]) -> None:
    few = [pair for pair in pairs if pair.split == "train"][:5]
    with pytest.raises(CatalogError, match="5 in the train split, 8 needed"):
        trained(few)

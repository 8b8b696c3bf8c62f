"""Fine-tuning a recogniser's backbone: what learns, what stays, and that a killed one goes on."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import pytest
from numpy.typing import NDArray

from progress import silent
from training.crops import random_crop
from training.recipe import shipped


def squares(side: int = 80, count: int = 12) -> tuple[NDArray[np.uint8], NDArray[np.intp]]:
    """Pictures of three products: each has a colour, and noise over it."""
    dice = np.random.default_rng(0)
    labels = np.arange(count) % 3
    tones = np.array([[200, 40, 40], [40, 200, 40], [40, 40, 200]])
    noise = dice.integers(0, 40, (count, side, side, 3))
    return (tones[labels][:, None, None] + noise).astype(np.uint8), labels


def test_crops_show_parts_of_every_size_in_other_light() -> None:
    ramp = np.zeros((90, 90, 3), np.uint8)
    ramp[:] = np.linspace(60, 180, 90).astype(np.uint8)[None, :, None]
    crops = [random_crop(ramp, 64, np.random.default_rng(seed)) for seed in range(40)]
    assert {crop.shape for crop in crops} == {(64, 64, 3)}
    assert all(np.array_equal(c, random_crop(ramp, 64, np.random.default_rng(s)))
               for s, c in enumerate(crops[:3]))  # fmt: skip
    middle = np.stack([crop[32, 4:60].mean(axis=1).astype(float) for crop in crops])
    slopes = (middle[:, -8:].mean(axis=1) - middle[:, :8].mean(axis=1)) / 120
    assert slopes.max() > 0.5, "some show nearly all of it"
    assert slopes.min() < -0.5, "some are mirrored"
    assert np.abs(slopes).min() < 0.35, "some show a small part"
    assert np.ptp(middle.mean(axis=1)) > 40, "some are dim, some bright"


def test_a_crop_keeps_what_is_upright_nearly_so() -> None:
    half = np.zeros((90, 90, 3), np.uint8)
    half[45:] = 255
    for seed in range(20):
        crop = random_crop(half, 64, np.random.default_rng(seed)).mean(axis=2)
        assert crop[60:, 24:40].mean() >= crop[:4, 24:40].mean(), "never upside down"


def test_crops_are_a_sixth_smaller_than_what_is_asked() -> None:
    from training.products_tune import crop_side, source_side

    assert [crop_side(size) for size in (32, 64, 192, 224)] == [32, 64, 160, 192]
    assert source_side(192) == 240


@pytest.mark.slow
@pytest.mark.long
def test_the_upper_half_learns_and_normalisation_stays(tmp_path: Path) -> None:
    from encoder.network_backbone import build_backbone, trunk_of, weight_names
    from training.checkpoints import Checkpoints
    from training.products_tune import LOWER, tune

    keras.utils.set_random_seed(0)
    backbone = build_backbone("mobilenetv2", 64)
    before = {name: np.array(value) for name, value in weight_names(trunk_of(backbone)).items()}
    images, labels = squares()
    recipe = shipped(finetune_epochs=1, finetune_batch=6)
    none = Checkpoints(None, "")
    tuned = tune(backbone, "mobilenetv2", images, labels, recipe, none, silent)
    after = {name: np.array(v) for name, v in weight_names(trunk_of(tuned.backbone)).items()}
    changed = {name for name, value in before.items() if not np.array_equal(value, after[name])}
    assert changed
    assert not {name for name in changed if "moving" in name}, "statistics are no weights"
    order = [layer.name for layer in trunk_of(backbone).layers]
    first = order.index(LOWER["mobilenetv2"])
    assert all(order.index(name.split("/")[0]) > first for name in changed)
    assert "Conv_1/kernel" in changed
    for name, value in weight_names(trunk_of(backbone)).items():
        assert np.array_equal(before[name], np.array(value)), "the home's own backbone stays"
    assert tuned.backbone.output_shape == (None, 1280)
    assert tuned.weight.shape == (1280, 3)


@pytest.mark.slow
@pytest.mark.long
def test_a_killed_fine_tuning_goes_on_where_its_last_epoch_ended(tmp_path: Path) -> None:
    from encoder.network_backbone import build_backbone
    from training.checkpoints import Checkpoints
    from training.products_tune import Tuned, tune

    keras.utils.set_random_seed(0)
    backbone = build_backbone("tiny", 64)
    images, labels = squares()
    recipe = shipped(finetune_epochs=3, finetune_batch=6)
    seen: list[int] = []

    def run(folder: Path, stop: int = 99) -> Tuned:
        def progress(stage: str, done: int, total: int, note: str = "") -> None:
            if stage == "products":
                seen.append(done)
                if done == stop:
                    raise KeyboardInterrupt

        folder.mkdir(exist_ok=True)
        kept = Checkpoints(folder, "run")
        return tune(backbone, "tiny", images, labels, recipe, kept, progress)

    whole = run(tmp_path / "whole")
    assert seen == [1, 2, 3, 4, 5, 6]
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "killed", stop=3)
    seen.clear()
    resumed = run(tmp_path / "killed")
    assert seen == [3, 4, 5, 6], "the first of three epochs is not repeated"
    assert np.allclose(resumed.weight, whole.weight, atol=1e-3)
    assert np.allclose(
        resumed.backbone.predict_on_batch(images[:, :64, :64]),
        whole.backbone.predict_on_batch(images[:, :64, :64]),
        atol=1e-3,
    )

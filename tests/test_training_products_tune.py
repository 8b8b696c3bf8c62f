"""Fine-tuning a recogniser's backbone: what learns, what stays, and that a killed one goes on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from numpy.typing import NDArray

from progress import silent
from training.crops import random_crop
from training.cutmix import cutmix
from training.products_fit import loss_over
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
    from training.products_looks import crop_side

    assert [crop_side(size) for size in (32, 64, 192, 224)] == [32, 64, 160, 192]


def test_a_piece_of_one_picture_is_put_into_another() -> None:
    seen = np.arange(1, 201, dtype=np.float32)[:, None, None, None] * np.ones((1, 10, 10, 2))
    truth = np.eye(200, dtype=np.float32)
    mixed, shares = cutmix(seen, truth, 0.5, np.random.default_rng(0))
    assert np.array_equal(mixed[..., 0], mixed[..., 1])
    foreign = (mixed != seen)[..., 0]
    cut = foreign.any(axis=(1, 2))
    assert 70 < cut.sum() < 130
    for row in np.flatnonzero(cut):
        (other,) = np.unique(mixed[row][foreign[row]]).astype(int) - 1
        assert shares[row, other] == pytest.approx(foreign[row].mean())
        assert shares[row, row] == pytest.approx(1 - foreign[row].mean())
        high, wide = foreign[row].any(axis=1).sum(), foreign[row].any(axis=0).sum()
        assert high * wide == foreign[row].sum(), "one piece without holes"
        assert 3 <= min(high, wide) <= max(high, wide) <= 7
    assert np.array_equal(shares[~cut], truth[~cut])
    assert cutmix(seen, truth, 0.0, np.random.default_rng(0))[0].tolist() == seen.tolist()


def test_a_mistake_within_a_kind_counts_less() -> None:
    from keras import ops

    truth = np.eye(3, dtype=np.float32)[[0]]
    near, far = np.array([[0.0, 5, 0]]), np.array([[0.0, 0, 5]])
    paired, single = loss_over(np.array([0, 0, 1])), loss_over(np.arange(3))

    def of(loss: Any, logits: NDArray[np.float64]) -> float:
        return float(ops.convert_to_numpy(loss(truth, ops.cast(logits, "float32")))[0])

    assert of(single, near) == pytest.approx(of(single, far))
    smoothed = keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.1)
    assert of(single, near) == pytest.approx(float(smoothed(truth, near.astype(np.float32))))
    assert of(paired, near) < of(single, near) + 0.01
    assert of(paired, far) > of(single, far) + 1


@pytest.mark.slow
@pytest.mark.long
def test_the_upper_half_learns_and_normalisation_stays(tmp_path: Path) -> None:
    from encoder.network_backbone import build_backbone, trunk_of, weight_names
    from training.checkpoints import Checkpoints
    from training.products_looks import LOWER
    from training.products_tune import Tuner

    keras.utils.set_random_seed(0)
    backbone = build_backbone("mobilenetv2", 64)
    before = {name: np.array(value) for name, value in weight_names(trunk_of(backbone)).items()}
    images, labels = squares()
    recipe = shipped(finetune_epochs=1, finetune_batch=6)
    none = Checkpoints(None, "")
    tuner = Tuner(backbone, "mobilenetv2", images, recipe, silent)
    tuned = tuner.tune(np.arange(12), labels, np.arange(3), none)
    lower, *uppers = (layer for layer in tuned.backbone.layers if isinstance(layer, keras.Model))
    assert len(uppers) == 2
    order = [layer.name for layer in trunk_of(backbone).layers]
    first = order.index(LOWER["mobilenetv2"])
    for name, value in weight_names(lower).items():
        assert np.array_equal(before[name], np.array(value)), "edges look alike anywhere"
    learnt = []
    for upper in uppers:
        after = {name: np.array(value) for name, value in weight_names(upper).items()}
        assert all(order.index(name.split("/")[0]) > first for name in after)
        changed = {name for name, value in after.items() if not np.array_equal(before[name], value)}
        assert "Conv_1/kernel" in changed
        assert not {name for name in changed if "moving" in name}, "statistics are no weights"
        learnt.append(after["Conv_1/kernel"])
    assert not np.array_equal(learnt[0], learnt[1]), "two that learnt the same are but one"
    for name, value in weight_names(trunk_of(backbone)).items():
        assert np.array_equal(before[name], np.array(value)), "the home's own backbone stays"
    assert tuned.backbone.output_shape == (None, 2560)
    assert tuned.weight.shape == (2560, 3)


@pytest.mark.slow
@pytest.mark.long
def test_a_killed_fine_tuning_goes_on_where_its_last_epoch_ended(tmp_path: Path) -> None:
    from encoder.network_backbone import build_backbone
    from training.checkpoints import Checkpoints
    from training.products_tune import Tuned, Tuner

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
        tuner = Tuner(backbone, "tiny", images, recipe, progress)
        return tuner.tune(np.arange(len(labels)), labels, np.arange(3), kept)

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

"""The two stages of fitting, as one loop: heads on cached features, then the backbone as well."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from encoder.network import Network
from progress import Progress
from training.batches import Batch, Batches
from training.checkpoints import Checkpoints, restore
from training.metrics import macro_precision, recall_at, reciprocal_rank
from training.recipe import Epoch, OnEpoch, Recipe, unwatched
from training.trainer import PairTrainer

TREND = 0.3  # how much of `score` is the newest epoch's; it is what early stopping watches
Images = Callable[[NDArray[np.intp]], NDArray[Any]]


@dataclass(frozen=True)
class Held:
    """The held-out items, as far as they can be prepared."""

    images: NDArray[Any]  # features, or pixels when the backbone learns
    tokens: NDArray[np.int32]
    labels: NDArray[np.float32]


def run_stage(
    stage: str,
    network: Network,
    recipe: Recipe,
    batches: Batches,
    images: Images,
    held: Held,
    tag_weights: NDArray[np.float32],
    checkpoints: Checkpoints,
    progress: Progress,
    on_epoch: OnEpoch = unwatched,
) -> list[Epoch]:
    """Train until the epochs or the patience run out; the network ends with its best weights."""
    pixels = stage == "finetune"
    epochs = recipe.finetune_epochs if pixels else recipe.epochs
    trainer = PairTrainer(network, recipe, tag_weights, pixels=pixels)
    optimizer = _optimizer(recipe, epochs * batches.steps, pixels=pixels)
    trainer.compile(optimizer=optimizer, jit_compile=False)
    history: list[Epoch] = []
    best, best_epoch = -math.inf, -1
    _build(trainer, optimizer, batches, images)
    variables = [*trainer.variables, *optimizer.variables]
    kept = [ops.convert_to_numpy(v) for v in trainer.variables]

    stored = checkpoints.load()
    if stored is not None and len(stored.arrays) == len(variables) + len(kept):
        restore(variables, stored.arrays[: len(variables)])
        kept, history = stored.arrays[len(variables) :], stored.history
        best, best_epoch = stored.state["best"], stored.state["best_epoch"]
        batches.rng.bit_generator.state = stored.state["rng"]
        for epoch in history:
            on_epoch(epoch)

    for number in range(len(history), epochs):
        if number - best_epoch > recipe.patience and best_epoch >= 0:
            break
        steps: list[dict[str, float]] = []
        for step, (rows, texts) in enumerate(batches.epoch()):
            batch = _batch(rows, texts, batches, images, pixels=pixels)
            # Figures of each batch alone, whether or not this Keras begins its means anew with it.
            trainer.reset_metrics()
            steps.append(trainer.train_on_batch(batch, return_dict=True))
            progress(
                stage,
                number * batches.steps + step + 1,
                epochs * batches.steps,
                _note(steps[-1], history),
            )
        figures = {name: float(np.mean([one[name] for one in steps])) for name in steps[0]}
        figures |= held_figures(network, held, pixels=pixels)
        # A few dozen held-out items make a jumpy judge: the best epoch is that of the best trend.
        reached = figures["val_mAP"] + figures["val_MRR"]
        trend = history[-1].figures["score"] if history else reached
        figures["score"] = trend + TREND * (reached - trend)
        history.append(Epoch(stage, number + 1, figures))
        if figures["score"] > best:
            best, best_epoch = figures["score"], number
            kept = [ops.convert_to_numpy(v) for v in trainer.variables]
        state = {"best": best, "best_epoch": best_epoch, "rng": batches.rng.bit_generator.state}
        checkpoints.save([*variables, *kept], history, state)
        on_epoch(history[-1])
    restore(trainer.variables, kept)
    progress(stage, epochs * batches.steps, epochs * batches.steps, _note({}, history))
    return history


def held_figures(network: Network, held: Held, *, pixels: bool) -> dict[str, float]:
    """How well held-out images are tagged and found."""
    features = (
        np.concatenate(
            [
                ops.convert_to_numpy(network.backbone(held.images[i : i + 32], training=False))
                for i in range(0, len(held.images), 32)
            ]
        )
        if pixels
        else held.images
    )
    _, image_points = network.image_branch(features, training=False)
    _, text_points = network.text_branch(held.tokens, training=False)
    similarity = ops.convert_to_numpy(ops.matmul(text_points, ops.transpose(image_points)))
    logits = ops.convert_to_numpy(network.tag_space(image_points))
    return {
        "val_mAP": macro_precision(logits, held.labels),
        "val_R@1": recall_at(similarity, 1),
        "val_R@10": recall_at(similarity, 10),
        "val_MRR": reciprocal_rank(similarity),
    }


def _optimizer(recipe: Recipe, steps: int, *, pixels: bool) -> keras.optimizers.Optimizer:
    rate = recipe.finetune_learning_rate if pixels else recipe.learning_rate
    # A short climb, then a cosine to nothing: the last epochs settle what the first ones stirred.
    schedule = keras.optimizers.schedules.CosineDecay(
        rate * 0.1, max(1, steps), warmup_target=rate, warmup_steps=max(1, steps // 20)
    )
    return keras.optimizers.AdamW(schedule, weight_decay=recipe.weight_decay, clipnorm=5.0)


def _build(
    trainer: PairTrainer, optimizer: keras.optimizers.Optimizer, batches: Batches, images: Images
) -> None:
    """All variables must exist before a checkpoint can be laid over them."""
    state = batches.rng.bit_generator.state
    rows, texts = next(iter(batches.epoch()))
    trainer(_batch(rows, texts, batches, images, pixels=trainer.backbone is not None))
    batches.rng.bit_generator.state = state
    optimizer.build(trainer.trainable_variables)


def _batch(
    rows: NDArray[np.intp], texts: Batch, batches: Batches, images: Images, *, pixels: bool
) -> Batch:
    batch = {"images": images(rows), **texts}
    if batches.recipe.extra_images and not pixels:
        more, batch["extra_labels"] = batches.more()
        batch["extra_images"] = images(more)
    return batch


def _note(figures: dict[str, Any], history: Sequence[Epoch]) -> str:
    shown: dict[str, float] = {
        name: float(figures[name]) for name in ["loss", "accuracy"] if name in figures
    }
    if history:
        last = history[-1].figures
        shown |= {name: last[name] for name in ("val_mAP", "val_R@10") if name in last}
    return "  ".join(f"{name} {value:.3f}" for name, value in shown.items())

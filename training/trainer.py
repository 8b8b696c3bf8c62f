"""One training step: what goes through the network and what is asked of it.

A Keras model around a `Network`, so that `train_on_batch` compiles it once on any backend. Run on
cached features it trains the heads; run on pixels, with the backbone inside, it fine-tunes.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from encoder.network import Network
from training.losses import FAR, match_loss, multi_positive_contrast, tag_loss
from training.recipe import Recipe

Tensor = Any


class PairTrainer(keras.Model):
    """Batches are dicts: images, tokens, labels; perhaps extra_* images and made_* up captions."""

    def __init__(
        self, network: Network, recipe: Recipe, weights: NDArray[np.float32], *, pixels: bool
    ) -> None:
        super().__init__()
        self.backbone = network.backbone if pixels else None
        self.image_branch, self.text_branch = network.image_branch, network.text_branch
        self.tag_space, self.match_head = network.tag_space, network.match_head
        self.recipe, self.tag_weights = recipe, weights
        self.on_points = network.shape.head_input == "point"
        self.dice = keras.random.SeedGenerator(recipe.seed)
        self.means = {
            name: keras.metrics.Mean(name=name) for name in ("tags", "words", "match", "accuracy")
        }

    def call(self, batch: dict[str, Tensor], training: bool = False) -> dict[str, Tensor]:
        recipe = self.recipe
        features = batch["images"]
        if self.backbone is not None:
            # BatchNorm stays frozen in the backbone: batches of 32 would wreck its statistics.
            features = self.backbone(features, training=False)
        img, image_points = self.image_branch(features, training=training)
        real, real_points = self.text_branch(batch["tokens"], training=training)
        image_logits, real_logits = self.tag_space(image_points), self.tag_space(real_points)
        losses = {
            "tags": tag_loss(image_logits, batch["labels"], self.tag_weights, recipe.focal),
            "words": tag_loss(real_logits, batch["labels"], self.tag_weights, recipe.focal),
        }
        if "extra_images" in batch:
            _, extra_points = self.image_branch(batch["extra_images"], training=training)
            losses["tags"] = tag_loss(
                ops.concatenate([image_logits, self.tag_space(extra_points)]),
                ops.concatenate([batch["labels"], batch["extra_labels"]]),
                self.tag_weights,
                recipe.focal,
            )
        rows = ops.shape(batch["labels"])[0]
        own = ops.eye(rows, dtype="float32")
        texts, points, matches = real, real_points, own
        if "made_tokens" in batch:
            made, made_points = self.text_branch(batch["made_tokens"], training=training)
            losses["words"] = losses["words"] + tag_loss(
                self.tag_space(made_points), batch["made_labels"], 1.0, recipe.focal
            )
            # The first of them are about images of this step. Each matches every image that
            # bears all the tags it names.
            named = batch["made_labels"][:rows]
            fits = ops.matmul(named, 1 - ops.transpose(batch["labels"])) < 0.5
            texts = ops.concatenate([real, made[:rows]])
            points = ops.concatenate([real_points, made_points[:rows]])
            matches = ops.concatenate([own, ops.cast(fits, "float32")])
        cosine = ops.matmul(points, ops.transpose(image_points))
        losses["contrast"] = multi_positive_contrast(cosine, matches, recipe.contrast_temperature)
        losses["match"], accuracy = self._match(
            image_points if self.on_points else img,
            points if self.on_points else texts,
            cosine,
            matches,
            training,
        )
        for name in ("tags", "words", "match"):
            self.means[name].update_state(losses[name])
        self.means["accuracy"].update_state(accuracy)
        return {
            "loss": recipe.tag_weight * (losses["tags"] + losses["words"])
            + recipe.match_weight * losses["match"]
            + recipe.contrast_weight * losses["contrast"]
        }

    def _match(
        self, img: Tensor, texts: Tensor, cosine: Tensor, matches: Tensor, training: bool
    ) -> tuple[Tensor, Tensor]:
        """Each text with its own image and with one that does not match, half of those mined."""
        count, images = ops.shape(cosine)[0], ops.shape(cosine)[1]
        own = ops.arange(count) % images
        hard = keras.random.uniform((count, 1), seed=self.dice) < self.recipe.mined
        chance = ops.where(hard, ops.stop_gradient(cosine) * 20.0, ops.zeros_like(cosine))
        chance = ops.where(matches > 0.5, FAR, chance)
        other = ops.squeeze(keras.random.categorical(chance, 1, seed=self.dice), -1)
        exists = ops.cast(ops.max(chance, axis=1) > FAR / 2, "float32")

        halves = self.match_head.image_half(img)
        text_half = self.match_head.text_half(texts)
        chosen = ops.concatenate([own, ops.cast(other, own.dtype)])
        summed = ops.take(halves, chosen, axis=0) + ops.concatenate([text_half, text_half])
        both = ops.concatenate([cosine, cosine])
        cos = ops.squeeze(ops.take_along_axis(both, ops.expand_dims(chosen, 1), axis=1), -1)
        logits = self.match_head(summed, cos, training=training)
        positive, negative = logits[:count], logits[count:]
        right = ops.cast(positive > 0, "float32") + ops.cast(negative < 0, "float32")
        accuracy = ops.sum(right * exists) / ops.maximum(2 * ops.sum(exists), 1.0)
        return match_loss(positive, negative, exists), accuracy

    def compute_loss(
        self, _x: Any = None, _y: Any = None, y_pred: Any = None, *_: Any, **__: Any
    ) -> Tensor:
        """`call` has it already: the losses need what only lives inside the step."""
        return y_pred["loss"]

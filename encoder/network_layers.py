"""The layers that Keras does not have: the tags' space, attention over words, the split head."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers, ops

from encoder.inputs import PADDING


class TagSpace(layers.Layer):
    """The anchors of the shared space: one learnt vector per tag, the same for both branches."""

    def __init__(self, tags: int, dimension: int, **options: Any) -> None:
        super().__init__(**options)
        self.tags, self.dimension = tags, dimension

    def build(self, _shape: Any) -> None:
        self.vectors = self.add_weight(
            (self.tags, self.dimension), initializer="random_normal", name="vectors"
        )
        # exp(2.3) = 10: a cosine then spans about the range of logits that tags need.
        self.log_scale = self.add_weight(
            (), initializer=keras.initializers.Constant(2.3), name="log_scale"
        )
        self.bias = self.add_weight(
            (self.tags,), initializer=keras.initializers.Constant(-2.5), name="bias"
        )

    def call(self, points: Any) -> Any:
        """Unit vectors `[n, dimension]` → tag logits `[n, tags]`."""
        anchors = unit(self.vectors)
        return ops.matmul(points, ops.transpose(anchors)) * ops.exp(self.log_scale) + self.bias


class AttentionPool(layers.Layer):
    """One vector for a sequence: its steps weighted by learnt attention, padding left out.

    With `learnt` off all steps weigh the same.
    """

    def __init__(self, learnt: bool = True, **options: Any) -> None:
        super().__init__(**options)
        self.learnt = learnt
        self.supports_masking = True

    def compute_mask(self, steps: Any, mask: Any = None) -> None:
        """The sequence ends here, and so does its mask."""

    def build(self, shape: Any) -> None:
        self.query = self.add_weight(
            (shape[-1], 1), initializer="zeros", name="query", trainable=self.learnt
        )

    def call(self, steps: Any, tokens: Any) -> Any:
        real = ops.expand_dims(ops.not_equal(tokens, PADDING), -1)
        weights = ops.softmax(ops.where(real, ops.matmul(steps, self.query), -1e9), axis=1)
        return ops.sum(weights * steps, axis=1)


class MatchHead(layers.Layer):
    """Dense 256 over [img ; txt ; cos] as its three parts, then BN, Dropout, Dense 1."""

    def __init__(self, width: int, dropout: float, **options: Any) -> None:
        super().__init__(**options)
        self.image_half = layers.Dense(width, name="image_half")
        self.text_half = layers.Dense(width, use_bias=False, name="text_half")
        self.norm = layers.BatchNormalization(name="norm")
        self.drop = layers.Dropout(dropout)
        self.out = layers.Dense(1, name="out")
        self.width = width

    def build(self, shape: Any) -> None:
        image, text = shape
        self.image_half.build(image)
        self.text_half.build(text)
        self.cos_weight = self.add_weight(
            (self.width,), initializer="random_normal", name="cos_weight"
        )
        self.norm.build((None, self.width))
        self.out.build((None, self.width))

    def call(self, halves: Any, cosine: Any, training: bool = False) -> Any:
        """Sum of the two halves `[n, width]` and cosines `[n]` → match logits `[n]`."""
        hidden = ops.relu(halves + ops.expand_dims(cosine, -1) * self.cos_weight)
        hidden = self.drop(self.norm(hidden, training=training), training=training)
        return ops.squeeze(self.out(hidden), -1)


def unit(vectors: Any) -> Any:
    """Rows scaled to length one."""
    return vectors / ops.maximum(ops.norm(vectors, axis=-1, keepdims=True), 1e-6)

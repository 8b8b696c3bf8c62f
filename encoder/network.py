"""The network: two branches, one shared space anchored by tags, and a head that says "they match".

    pixels ── backbone ── GAP ── BN ── Dropout ──► img ──► img' ─┐ unit length, 128-d
                                                                 ├─► cosine to the tag vectors
    tokens ── Embedding ── LSTM ── attention ── BN ── Dropout ──► txt ──► txt' ─┘
    [img' ; txt' ; cos(img', txt')] ── Dense 256 relu ── BN ── Dropout ── Dense 1 ──► match logit

The head's first layer is linear over a concatenation, so it is written as what it is: one half
per branch. The halves are stored per item and added at query time; see `head_tail`.

The head reads the points of the shared space, not the branches before them: on a thousand pairs
it learns the thousands of features of `img` by heart (ROC-AUC on unseen pairs 0.75, not 0.86).

Keras layers and `keras.ops` only, so that any Keras backend can train it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import keras
import numpy as np
from keras import layers, ops
from numpy.typing import NDArray

from encoder.network_backbone import (
    BACKBONES,
    build_backbone,
    settle,
    trunk_of,
    weight_names,
)
from encoder.network_layers import AttentionPool, MatchHead, TagSpace
from errors import ModelError

Array = NDArray[Any]


@dataclass(frozen=True)
class NetworkShape:
    """Everything that decides the layout of the weights; saved beside them as JSON."""

    backbone: str
    image_size: int
    vocabulary: int
    tags: int
    max_tokens: int = 64
    embedding: int = 128
    lstm: int = 256
    shared: int = 128
    head: int = 256
    dropout: float = 0.3
    image_dropout: float = 0.7  # thousands of features, a thousand images
    head_input: Literal["point", "branch"] = "point"  # img', txt' or img, txt
    middle: bool = True  # two layers from half-way up the backbone
    palette: bool = True  # the colour histogram
    attention: bool = True  # learnt weights of the words, else all the same
    past_lstm: bool = True  # the way past the LSTM

    @property
    def features(self) -> int:
        return BACKBONES[self.backbone].features(middle=self.middle, palette=self.palette)


@dataclass(frozen=True)
class Network:
    """The parts, each usable alone: training runs the branches on cached features."""

    shape: NetworkShape
    backbone: keras.Model  # pixels [n, s, s, 3] → features [n, f]
    image_branch: keras.Model  # features → img [n, f], img' [n, shared]
    text_branch: keras.Model  # tokens [n, L] → txt [n, lstm], txt' [n, shared]
    tag_space: TagSpace
    match_head: MatchHead

    @property
    def heads(self) -> tuple[keras.layers.Layer, ...]:
        """Everything but the backbone."""
        return (self.image_branch, self.text_branch, self.tag_space, self.match_head)


def build_network(shape: NetworkShape) -> Network:
    """A network of random weights; seed with `keras.utils.set_random_seed` to repeat it."""
    if shape.backbone not in BACKBONES:
        raise ModelError(
            f"unknown backbone {shape.backbone!r}",
            remedy=f"one of {', '.join(BACKBONES)}",
        )
    tag_space = TagSpace(shape.tags, shape.shared, name="tag_space")
    tag_space.build((None, shape.shared))
    match_head = MatchHead(shape.head, shape.dropout, name="match_head")
    if shape.head_input == "point":
        match_head.build(((None, shape.shared), (None, shape.shared)))
    else:
        match_head.build(((None, shape.features), (None, shape.lstm)))
    return Network(
        shape=shape,
        backbone=build_backbone(
            shape.backbone, shape.image_size, middle=shape.middle, palette=shape.palette
        ),
        image_branch=_image_branch(shape),
        text_branch=_text_branch(shape),
        tag_space=tag_space,
        match_head=match_head,
    )


def _image_branch(shape: NetworkShape) -> keras.Model:
    features = keras.Input((shape.features,), name="features")
    x = layers.BatchNormalization(name="image_norm")(features)
    img = layers.Dropout(shape.image_dropout, name="image_dropout")(x)
    point = layers.UnitNormalization(name="image_point")(
        layers.Dense(shape.shared, name="image_projection")(img)
    )
    return keras.Model(features, [img, point], name="image_branch")


def _text_branch(shape: NetworkShape) -> keras.Model:
    tokens = keras.Input((None,), dtype="int32", name="tokens")  # 0 is padding
    words = layers.Embedding(shape.vocabulary, shape.embedding, mask_zero=True, name="embedding")(
        tokens
    )
    x = layers.LSTM(shape.lstm, return_sequences=True, name="lstm")(words)
    if shape.past_lstm:
        # What a word means alone is learnt at once, what order adds later.
        plain = layers.Dense(shape.lstm, use_bias=False, name="plain")(words)
        x = layers.Add(name="steps")([x, plain])
    x = AttentionPool(shape.attention, name="attention")(x, tokens)
    x = layers.BatchNormalization(name="text_norm")(x)
    txt = layers.Dropout(shape.dropout, name="text_dropout")(x)
    point = layers.UnitNormalization(name="text_point")(
        layers.Dense(shape.shared, name="text_projection")(txt)
    )
    return keras.Model(tokens, [txt, point], name="text_branch")


def serving_graphs(network: Network) -> tuple[keras.Model, keras.Model]:
    """The two graphs that are exported: pixels or tokens → `vector`, `half`, `tags`.

    `vector` is the unit point in the shared space, `half` the branch's part of the match head's
    first layer (bias on the image's side), `tags` the probability of each tag.
    """
    shape, head = network.shape, network.match_head
    pixels = keras.Input((shape.image_size, shape.image_size, 3), name="pixels")
    img, point = network.image_branch(network.backbone(pixels))
    image = keras.Model(
        pixels,
        {
            "vector": point,
            "half": head.image_half(point if shape.head_input == "point" else img),
            "tags": ops.sigmoid(network.tag_space(point)),
        },
        name="image",
    )
    # Any length: a batch of short captions is not padded to the longest that there may be.
    tokens = keras.Input((None,), dtype="int32", name="tokens")
    txt, point = network.text_branch(tokens)
    text = keras.Model(
        tokens,
        {
            "vector": point,
            "half": head.text_half(point if shape.head_input == "point" else txt),
            "tags": ops.sigmoid(network.tag_space(point)),
        },
        name="text",
    )
    return image, text


def freeze_below_the_middle(network: Network) -> None:
    """Leave the layers under the first of the middle ones as they are: edges look alike anywhere.

    They are the dearest to train, for their maps are the largest.
    """
    first, _ = BACKBONES[network.shape.backbone].taps[0]
    for layer in trunk_of(network.backbone).layers:
        if layer.name == first:
            return
        layer.trainable = False


def head_tail(network: Network) -> dict[str, Array]:
    """What is left of the head after the halves, BatchNorm folded in: three small arrays.

    `logit = relu(half_image + half_text + cos · cos_weight) · out_weight + out_bias`
    """
    head = network.match_head
    weight = ops.convert_to_numpy(head.out.kernel)[:, 0]
    bias = ops.convert_to_numpy(head.out.bias)[0]
    gamma, beta, mean, variance = (ops.convert_to_numpy(w) for w in head.norm.weights)
    factor = gamma / np.sqrt(variance + head.norm.epsilon)
    return {
        "cos_weight": ops.convert_to_numpy(head.cos_weight).astype(np.float32),
        "out_weight": (weight * factor).astype(np.float32),
        "out_bias": np.float32(bias + np.dot(weight, beta - mean * factor)).reshape(()),
    }


def network_weights(network: Network) -> dict[str, Array]:
    """Every weight by a stable name, for saving; `set_network_weights` is its inverse."""
    return {name: ops.convert_to_numpy(v) for name, v in _variables(network).items()}


def set_network_weights(network: Network, weights: Mapping[str, Array]) -> None:
    variables = _variables(network)
    missing, foreign = (
        variables.keys() - weights.keys(),
        weights.keys() - variables.keys(),
    )
    if missing or foreign:
        raise ModelError(
            "the weights do not belong to this network",
            f"{len(missing)} are missing and {len(foreign)} are foreign, such as "
            f"{min(missing | foreign)!r}",
        )
    for name, variable in variables.items():
        value = weights[name]
        if tuple(value.shape) != tuple(variable.shape):
            raise ModelError(
                f"weight {name!r} has the wrong shape",
                f"{tuple(value.shape)} where the network has {tuple(variable.shape)}",
            )
        variable.assign(value.astype(np.float32))
    settle(trunk_of(network.backbone))


def _variables(network: Network) -> dict[str, Any]:
    return {
        f"{part.name}/{name.removeprefix(part.name + '/')}": variable
        for part in (network.backbone, *network.heads)
        for name, variable in weight_names(part).items()
    }


def parameters(network: Network) -> int:
    return sum(math.prod(v.shape) for v in _variables(network).values())

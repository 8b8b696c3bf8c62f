"""The tag head by itself, and what corrections have changed of the heads: NumPy, no network.

    logit of a tag = scaled cosine of a vector to the tag's own + bias      (trained)
                   + vector · weight + bias                                 (corrected, see Heads)

A correction stands beside the trained weights and never in their place: it moves logits, and no
vector and no half of an index.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from encoder.head import Head, sigmoid
from encoder.tagging import logits
from errors import ModelError

Floats = NDArray[np.float32]
_TRAINED = ("tag_space/vectors", "tag_space/log_scale", "tag_space/bias")
_NAMES = ("tag_weight", "tag_bias", "match_weight", "match_bias")


@dataclass(frozen=True)
class TagHead:
    """As it was trained."""

    anchors: Floats  # [tags, shared], unit length times the scale
    bias: Floats  # [tags]

    @classmethod
    def read(cls, weights: Path) -> TagHead:
        """Of the Keras weights of an artifact; nothing else in the file is read."""
        vectors, scale, bias = _arrays(weights, _TRAINED)
        length = np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-6)
        return cls(vectors / length * np.exp(scale), bias)

    def logits(self, vectors: NDArray[np.floating]) -> Floats:
        return np.asarray(vectors, np.float32) @ self.anchors.T + self.bias


@dataclass(frozen=True)
class Heads:
    """What is added to the trained heads; rows of zeros are tags that stay as they were."""

    tag_weight: Floats  # [tags, shared]
    tag_bias: Floats  # [tags]
    match_weight: Floats  # [width], added to the last layer of the match head
    match_bias: Floats  # scalar

    @classmethod
    def untouched(cls, tags: int, shared: int, width: int) -> Heads:
        zeros = np.zeros((tags, shared), np.float32)
        return cls(zeros, zeros.sum(axis=1), np.zeros(width, np.float32), np.zeros((), np.float32))

    @classmethod
    def read(cls, file: Path) -> Heads:
        return cls(*_arrays(file, _NAMES))

    def to_bytes(self) -> bytes:
        stream = io.BytesIO()
        np.savez(stream, allow_pickle=False, **{name: getattr(self, name) for name in _NAMES})
        return stream.getvalue()

    def logits(self, vectors: NDArray[np.floating]) -> Floats:
        """What is added to the tag logits of these vectors."""
        return np.asarray(vectors, np.float32) @ self.tag_weight.T + self.tag_bias

    def tags(self, vectors: Floats, chances: Floats) -> Floats:
        """The probabilities of the tag head, corrected; those of other tags are what they were."""
        touched = np.flatnonzero(self.tag_weight.any(axis=1) | (self.tag_bias != 0))
        corrected = np.array(chances)
        if len(touched) and len(chances):
            more = vectors @ self.tag_weight[touched].T + self.tag_bias[touched]
            corrected[:, touched] = sigmoid(logits(chances[:, touched]) + more)
        return corrected

    def match(self, head: Head) -> Head:
        weight, bias = head.out_weight + self.match_weight, head.out_bias + self.match_bias
        return Head(head.cos_weight, weight, np.asarray(bias, np.float32))


def _arrays(file: Path, names: tuple[str, ...]) -> list[Floats]:
    try:
        with np.load(file, allow_pickle=False) as arrays:
            return [arrays[name].astype(np.float32) for name in names]
    except (OSError, ValueError, KeyError) as error:
        raise ModelError(f"{file} cannot be read", str(error), "train again") from None

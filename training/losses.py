"""The three losses, as functions of arrays: tags on both branches, matching, light contrast."""

from __future__ import annotations

from typing import Any

import numpy as np
from keras import ops
from numpy.typing import NDArray

Tensor = Any
FAR = -1e9


def positive_weights(labels: NDArray[np.float32], balance: float) -> NDArray[np.float32]:
    """The weight of a present tag: `balance` 0 leaves rare tags rare, 1 evens presence out."""
    share = labels.mean(axis=0).clip(1e-3, 0.5)
    return np.asarray(((1 - share) / share) ** balance, np.float32)


def tag_loss(logits: Tensor, labels: Tensor, weights: Tensor, focal: float) -> Tensor:
    """Mean weighted binary cross-entropy; `focal` > 0 turns the eye to what is still wrong."""
    wrong = ops.softplus(ops.where(labels > 0.5, -logits, logits))
    if focal:
        wrong = wrong * ops.power(1 - ops.exp(-wrong), focal)
    scale = 1 + labels * (weights - 1)
    return ops.mean(wrong * scale)


def multi_positive_contrast(similarity: Tensor, matches: Tensor, temperature: float) -> Tensor:
    """Cross-entropy of each row against all its matches alike: sharing tags is no offence."""
    logits = similarity / temperature
    target = matches / ops.maximum(ops.sum(matches, axis=1, keepdims=True), 1.0)
    return -ops.mean(ops.sum(target * ops.log_softmax(logits, axis=1), axis=1))


def match_loss(positive: Tensor, negative: Tensor, weight: Tensor) -> Tensor:
    """Balanced by construction: each text brings one image that matches and one that does not."""
    each = ops.softplus(-positive) + ops.softplus(negative)
    return ops.sum(each * weight) / ops.maximum(2 * ops.sum(weight), 1.0)

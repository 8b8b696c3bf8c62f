"""From all that is said of an image to one calibrated probability per tag; fitted on validation.

    image      the tag head on the image
    nearest    tags of the items nearest to it, by how near they are
    captions   tags of the items whose captions match it best, by how well they match
    text       the tag head on a caption that was given with it
    prior      how common the tag is

A rule is a logistic regression with one weight per kind of evidence, shared by all tags, none
negative but that of the prior: more evidence never makes a tag less probable. What one tag needs
on its own is a shift, the smaller the rarer it is. A cut says which probability a tag must reach
for the tags that are given to be right as often as is asked.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from encoder.head import sigmoid

Floats = NDArray[np.float32]

NEAREST = 20  # items that are asked, and likewise captions
WARMTH = 0.1  # an item whose cosine is smaller by this counts by a third
DOUBT = 2.0  # votes of the average item that are cast besides
PRECISIONS = (0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 0.99)


class Rule(msgspec.Struct, frozen=True):
    """What one set of evidence means."""

    image: float
    nearest: float
    captions: float
    text: float
    prior: float
    offset: float
    shifts: tuple[float, ...]  # one per tag
    cuts: tuple[float, ...]  # the least probability, for each of PRECISIONS

    def cut(self, precision: float) -> float:
        return float(np.interp(precision, PRECISIONS, self.cuts))


class Tagging(msgspec.Struct, frozen=True):
    """A rule for each set of evidence that can be had; priors as log odds, one per tag."""

    priors: tuple[float, ...]
    alone: Rule  # no index, no caption
    indexed: Rule
    told: Rule  # a caption, no index
    indexed_told: Rule

    def rule(self, *, indexed: bool, told: bool) -> Rule:
        if indexed:
            return self.indexed_told if told else self.indexed
        return self.told if told else self.alone

    def chances(
        self,
        rule: Rule,
        image: Floats,
        nearest: Floats | None = None,
        captions: Floats | None = None,
        text: Floats | None = None,
    ) -> Floats:
        """`[n, tags]`, of probabilities of the heads and lifts (see `lift`) of neighbours."""
        total = rule.image * logits(image) + np.asarray(rule.shifts, np.float32)
        total += rule.prior * np.asarray(self.priors, np.float32) + rule.offset
        if nearest is not None:
            total += rule.nearest * nearest
        if captions is not None:
            total += rule.captions * captions
        if text is not None:
            total += rule.text * logits(text)
        return sigmoid(np.asarray(total, np.float32))

    def lift(self, tags: Sequence[NDArray[np.intp]], weights: Floats) -> Floats:
        """How much more often weighted items bear each tag than items do: a difference of log odds.

        `tags` are those of each item, as places in the model's list.
        """
        priors = np.asarray(self.priors)
        common = 1.0 / (1.0 + np.exp(-priors))
        votes: NDArray[np.float64] = np.zeros(len(priors))
        if len(tags):
            each = np.repeat(np.asarray(weights, np.float64), [len(some) for some in tags])
            votes += np.bincount(np.concatenate(tags), each, len(priors))
        share = (votes + DOUBT * common) / (float(np.sum(weights)) + DOUBT)
        return np.asarray(logits(share) - priors, np.float32)


def logits(chances: NDArray[np.floating]) -> Floats:
    kept = np.clip(np.asarray(chances, np.float64), 1e-6, 1 - 1e-6)
    return np.asarray(np.log(kept / (1 - kept)), np.float32)


def closeness(cosines: Sequence[float]) -> Floats:
    """The weight of each near item beside the nearest; these come nearest first."""
    far = np.asarray(cosines, np.float32)
    return np.asarray(np.exp((far - far[:1]) / WARMTH), np.float32)


def shares(scores: Sequence[float]) -> Floats:
    """The weight of each matching caption beside the best; these come best first."""
    good = np.asarray(scores, np.float32)
    return np.asarray(good / np.maximum(good[:1], 1e-9), np.float32)

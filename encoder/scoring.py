"""From evidence to one probability that an item answers a query; fitted on validation queries.

    seen     an item known by its image alone: match head, cosine to the image
    told     an item with captions: these, its nearest caption, and three measures of its words
    exact    the words alone: for queries of which the model knows no word
    like     an image query: cosine of both images, match of the given one with the item's captions

Each is a logistic regression without negative weights: more evidence never lowers a score. What
evidence is worth depends on how much a query says: a name or two attributes must be met to the
word, a long description is met in part. So `seen`, `told` and `exact` hold weights for a short
query and for a long one, and one of middling length is judged by a blend of both.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
import numpy as np
from numpy.typing import NDArray

from encoder.head import sigmoid

Floats = NDArray[np.float32]
SHORT, LONG = 4, 12  # words of a query that is short, and of one that is long
# How much an unwanted thing weighs against a wanted one: (1 - p) alone hardly moves an item of
# which nothing but the image is known, where p is rarely high.
AGAINST = 4.0
_WORD = re.compile(r"\w+")


def brevity(query: str) -> float:
    """2 for a single word, 1 for a short query, 0 for a long one."""
    words = max(1, sum(1 for _ in _WORD.finditer(query)))
    if words <= SHORT:
        return 2.0 - math.log(words) / math.log(SHORT)
    return max(0.0, (LONG - words) / (LONG - SHORT))


def shares(brevity: float) -> tuple[float, float, float]:
    """How much of a query is short, how much long, and how much a single word."""
    short = min(1.0, brevity)
    return short, 1.0 - short, max(0.0, brevity - 1.0)


@dataclass(frozen=True)
class Wording:
    """What the words of some items say of a query: one row per item, each figure from 0 on."""

    relevance: Floats  # as a share of the catalog's most relevant item, less unknown words
    completeness: Floats  # steep where hardly a word is missing
    strength: Floats  # the same by where words stand: in names and tags they say more
    coverage: Floats  # plain share of the query's words, for people
    brevity: float  # of the query


class Weights(msgspec.Struct, frozen=True):
    """A logistic regression for short queries, one for long ones, and all between them."""

    short: tuple[float, ...]
    long: tuple[float, ...]
    offsets: tuple[float, float]  # short, long
    single: float = 0.0  # what is added for a single word

    def chance(self, evidence: Sequence[Floats], brevity: float) -> Floats:
        short, long, single = shares(brevity)
        weights = short * np.asarray(self.short) + long * np.asarray(self.long)
        offset = short * self.offsets[0] + long * self.offsets[1] + single * self.single
        total = sum(w * e for w, e in zip(weights.tolist(), evidence, strict=True))
        return sigmoid(np.asarray(total + offset, np.float32))


class Scoring(msgspec.Struct, frozen=True):
    """All weights, and the score under which nothing matches. As they are here: not fitted."""

    # match logit, cosine
    seen: Weights = Weights((0.5, 2.0), (0.4, 4.0), (-3.0, -4.5), 1.0)
    # match logit, cosine, cosine to the nearest caption, relevance, completeness, strength
    told: Weights = Weights(
        (0.2, 0.2, 5.0, 2.0, 0.4, 1.2), (0.2, 0.2, 10.0, 4.0, 0.1, 2.0), (-6.0, -12.0), 0.5
    )
    # relevance, completeness, strength
    exact: Weights = Weights((2.0, 0.3, 1.6), (4.0, 0.2, 4.0), (-3.7, -7.0), 0.2)
    like_alone: tuple[float, float] = (8.0, -6.0)  # cosine, offset
    like_told: tuple[float, float, float] = (6.0, 0.4, -5.0)  # cosine, match logit, offset
    # By another name than scores of before had it: theirs meant something else.
    no_match: float = msgspec.field(default=0.1, name="nothing_below")

    def image(self, logits: Floats, cosines: Floats, brevity: float = 0.0) -> Floats:
        """Of match logits and cosines between query and image."""
        return self.seen.chance((logits, cosines), brevity)

    def words(self, said: Wording) -> Floats:
        """Of the words that an item holds, without a word from the model."""
        return self.exact.chance((said.relevance, said.completeness, said.strength), said.brevity)

    def score(self, logits: Floats, cosines: Floats, captions: Floats, said: Wording) -> Floats:
        """Of everything; `captions` is -1 for an item without any.

        Such an item is judged by its image and by its words (of a name, of tags): either is enough.
        """
        words = said.relevance, said.completeness, said.strength
        told = self.told.chance((logits, cosines, captions, *words), said.brevity)
        image, exact = self.image(logits, cosines, said.brevity), self.words(said)
        return np.where(captions > -1.0, told, either(image, exact))

    def image_query(self, cosines: Floats, match_logits: Floats) -> Floats:
        """That an item is more of what a given picture shows.

        `cosines` are between both images, `match_logits` the head's best verdict on the given
        picture and one of the item's captions: NaN for an item without captions.
        """
        cosine, offset = self.like_alone
        alone = cosine * cosines + offset
        cosine, match, offset = self.like_told
        told = cosine * cosines + match * match_logits + offset
        evidence = np.where(np.isnan(match_logits), alone, told)
        return sigmoid(np.asarray(evidence, np.float32))


def either(one: Floats, other: Floats) -> Floats:
    """The probability that at least one of two independent reasons holds."""
    return np.asarray(1.0 - (1.0 - one) * (1.0 - other), np.float32)


def combined(
    wanted: Sequence[tuple[Floats, float]], unwanted: Sequence[tuple[Floats, float]] = ()
) -> Floats:
    """One probability of several terms, each with its weight; at least one must be given.

    Of what is wanted the weighted geometric mean; of what is not, (1 - p) to the power of its
    weight (and more, see AGAINST), each on its own: one unwanted thing is enough to sink an item.
    """
    total = sum(weight for _, weight in wanted)
    score = np.ones_like((*wanted, *unwanted)[0][0], np.float64)
    for chance, weight in wanted:
        score *= np.asarray(chance, np.float64) ** (weight / total)
    for chance, weight in unwanted:
        score *= (1.0 - np.asarray(chance, np.float64)) ** (AGAINST * weight)
    return score.astype(np.float32)

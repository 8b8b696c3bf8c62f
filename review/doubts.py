"""How doubtful each tag of each image is.

Of an item the catalog says whether it bears a tag: the doubt is the probability that it is wrong,
given what the model sees and that catalogs are mostly right. Of any other image nobody has said
anything: the doubt is how near the tag is to the probability from which it is given.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from encoder.encoded import Encoded, Encoder, Floats
from encoder.head import sigmoid
from encoder.tagging import logits
from review.choosing import Doubt
from tagger.answers import chances_of

RIGHT = 0.95  # share of the tags that a catalog gives, and of those it should give, that is right
KEPT = 60  # most doubtful images of each tag that are looked at further


@dataclass(frozen=True)
class Seen:
    """Some images with what the model says of them, and the catalog."""

    contents: Sequence[str]
    chances: Floats  # [n, tags]
    least: Floats  # [tags], from which each tag is given
    said: NDArray[np.bool_] | None = None  # [n, tags], None where the catalog says nothing
    shares: NDArray[np.floating] | None = None  # [tags], of items that bear each tag


def seen(
    encoder: Encoder,
    images: Encoded,
    precision: float,
    contents: Sequence[str],
    said: NDArray[np.bool_] | None = None,
    shares: NDArray[np.floating] | None = None,
) -> Seen:
    chances, least = chances_of(encoder, images, precision)
    return Seen(contents, chances, np.asarray(least, np.float32), said, shares)


def doubts(some: Seen) -> Floats:
    """`[n, tags]`, from 0 to 1."""
    if some.said is None or some.shares is None:
        far = np.abs(logits(some.chances) - logits(some.least))
        return np.asarray(np.exp(-far), np.float32)
    # How much the catalog's word weighs, as log odds. A tag is left out as often as RIGHT allows;
    # it is rarely given wrongly, for far more images do not bear it than do.
    absent = np.log(1 - RIGHT)
    present = np.log(RIGHT / (1 - RIGHT)) - logits(some.shares)
    both = logits(some.chances) + np.where(some.said, present, absent).astype(np.float32)
    return sigmoid(np.where(some.said, -both, both))


class MostDoubtful:
    """Keeps the most doubtful of each tag and of what the catalog says, part by part."""

    def __init__(self, tags: Sequence[str], kept: int = KEPT) -> None:
        self._tags, self._kept = tags, kept
        self._best: dict[tuple[str, bool | None], list[Doubt]] = {}

    def add(self, some: Seen) -> None:
        found = doubts(some)
        for place, tag in enumerate(self._tags):
            if some.said is None:
                self._add(some, tag, place, found, np.arange(len(found)), None)
                continue
            for said in (False, True):
                rows = np.flatnonzero(some.said[:, place] == said)
                self._add(some, tag, place, found, rows, said)

    def _add(
        self,
        some: Seen,
        tag: str,
        place: int,
        found: Floats,
        rows: NDArray[np.intp],
        said: bool | None,
    ) -> None:
        column = found[rows, place]
        first = rows[np.argsort(-column, kind="stable")[: self._kept]]
        new = [
            Doubt(
                some.contents[r], tag, float(found[r, place]), float(some.chances[r, place]), said
            )
            for r in first.tolist()
        ]
        best = [*self._best.get((tag, said), []), *new]
        self._best[tag, said] = sorted(best, key=lambda one: -one.doubt)[: self._kept]

    def all(self) -> list[Doubt]:
        return [one for some in self._best.values() for one in some]

"""Captions made up from tags: a few tags among filler words, labelled by the tags they name.

A thousand real captions teach a text branch the captions by heart. Made-up ones teach it which
words mean which tag, alone and in any company, which is what a query is.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
MOST_TAGS, MOST_FILLERS = 4, 7


class CaptionMaker:
    """Draws captions about given tags, with fillers from the catalog's own captions."""

    def __init__(self, tags: Sequence[str], captions: Sequence[str], rng: np.random.Generator):
        self.names = [spoken(tag) for tag in tags]
        self.rng = rng
        spoken_words = {word for name in self.names for word in name.lower().split()}
        counts = Counter(word for text in captions for word in WORD.findall(text.lower()))
        self.fillers = [word for word in counts if word not in spoken_words] or ["a", "the"]
        # The square root keeps frequent words frequent without letting "the" fill every gap.
        weights = np.sqrt([counts.get(word, 1) for word in self.fillers])
        self.filler_weights = np.cumsum(weights / weights.sum())

    def about(self, present: Sequence[int]) -> tuple[str, list[int]]:
        """A caption naming one to four of the tags in `present`, and which it names."""
        many = min(len(present), int(self.rng.integers(1, MOST_TAGS + 1)))
        named = [int(tag) for tag in self.rng.permutation(present)[:many]]
        return self._sentence(named), named

    def of_anything(self) -> tuple[str, list[int]]:
        """A caption naming tags that perhaps never met: combinations must be readable too."""
        return self.about(self.rng.integers(0, len(self.names), size=MOST_TAGS).tolist())

    def _sentence(self, named: list[int]) -> str:
        words = [self._worded(tag) for tag in named]
        fillers = int(self.rng.integers(0, MOST_FILLERS + 1))
        for place in np.searchsorted(self.filler_weights, self.rng.random(fillers)):
            filler = self.fillers[min(int(place), len(self.fillers) - 1)]
            words.insert(int(self.rng.integers(0, len(words) + 1)), filler)
        return " ".join(words)

    def _worded(self, tag: int) -> str:
        name = self.names[tag]
        return f"{name}-type" if self.rng.random() < 0.1 else name


def spoken(tag: str) -> str:
    """A tag as a person would write it."""
    return tag.replace("_", " ").replace("-", " ").strip()


def drop_words(text: str, share: float, rng: np.random.Generator) -> str:
    """The caption with some words left out, never all of them."""
    words = text.split()
    if share <= 0 or len(words) < 3:
        return text
    kept = [word for word, draw in zip(words, rng.random(len(words)), strict=True) if draw >= share]
    return " ".join(kept or words)


def label_matrix(tags: Sequence[Sequence[int]], width: int) -> NDArray[np.float32]:
    """Lists of tag numbers → zeros and ones `[n, width]`."""
    labels = np.zeros((len(tags), width), np.float32)
    for row, numbers in enumerate(tags):
        labels[row, list(numbers)] = 1.0
    return labels

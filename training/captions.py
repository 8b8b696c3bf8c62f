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
SYNONYM_SHARE = 0.3  # how often a tag that has synonyms is called by one
SYNONYM_ITEMS, SYNONYM_SURE = 5, 0.85  # in so many items, and in so many cases with the tag


class CaptionMaker:
    """Draws captions about given tags, with fillers from the catalog's own captions.

    `synonyms` are words of the captions that stand for a tag, one list per tag.
    """

    def __init__(
        self,
        tags: Sequence[str],
        captions: Sequence[str],
        rng: np.random.Generator,
        synonyms: Sequence[Sequence[str]] = (),
    ):
        self.names = [spoken(tag) for tag in tags]
        self.synonyms = synonyms or [[] for _ in tags]
        self.rng = rng
        spoken_words = {word for name in self.names for word in name.lower().split()}
        spoken_words |= {word for words in self.synonyms for word in words}
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
        name, others = self.names[tag], self.synonyms[tag]
        if others and self.rng.random() < SYNONYM_SHARE:
            return others[int(self.rng.integers(len(others)))]
        return f"{name}-type" if self.rng.random() < 0.1 else name


def synonyms_of(
    texts: Sequence[Sequence[str]], tag_lists: Sequence[Sequence[int]], tags: int
) -> list[list[str]]:
    """Words of the captions that nearly always go with one tag, in whatever language.

    Tags are named in one language, captions speak several: where a Korean word stands in the
    captions of fire creatures and hardly elsewhere, a query may use it for `fire`.
    """
    held = [{w for text in item for w in WORD.findall(text.lower())} for item in texts]
    counts = Counter(word for words in held for word in words)
    together: Counter[tuple[str, int]] = Counter()
    for words, present in zip(held, tag_lists, strict=True):
        together.update((word, tag) for word in words for tag in present)
    bearers = Counter(tag for present in tag_lists for tag in present)
    rarest: dict[str, int] = {}
    for (word, tag), both in together.items():
        common = bearers[tag] / max(1, len(held))
        if both >= SYNONYM_ITEMS and common < 0.5 and both >= SYNONYM_SURE * counts[word]:
            # "bird" goes with `winged` too, but means `bird`.
            rarest[word] = min(tag, rarest.get(word, tag), key=lambda one: (bearers[one], one))
    found: list[list[str]] = [[] for _ in range(tags)]
    for word, tag in sorted(rarest.items()):
        found[tag].append(word)
    return found


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

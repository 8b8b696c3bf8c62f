"""Queries whose answers are known, made from the catalog itself: what scores are fitted on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from db.records import ItemRecord
from evaluation.material import as_words
from training.captions import MOST_TAGS, CaptionMaker, spoken, synonyms_of

TAG_QUERIES = 300
NAMES = 50
FEW_FILLERS = 3
MISTYPED = 10  # every so manieth


@dataclass(frozen=True)
class Known:
    """A query and the keys of all items that answer it."""

    text: str
    right: frozenset[str]


def tag_queries(
    items: Sequence[ItemRecord], rng: np.random.Generator, count: int = TAG_QUERIES
) -> list[Known]:
    """One to four tags that some item bears; half with other words between, as people write.

    Every third is said in words that the captions use for the tags, in any language; every tenth
    has a word mistyped or left half written.
    """
    tags = sorted({tag for item in items for tag in item.tags})
    bearers = [item.tags for item in items if item.tags]
    if not bearers:
        return []
    number = {tag: place for place, tag in enumerate(tags)}
    captions = [[caption.text for caption in item.captions] for item in items]
    lists = [[number[tag] for tag in item.tags] for item in items]
    synonyms = synonyms_of(captions, lists, len(tags))
    maker = CaptionMaker(tags, [text for texts in captions for text in texts], rng)
    holders: dict[str, set[str]] = {tag: set() for tag in tags}
    for item in items:
        for tag in item.tags:
            holders[tag].add(item.key)
    found: dict[str, frozenset[str]] = {}
    for turn in range(min(count, 10 * len(bearers))):
        present = bearers[int(rng.integers(len(bearers)))]
        named = rng.permutation(list(present))[: int(rng.integers(1, MOST_TAGS + 1))].tolist()
        words = [spoken(tag) for tag in named]
        if turn % 3 == 0:
            words = [
                str(rng.choice(synonyms[number[tag]])) if synonyms[number[tag]] else word
                for tag, word in zip(named, words, strict=True)
            ]
        for _ in range(int(rng.integers(0, FEW_FILLERS + 1)) if turn % 2 else 0):
            words.insert(int(rng.integers(0, len(words) + 1)), str(rng.choice(maker.fillers)))
        if turn % MISTYPED == 0:
            place = int(rng.integers(len(words)))
            words[place] = _mistyped(words[place], rng)
        answers = frozenset(set.intersection(*(holders[tag] for tag in named)))
        found[" ".join(words)] = answers
    return [Known(text, right) for text, right in sorted(found.items())]


def name_queries(items: Sequence[ItemRecord], rng: np.random.Generator) -> list[Known]:
    named: dict[str, set[str]] = {}
    for item in items:
        if item.name.strip():
            named.setdefault(as_words(item.name), set()).add(item.key)
    names = sorted(named)
    some = sorted(rng.permutation(len(names))[:NAMES].tolist())
    return [Known(names[place], frozenset(named[names[place]])) for place in some]


def _mistyped(word: str, rng: np.random.Generator) -> str:
    """Two letters changed places, or the last third is missing."""
    if len(word) < 4:
        return word
    if rng.random() < 0.5:
        return word[: max(3, len(word) * 2 // 3)]
    at = int(rng.integers(0, len(word) - 1))
    return word[:at] + word[at + 1] + word[at] + word[at + 2 :]

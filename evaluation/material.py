"""What is judged: the items of a split that the index holds, and the words to ask for them."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

import numpy as np

from db.generations import Generation
from db.records import ItemRecord
from db.store import Store
from errors import CatalogError

# More queries narrow the intervals no further than the differences anyone acts on.
QUERIES = 1000
_SIGNS = re.compile(r"[\"“”„«»「」『』]|(?<!\S)[-−–]+|(?<!\S)\d+(?:\.\d+)?:(?=\S)")


@dataclass(frozen=True)
class Material:
    split: str
    items: tuple[ItemRecord, ...]  # of the split
    catalog: tuple[ItemRecord, ...]  # of all splits
    languages: tuple[str, ...]  # in which at least half of the items have a caption

    @property
    def language(self) -> str:
        return self.languages[0]


def gather(store: Store, generation: Generation, split: str) -> Material:
    held = set(generation.images.ids.tolist())
    catalog = tuple(item for item in store.items() if item.id in held)
    items = tuple(item for item in catalog if item.split == split)
    if not items:
        raise CatalogError(
            f"nothing to judge: the index holds no item of the split {split!r}",
            "",
            "name another --split, or import with a split and run `pairdex index build`",
        )
    spoken = Counter(lang for item in items for lang in {c.language for c in item.captions})
    # The captions of an item stand in the order of the source's columns: that settles a draw.
    first = Counter(item.captions[0].language for item in items if item.captions)
    languages = sorted(spoken, key=lambda lang: (-spoken[lang], -first[lang], lang))
    enough = tuple(lang for lang in languages if 2 * spoken[lang] >= len(items))
    if not enough:
        raise CatalogError(
            f"nothing to judge: the split {split!r} has no language of captions in common",
            "fewer than half of its items have a caption in any one",
            "name another --split",
        )
    return Material(split, items, catalog, enough)


def caption(item: ItemRecord, language: str) -> str:
    """The first caption in a language, or nothing."""
    return next((c.text for c in item.captions if c.language == language), "")


def as_words(text: str) -> str:
    """A text without the signs that the query language reads: a caption is no command."""
    return " ".join(_SIGNS.sub(" ", text).split())


def asked(
    items: tuple[ItemRecord, ...], language: str, seed: int
) -> tuple[list[ItemRecord], list[str]]:
    """Items that have a caption in the language, and that caption; a sample where there are many"""
    found = sampled([item for item in items if caption(item, language)], seed)
    return found, [caption(item, language) for item in found]


def sampled(items: list[ItemRecord], seed: int, most: int = QUERIES) -> list[ItemRecord]:
    if len(items) <= most:
        return items
    chosen = np.random.default_rng(seed).choice(len(items), most, replace=False)
    return [items[i] for i in np.sort(chosen)]

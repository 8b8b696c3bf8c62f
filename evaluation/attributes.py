"""Queries made of two tags that go together: "fire-type lizard". All items with both are right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.preprocessing import MultiLabelBinarizer

from db.records import ItemRecord

QUERIES = 100
# Fewer right items than five would cap P@5; more than a fifth of the catalog a guess would find.
FEWEST, LARGEST_SHARE = 5, 0.2
FEWEST_UNSEEN = 3


@dataclass(frozen=True)
class AttributeQuery:
    text: str
    tags: tuple[str, str]


def attribute_queries(
    items: Sequence[ItemRecord], seed: int, fewest: int = FEWEST, most: int = QUERIES
) -> list[AttributeQuery]:
    """A sample of the pairs of tags that enough, and not too many, items bear together."""
    counting = MultiLabelBinarizer(sparse_output=True)
    bears = counting.fit_transform([set(item.tags) for item in items]).astype(np.int64)
    names = [str(name) for name in counting.classes_]
    together = (bears.T @ bears).tocoo()
    counts = together.diagonal()
    fits = (together.row < together.col) & (together.data >= fewest)
    fits &= together.data <= LARGEST_SHARE * len(items)
    pairs = sorted(zip(together.row[fits].tolist(), together.col[fits].tolist(), strict=True))
    chosen = np.sort(np.random.default_rng(seed).permutation(len(pairs))[:most])
    types = _types(items)
    queries = []
    for a, b in (pairs[i] for i in chosen):
        # The commoner word first: what many things are describes, what few are names.
        first, second = (a, b) if counts[a] >= counts[b] else (b, a)
        queries.append(phrase(names[first], names[second], types))
    return queries


def phrase(first: str, second: str, types: set[str]) -> AttributeQuery:
    """As one would type it: a type is called one, and stands in front."""
    if second in types and first not in types:
        first, second = second, first
    words = f"{first}-type" if first in types else first
    return AttributeQuery(f"{words} {second}", (first, second))


def bearers(tags_of: Mapping[int, Sequence[str]]) -> dict[str, set[int]]:
    """Tag → the ids that bear it."""
    found: dict[str, set[int]] = {}
    for item, tags in tags_of.items():
        for tag in tags:
            found.setdefault(tag, set()).add(item)
    return found


def _types(items: Sequence[ItemRecord]) -> set[str]:
    """Values of columns called type or types."""
    found: set[str] = set()
    for item in items:
        for name, value in item.attributes.items():
            if name.lower().replace("_", " ").split()[-1:] in (["type"], ["types"]):
                found.update(value if isinstance(value, list) else [str(value)])
    return found

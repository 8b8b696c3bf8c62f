"""The pictures that a recogniser learns from: which product each shows, and of which kind it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
from numpy.typing import NDArray

from db.home import Home
from db.records import ItemRecord
from db.store import Store
from encoder.inputs import Pixels
from errors import CatalogError
from progress import Progress
from training.features import decode
from training.recipe import Pair, Recipe

SEVERAL = 4  # pictures of the middling product from which a softmax learns
Pairs = Sequence[tuple[ItemRecord, str]]  # items, and the product of each


@dataclass(frozen=True)
class Material:
    """Pictures and the number of the product that each shows."""

    images: Pixels
    labels: NDArray[np.intp]


@dataclass(frozen=True)
class Goods:
    names: list[str]  # the products
    kinds: NDArray[np.intp]  # of each
    learn: Pairs
    held: Pairs


@dataclass(frozen=True)
class Work:
    """All that a recogniser is made from; `name` is that of the backbone."""

    home: Home
    backbone: keras.Model
    name: str
    goods: Goods
    recipe: Recipe
    progress: Progress


def product_pairs(store: Store, column: str) -> list[tuple[ItemRecord, str]]:
    """Every item that has a product, with its name."""
    pairs = ((item, _value(item, column)) for item in store.items())
    return [(item, product) for item, product in pairs if product]


def kinds_of(pairs: Pairs, names: Sequence[str], column: str) -> NDArray[np.intp]:
    """The number of each product's kind; a product without one is a kind of its own.

    Where its items disagree, what most of them say counts.
    """
    if not column:
        return np.arange(len(names))
    said: dict[str, Counter[str]] = {name: Counter() for name in names}
    for item, product in pairs:
        said[product].update([_value(item, column)])
    for counts in said.values():
        del counts[""]
    if not any(said.values()):
        raise CatalogError(
            f"training.product_kind = {column!r} is in no item that has a product",
            "",
            "name a column of the catalog that holds the kind of each product",
        )
    # A tuple of its own for those without: no kind can be called like it.
    kinds = [(c.most_common(1)[0][0],) if c else (name, "") for name, c in said.items()]
    return np.unique(np.array([repr(kind) for kind in kinds]), return_inverse=True)[1]


def _value(item: ItemRecord, column: str) -> str:
    value = {"id": item.key, "name": item.name, **item.attributes}.get(column, "")
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    return value if isinstance(value, str) else ""


def divide(
    pairs: Pairs,
) -> tuple[list[tuple[ItemRecord, str]], list[tuple[ItemRecord, str]], bool]:
    """What is learnt from, what is held out, and whether a softmax can learn from it.

    Test is left out, but not the only picture of a product: then there is nothing to test with.
    """
    counts: dict[str, int] = {}
    for item, product in pairs:
        counts[product] = counts.get(product, 0) + (item.split == "train")
    several = float(np.median(list(counts.values()))) >= SEVERAL
    splits = ("train",) if several else ("train", "val")
    seen = {product for item, product in pairs if item.split in splits}
    learn = [(i, p) for i, p in pairs if i.split in splits or p not in seen]
    held = [(i, p) for i, p in pairs if several and i.split == "val" and p in seen]
    return learn, held, several


def material(pairs: Pairs, names: Sequence[str], size: int, progress: Progress) -> Material:
    number = {name: place for place, name in enumerate(names)}
    decoded = decode([Pair(i.key, Path(i.image), ()) for i, _ in pairs], size, progress)
    return Material(decoded, np.array([number[product] for _, product in pairs], np.intp))


def others(
    labels: NDArray[np.intp], some: NDArray[np.intp]
) -> tuple[NDArray[np.bool_], NDArray[np.intp]]:
    """Which pictures show none of `some` products, and their numbers without these."""
    kept = ~np.isin(labels, some)
    left = np.setdiff1d(np.arange(int(labels.max()) + 1), some)
    return kept, np.searchsorted(left, labels[kept])

"""One class of a column of the catalog, with probabilities: softmax heads over stored vectors.

A head is fitted when a column is first asked for, on what the live index holds of the train split,
and kept in the cache of the home until index or catalog change. The classes may be words or whole
sentences: they are the values of the column, as they are.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from db.generations import Generation
from db.reader import Reader
from db.records import ItemRecord
from db.sides import Side
from encoder.encoded import Encoded, Floats
from errors import QueryError

if TYPE_CHECKING:
    from db.store import Store

MOST_ITEMS = 5000
MOST_VALUES = 500


@dataclass(frozen=True)
class Softmax:
    values: tuple[str, ...]
    weights: Floats  # [features, values]
    bias: Floats  # [values]

    def chances(self, features: Floats) -> Floats:
        logits = features @ self.weights + self.bias
        odds = np.exp(logits - logits.max(axis=1, keepdims=True))
        return np.asarray(odds / odds.sum(axis=1, keepdims=True), np.float32)

    def cooler(self, temperature: float) -> Softmax:
        return Softmax(self.values, self.weights / temperature, self.bias / temperature)


@dataclass(frozen=True)
class Labels:
    """What tells the values of one column apart."""

    image: Softmax
    both: Softmax | None  # image and caption; None where items have no captions

    def chances(self, images: Encoded, text: Encoded | None) -> tuple[tuple[str, ...], Floats]:
        """The values, and `[n, values]`. A text is said of every image."""
        seen = features(images)
        if text is None or self.both is None:
            return self.image.values, self.image.chances(seen)
        said = np.repeat(features(text), len(images), axis=0)
        return self.both.values, self.both.chances(np.concatenate([seen, said], axis=1))


def features(encoded: Encoded) -> Floats:
    return np.concatenate([encoded.vectors, encoded.halves], axis=1).astype(np.float32)


def stored(side: Side, ids: Sequence[int]) -> Floats:
    """The same of what an index holds."""
    at = side.rows(np.asarray(ids, np.int64))
    return np.concatenate([side.vectors[at], side.halves[at]], axis=1).astype(np.float32)


def labels_of(store: Reader, generation: Generation, column: str, cache: Path | None) -> Labels:
    """From the cache, or fitted now."""
    state = f"{generation.manifest.seal}\n{store.revision()}"
    mine, now = (hashlib.sha256(text.encode()).hexdigest()[:16] for text in (column, state))
    file = None if cache is None else cache / f"{mine}-{now}.npz"
    if file is not None and file.is_file():
        with suppress(OSError, ValueError, KeyError):  # a cache that is damaged is made anew
            return _read(file)
    found = _fitted(store.whole(), generation, column)
    if file is not None:
        with suppress(OSError):  # a home that cannot be written to is read all the same
            file.parent.mkdir(parents=True, exist_ok=True)
            for old in file.parent.glob(f"{mine}-*"):
                old.unlink()
            _write(file, found)
    return found


def _fitted(store: Store, generation: Generation, column: str) -> Labels:
    from tagger.labels_fit import fit_labels

    held = set(generation.images.ids.tolist())
    items = [item for item in store.items() if item.id in held and item.split != "test"]
    known = text_columns(items)
    if column not in known:
        raise QueryError(
            f"no column {column!r} of classes",
            f"text columns are {', '.join(known) or 'none'}",
            "name one of them",
            field="label",
        )
    values = {str(i.attributes[column]) for i in items if usable(i, column) and learnt(i)}
    if not 2 <= len(values) <= MOST_VALUES:
        raise QueryError(
            f"column {column!r} has {len(values)} values among the items to learn from",
            f"classes are told apart from 2 to {MOST_VALUES}",
            "name another one",
            field="label",
        )
    return fit_labels(generation, [item for item in items if usable(item, column)], column)


def text_columns(items: Sequence[ItemRecord]) -> dict[str, Counter[str]]:
    """The values of each text column with their numbers."""
    found: dict[str, Counter[str]] = {}
    for item in items:
        for name, value in item.attributes.items():
            if isinstance(value, str) and item.kinds.get(name) == "text":
                found.setdefault(name, Counter())[value] += 1
    return found


def usable(item: ItemRecord, column: str) -> bool:
    return isinstance(item.attributes.get(column), str)


def learnt(item: ItemRecord) -> bool:
    return item.split == "train"


def _write(file: Path, labels: Labels) -> None:
    arrays: dict[str, NDArray[np.generic]] = {}
    for name, head in (("image", labels.image), ("both", labels.both)):
        if head is not None:
            arrays[f"{name}.values"] = np.asarray(head.values, np.str_)
            arrays[f"{name}.weights"], arrays[f"{name}.bias"] = head.weights, head.bias
    partial = file.with_suffix(".part.npz")
    np.savez(partial, allow_pickle=False, **arrays)
    partial.replace(file)


def _read(file: Path) -> Labels:
    with np.load(file, allow_pickle=False) as arrays:
        heads = [
            Softmax(
                tuple(arrays[f"{name}.values"].tolist()),
                arrays[f"{name}.weights"],
                arrays[f"{name}.bias"],
            )
            if f"{name}.bias" in arrays
            else None
            for name in ("image", "both")
        ]
    if heads[0] is None:
        raise KeyError("image")
    return Labels(heads[0], heads[1])

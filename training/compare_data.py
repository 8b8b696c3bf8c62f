"""Which items a comparison trains and judges on: a label column becomes classes."""

from __future__ import annotations

import hashlib
import tempfile
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from db.home import writing
from db.records import ItemRecord
from encoder.inputs import Pixels, read_pixels
from errors import CatalogError, QueryError
from progress import Progress

# Fewer items per value, on average, and a column holds names rather than classes.
ITEMS_PER_CLASS = 4
TAGS, TAG = "tags", "tag:"
WORKERS = 4  # Pillow lets go of the interpreter while it decodes

Integers = NDArray[np.int64]


@dataclass(frozen=True)
class Labelled:
    """The items that bear a class, in the order of the catalog."""

    label: str
    classes: tuple[str, ...]
    images: tuple[Path, ...]
    targets: Integers
    splits: tuple[str, ...]
    left_out: dict[str, int]
    identity: str  # hash of all that a result depends on

    def rows(self, split: str) -> Integers:
        return np.flatnonzero(np.asarray(self.splits) == split)

    @property
    def judged(self) -> str:
        return "test" if "test" in self.splits else "val"


def labelled(items: Iterable[ItemRecord], label: str | None) -> Labelled:
    """Items with their class; without `label`, by the only column that holds classes."""
    records = list(items)
    if not records:
        raise CatalogError("the catalog is empty", "", "`pairdex catalog import` fills it")
    columns = _columns(records)
    fitting = [name for name, values in columns.items() if _class_like(values)]
    remedy = (
        f"columns of classes: {', '.join(fitting)}" if fitting else "no column holds classes"
    ) + f"; a single tag is {TAG}NAME"
    if label is None:
        # Tags count where nothing else does: a catalog of class folders has only them.
        obvious = [name for name in fitting if name != TAGS] or fitting
        if len(obvious) != 1:
            raise QueryError("no label is named", "the catalog does not say which to take", remedy)
        label = obvious[0]
    values = _single_tag(records, label) if label.startswith(TAG) else columns.get(label)
    if values is None:
        raise QueryError(f"no column {label} to tell classes by", "", remedy)
    if not _class_like(values):
        found = len(set(filter(None, values)))
        raise QueryError(f"{label} holds no classes", f"{found} different values", remedy)
    return _divided(records, values, label)


def _columns(records: Sequence[ItemRecord]) -> dict[str, list[str]]:
    """Text and number columns and all tags of an item together; an empty value is no label."""
    columns: dict[str, list[str]] = {}
    for row, item in enumerate(records):
        for name, value in item.attributes.items():
            if item.kinds.get(name) in ("text", "number"):
                text = f"{value:g}" if isinstance(value, float) else str(value)
                columns.setdefault(name, [""] * len(records))[row] = text
    # In a catalog of class folders the tags are the class.
    columns.setdefault(TAGS, [", ".join(sorted(item.tags)) for item in records])
    return columns


def _single_tag(records: Sequence[ItemRecord], label: str) -> list[str] | None:
    tag = label.removeprefix(TAG)
    if not any(tag in item.tags for item in records):
        return None
    return [tag if tag in item.tags else f"not {tag}" for item in records]


def _class_like(values: Sequence[str]) -> bool:
    filled = Counter(filter(None, values))
    return len(filled) >= 2 and filled.total() >= ITEMS_PER_CLASS * len(filled)


def _divided(records: Sequence[ItemRecord], values: Sequence[str], label: str) -> Labelled:
    pairs = list(zip(records, values, strict=True))
    classes = tuple(sorted({value for item, value in pairs if value and item.split == "train"}))
    place = {name: number for number, name in enumerate(classes)}
    kept = [(item, place[value]) for item, value in pairs if value in place]
    splits = tuple(item.split for item, _ in kept)
    if len(classes) < 2:
        raise CatalogError(
            f"the train split holds {len(classes)} classes of {label}",
            "at least two are needed",
            "import a catalog whose train split has more",
        )
    if not {"test", "val"} & set(splits):
        raise CatalogError(
            "nothing to judge on",
            f"no item of the test and val splits bears a known {label}",
            "give some items of the catalog the split test",
        )
    digest = hashlib.sha256(repr((label, classes)).encode())
    for item, target in kept:
        digest.update(repr((item.facts.content_hash, target, item.split)).encode())
    unlabelled = sum(not value for value in values)
    left_out = {"no label": unlabelled, "class not in train": len(values) - unlabelled - len(kept)}
    return Labelled(
        label=label,
        classes=classes,
        images=tuple(Path(item.image) for item, _ in kept),
        targets=np.asarray([target for _, target in kept], np.int64),
        splits=splits,
        left_out={reason: number for reason, number in left_out.items() if number},
        identity=digest.hexdigest(),
    )


def decoded(images: Sequence[Path], size: int, folder: Path, progress: Progress) -> Pixels:
    """`[n, size, size, 3]`, decoded once into a file without a name.

    Every epoch looks at every image: decoding photographs each time would cost more than the
    network, and memory may not hold them all. The system frees the file when the process ends.
    """
    with writing(folder), tempfile.TemporaryFile(dir=folder) as file:
        found = np.memmap(file, np.uint8, "w+", shape=(len(images), size, size, 3))
    done = count(1)

    def one(row: int) -> None:
        found[row] = read_pixels(images[row], size)
        progress(f"decode {size}", next(done), len(images))

    with ThreadPoolExecutor(WORKERS) as pool:
        for _ in pool.map(one, range(len(images))):
            pass
    return found

"""The figures of the data report, gathered in one pass over the store."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

import pandas as pd

from catalog.duplicates import DuplicateGroup, find_duplicates
from db.records import AttributeKind, AttributeValue, ItemRecord, ProblemRecord
from db.store import Store
from errors import CatalogError
from progress import Progress, silent

# Beyond this many different values a column holds names or texts, not classes.
MAX_CLASSES = 60


@dataclass(slots=True)
class AttributeFigures:
    kind: AttributeKind
    filled: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    low: float | str | None = None
    high: float | str | None = None

    def add(self, value: AttributeValue) -> None:
        self.filled += 1
        if isinstance(value, float) or self.kind == "date":
            assert not isinstance(value, list)
            self.low = value if self.low is None else min(self.low, value)
            self.high = value if self.high is None else max(self.high, value)
        self.counts.update(value if isinstance(value, list) else [_short(value)])

    @property
    def classes(self) -> bool:
        """Whether the values are classes, which a bar chart can show."""
        return self.kind in ("text", "list") and 2 <= len(self.counts) <= MAX_CLASSES


@dataclass(slots=True)
class ReportData:
    images: pd.DataFrame  # a row per item
    captions: pd.DataFrame  # a row per caption
    tags: Counter[str]
    attributes: dict[str, AttributeFigures]
    keys: list[str]
    paths: list[str]
    groups: list[DuplicateGroup]
    problems: list[ProblemRecord]

    @property
    def leaks(self) -> list[DuplicateGroup]:
        """Groups of duplicates that lie in more than one split, as a source may demand."""
        splits = self.images["split"].to_list()
        return [group for group in self.groups if len({splits[m] for m in group.members}) > 1]


def gather(store: Store, near_bits: int, progress: Progress = silent) -> ReportData:
    images: list[tuple[object, ...]] = []
    captions: list[tuple[str, int, int]] = []
    tags: Counter[str] = Counter()
    attributes: dict[str, AttributeFigures] = {}
    keys: list[str] = []
    paths: list[str] = []
    content: list[str] = []
    perceptual: list[str] = []
    total = store.count_items()
    if not total:
        raise CatalogError("the catalog is empty", "", "`pairdex catalog import` fills it")
    for item in store.items():
        facts = item.facts
        images.append(
            (
                *(item.split, facts.format, facts.width, facts.height, facts.bytes),
                *(facts.brightness, facts.contrast, len(item.tags)),
            )
        )
        captions += [(c.language, len(c.text.split()), len(c.text)) for c in item.captions]
        tags.update(item.tags)
        _add_attributes(attributes, item)
        keys.append(item.key)
        paths.append(item.image)
        content.append(facts.content_hash)
        perceptual.append(facts.perceptual_hash)
        progress("read", len(keys), total)
    names = "split format width height bytes brightness contrast tags".split()
    return ReportData(
        images=pd.DataFrame(images, columns=names),
        captions=pd.DataFrame(captions, columns=["language", "words", "characters"]),
        tags=tags,
        attributes=attributes,
        keys=keys,
        paths=paths,
        groups=find_duplicates(content, perceptual, near_bits),
        problems=store.problems(),
    )


def duplicates_of(items: Iterable[ItemRecord], near_bits: int) -> list[tuple[bool, list[str]]]:
    """(exact, ids of the items) for each group of duplicates."""
    rows = [(item.key, item.facts.content_hash, item.facts.perceptual_hash) for item in items]
    if not rows:
        raise CatalogError("the catalog is empty", "", "`pairdex catalog import` fills it")
    keys, content, perceptual = zip(*rows, strict=True)
    groups = find_duplicates(content, perceptual, near_bits)
    return [(group.exact, [keys[place] for place in group.members]) for group in groups]


def _add_attributes(attributes: dict[str, AttributeFigures], item: ItemRecord) -> None:
    for name, value in item.attributes.items():
        figures = attributes.setdefault(name, AttributeFigures(item.kinds[name]))
        figures.add(value)


def _short(value: float | str) -> str:
    return f"{value:g}" if isinstance(value, float) else value[:80]

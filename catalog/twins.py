"""Which items of the catalog show the same picture: a new item goes to their side of the split."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from catalog.splits import assign_splits
from db.records import ImageFacts, Split
from settings import CatalogSettings


class Twins:
    """Grows with what is taken; `rows` are (key, split, content hash, perceptual hash)."""

    def __init__(
        self, rows: Iterable[tuple[str, Split, str, str]], settings: CatalogSettings
    ) -> None:
        self._settings = settings
        self._places: dict[str, int] = {}  # of each key, the one that counts
        self._rows: list[tuple[str, Split, str, str]] = []
        self._contents: dict[str, list[int]] = {}
        for row in rows:
            self._note(row)
        hashed = [(place, int(row[3], 16)) for place, row in enumerate(self._rows) if row[3]]
        self._hashed = np.asarray([place for place, _ in hashed], np.int64)
        self._hashes: NDArray[np.uint64] = np.asarray([number for _, number in hashed], np.uint64)

    def add(self, key: str, split: Split, facts: ImageFacts) -> None:
        """An item that is new, or that has another picture or split now."""
        self._note((key, split, facts.content_hash, facts.perceptual_hash))
        if facts.perceptual_hash:
            self._hashed = np.append(self._hashed, len(self._rows) - 1)
            number = np.uint64(int(facts.perceptual_hash, 16))
            self._hashes = np.append(self._hashes, number)

    def discard(self, key: str) -> None:
        self._places.pop(key, None)

    def split_of(self, key: str, facts: ImageFacts, otherwise: Split | None = None) -> Split:
        """The side of an item for which none is given: that of its twins, else the one of its own.

        `otherwise` is where an item without twins stays; None divides it as an import does.
        """
        twins = [self._rows[place] for place in self._group(key, facts)]
        if not twins and otherwise is not None:
            return otherwise
        given: list[Split | None] = [*(row[1] for row in twins), None]
        settings = self._settings
        return assign_splits(
            [*(row[0] for row in twins), key],
            given,
            [range(len(given))] if twins else [],
            settings.split,
            settings.split_seed,
        )[-1]

    def _group(self, key: str, facts: ImageFacts) -> list[int]:
        """Places of what is equal or near to the picture, or to one that is, and so on."""
        found: set[int] = set()
        ahead = [(facts.content_hash, facts.perceptual_hash)]
        while ahead:
            content, perceptual = ahead.pop()
            near = set(self._contents.get(content, ()))
            if perceptual:
                apart = np.bitwise_count(self._hashes ^ np.uint64(int(perceptual, 16)))
                close = apart <= self._settings.near_duplicate_bits
                near.update(self._hashed[close].tolist())
            for place in near - found:
                row = self._rows[place]
                if row[0] != key and self._places.get(row[0]) == place:
                    found.add(place)
                    ahead.append(row[2:])
        return sorted(found)

    def _note(self, row: tuple[str, Split, str, str]) -> None:
        place = len(self._rows)
        self._places[row[0]] = place
        self._rows.append(row)
        self._contents.setdefault(row[2], []).append(place)

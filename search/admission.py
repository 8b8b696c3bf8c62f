"""What may be a result at all: decided before the shortlist, so that nothing else takes a place.

held      what the catalog has lost since the generation was built is no result any more
phrases   "exact words" must stand side by side in an item, -"others" must not
aside     what the query was made of, and what was called bad
filters   what the request's filters leave (filtering.py)
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from db.generations import Generation
from db.store import Store
from search.asked import Asked
from search.shortlist import Allowed, allow

Mask = NDArray[np.bool_]  # of the image rows of a generation


class Admission:
    """Kept between searches: the catalog is read whole only when it has lost something more."""

    def __init__(self, store: Store, generation: Generation) -> None:
        self._store, self._generation = store, generation
        self._removals = generation.manifest.removals  # of the catalog that `_held` is right for
        self._held: Mask | None = None  # everything
        self._all_held: Allowed | None = None

    def allowed(self, asked: Asked, filtered: Mask | None = None) -> Allowed | None:
        """None where every item of the generation may be a result."""
        masks = [self._holding(phrase) for phrase in asked.must]
        masks += [~self._holding(phrase) for phrase in asked.must_not]
        if len(asked.aside):
            masks.append(~self._rows(asked.aside))
        if filtered is not None:
            masks.append(filtered)
        if not masks:
            return self._all_held
        if self._held is not None:
            masks.append(self._held)
        return allow(self._generation, np.logical_and.reduce(masks))

    def look_for_gone(self) -> None:
        """To be called before `allowed`. Ids are never given twice: what has gone stays gone."""
        removals = self._store.removals()
        if removals != self._removals:
            self._held = self._rows(np.asarray(self._store.item_ids(), np.int64))
            self._all_held = allow(self._generation, self._held)
            self._removals = removals

    def _holding(self, phrase: str) -> Mask:
        mask = np.zeros(len(self._generation.images.ids), bool)
        mask[self._generation.words.holding(phrase)] = True
        return mask

    def _rows(self, items: NDArray[np.int64]) -> Mask:
        """Of items by their ids; those that the generation lacks are passed over."""
        return self._generation.images.index.select(items).mask

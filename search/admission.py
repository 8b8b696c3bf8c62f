"""What may be a result at all: decided before the shortlist, so that nothing else takes a place.

held      what the catalog has lost since the generation was built is no result any more
phrases   "exact words" must stand side by side in an item, -"others" must not
aside     what the query was made of, and what was called bad
filters   what the request's filters leave (filtering.py)
"""

from __future__ import annotations

from dataclasses import dataclass
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from db.generations import Generation
from db.reader import Reader
from search.asked import Asked
from search.shortlist import Allowed, allow

Mask = NDArray[np.bool_]  # of the image rows of a generation


@dataclass(frozen=True)
class Held:
    """What of the generation the catalog still has; replaced as a whole, as threads share it."""

    removals: int  # of the catalog that it is right for
    mask: Mask | None = None  # everything
    allowed: Allowed | None = None


class Admission:
    """Kept between searches: the catalog is read whole only when it has lost something more.

    Safe to share between threads.
    """

    def __init__(self, store: Reader, generation: Generation) -> None:
        self._store, self._generation = store, generation
        self._held = Held(generation.manifest.removals)
        self._looking = Lock()

    def allowed(self, asked: Asked, filtered: Mask | None = None) -> Allowed | None:
        """None where every item of the generation may be a result."""
        held = self._held
        masks = [self._holding(phrase) for phrase in asked.must]
        masks += [~self._holding(phrase) for phrase in asked.must_not]
        if len(asked.aside):
            masks.append(~self._rows(asked.aside))
        if filtered is not None:
            masks.append(filtered)
        if not masks:
            return held.allowed
        if held.mask is not None:
            masks.append(held.mask)
        return allow(self._generation, np.logical_and.reduce(masks))

    def look_for_gone(self) -> None:
        """To be called before `allowed`. Ids are never given twice: what has gone stays gone."""
        removals = self._store.removals()
        if removals == self._held.removals:
            return
        with self._looking:  # one thread reads, the others want what it finds
            if removals != self._held.removals:
                mask = self._rows(np.asarray(self._store.item_ids(), np.int64))
                self._held = Held(removals, mask, allow(self._generation, mask))

    def _holding(self, phrase: str) -> Mask:
        mask = np.zeros(len(self._generation.images.ids), bool)
        mask[self._generation.words.holding(phrase)] = True
        return mask

    def _rows(self, items: NDArray[np.int64]) -> Mask:
        """Of items by their ids; those that the generation lacks are passed over."""
        return self._generation.images.index.select(items).mask

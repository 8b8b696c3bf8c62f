"""Words side by side: the words of all items in order, searched for a phrase."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from db.words_weights import weights

Numbers = NDArray[np.int64]
# An estimate: fetching one word from its place takes as long as comparing this many in a row.
COST_OF_A_PLACE = 8


class Sequences:
    """A phrase is, for each of its words, the numbers of the forms that it may have, ascending."""

    def __init__(self, sequence: NDArray[np.int32], starts: Numbers) -> None:
        self._sequence, self._starts = sequence, starts

    def holding(self, phrase: Sequence[Numbers], rows: Numbers | None) -> Numbers:
        """Those of the rows (None: of all), ascending, that hold the phrase."""
        return np.unique(self._owners(self._places(phrase, rows)))

    def weighed(self, phrase: Sequence[Numbers], rows: Numbers | None) -> tuple[Numbers, Numbers]:
        """The same, and the weight of each: the sum over all places where the phrase stands."""
        places = self._places(phrase, rows)
        owners = self._owners(places)
        found, slots = np.unique(owners, return_inverse=True)
        starts, words = self._words_of(found)
        within = places - self._starts[owners] + starts[slots]
        total = np.bincount(slots, weights(words, starts)[within], len(found))
        return found, total.astype(np.int64)

    def _places(self, phrase: Sequence[Numbers], rows: Numbers | None) -> Numbers:
        """Where in the sequence the phrase begins."""
        first, *others = phrase
        if rows is None or self._size(rows) * COST_OF_A_PLACE > len(self._sequence):
            places = np.flatnonzero(_is(self._sequence, first))
        else:
            every = self._every(rows)
            places = every[_is(self._sequence[every], first)]
        # Each item ends with a mark, which is no word: no phrase runs on into the next item.
        for offset, forms in enumerate(others, start=1):
            places = places[_is(self._sequence[places + offset], forms)]
        return places

    def _owners(self, places: Numbers) -> Numbers:
        return np.searchsorted(self._starts, places, side="right") - 1

    def _size(self, rows: Numbers) -> int:
        return int((self._starts[rows + 1] - self._starts[rows]).sum())

    def _every(self, rows: Numbers) -> Numbers:
        """All places of some items."""
        begins = self._starts[rows]
        sizes = self._starts[rows + 1] - begins
        before = np.cumsum(sizes) - sizes
        return np.asarray(np.arange(sizes.sum()) + np.repeat(begins - before, sizes))

    def _words_of(self, rows: Numbers) -> tuple[Numbers, NDArray[np.int32]]:
        """The words of some items as one sequence, and where each begins in it."""
        sizes = self._starts[rows + 1] - self._starts[rows]
        return np.concatenate([[0], np.cumsum(sizes)]), self._sequence[self._every(rows)]


def _is(words: NDArray[np.int32], forms: Numbers) -> NDArray[np.bool_]:
    if len(forms) == 1:
        return np.asarray(words == np.int32(forms[0]))
    if forms[-1] - forms[0] + 1 == len(forms):
        return np.asarray((words >= np.int32(forms[0])) & (words <= np.int32(forms[-1])))
    return np.isin(words, forms.astype(np.int32))

"""The items that several terms say most about, found without ranking all that hold one.

Rare terms come first: they say most. Once the items found so far are enough, and all terms that
are left could not bring another one to the relevance of the last of them, common terms only
add to what is found (Turtle and Flood's MaxScore). The answer is that of ranking everything.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.int64]
Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]
# Sums of float32 in another order differ by less than this share.
ROUNDING = 1e-5


class Said(Protocol):
    """A term: the items that hold it, ascending, and what it says of each."""

    @property
    def rows(self) -> NDArray[np.int32]: ...
    @property
    def impacts(self) -> Floats: ...
    @property
    def best(self) -> float:
        """The greatest impact."""

    @property
    def rarity(self) -> float: ...


class Ranker:
    def __init__(self, items: int) -> None:
        self._items = items
        self._own = threading.local()  # each thread its own totals, all zero between two queries

    def best(self, terms: Sequence[Said], count: int, allowed: Mask | None) -> tuple[Rows, Floats]:
        """Rows and their relevance, best first; where it is equal the lower row is."""
        terms = sorted((term for term in terms if len(term.rows)), key=lambda t: len(t.rows))
        if not terms or count < 1:
            return np.empty(0, np.int64), np.empty(0, np.float32)
        total = self._own.__dict__.pop("total", None)
        if total is None:
            total = np.zeros(self._items, np.float32)
        touched = np.empty(0, np.intp)
        for place, term in enumerate(terms):
            found = _reaching(total, touched, terms[place:], count)
            if found is not None:
                break
            touched = np.concatenate([touched, _spread(total, term, allowed)])
        else:
            found = touched
        answer = _first(found, total[found], count)
        total[touched] = 0.0
        self._own.total = total
        return answer


def located(held: NDArray[np.int32], sought: NDArray[np.int32]) -> tuple[Rows, Mask]:
    """Where each sought row is among those held, which ascend, and whether it is there at all."""
    places = np.searchsorted(held, sought)
    if not len(held):
        return places, np.zeros(len(sought), np.bool_)
    places = np.minimum(places, len(held) - 1)
    return places, held[places] == sought


def _reaching(total: Floats, touched: Rows, rest: Sequence[Said], count: int) -> Rows | None:
    """Those that may be among the first, now with all terms; None while others may be, too."""
    if len(touched) < count:
        return None
    so_far = total[touched]
    left = sum(term.rarity * term.best for term in rest)
    last = np.partition(so_far, len(so_far) - count)[len(so_far) - count] * (1 - ROUNDING)
    if left >= last:
        return None
    found: Rows = touched[so_far + left >= last]
    rows = found.astype(np.int32)
    for term in rest:
        places, held = located(term.rows, rows)
        total[found[held]] += np.float32(term.rarity) * term.impacts[places[held]]
    return found


def _spread(total: Floats, term: Said, allowed: Mask | None) -> Rows:
    """Adds what a term says; returns the rows of which nothing was said before."""
    rows, impacts = term.rows.astype(np.intp), term.impacts
    if allowed is not None:
        kept = allowed[rows]
        rows, impacts = rows[kept], impacts[kept]
    before = total[rows]
    total[rows] = before + np.float32(term.rarity) * impacts
    new: Rows = rows[before == 0.0]
    return new


def _first(rows: Rows, relevance: Floats, count: int) -> tuple[Rows, Floats]:
    if len(rows) > count:
        last = np.partition(relevance, len(rows) - count)[len(rows) - count]
        equal = np.flatnonzero(relevance == last)
        equal = equal[np.argsort(rows[equal])]
        over = np.flatnonzero(relevance > last)
        kept = np.concatenate([over, equal[: count - len(over)]])
        rows, relevance = rows[kept], relevance[kept]
    order = np.lexsort((rows, -relevance))
    return rows[order].astype(np.int64), relevance[order]

"""Whether two searchers give the same answers: of one catalog in two places, as after a move."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from db.store import Store
from progress import Progress, silent
from search import Searcher

QUERIES = 100
TOP = 10


@dataclass(frozen=True)
class Sameness:
    queries: int
    equal: int  # whose first ten are the same items in the same order
    shared: float  # share of the one's first ten that the other has among its own, over all queries
    differing: tuple[str, ...]  # queries whose answers are not equal


def queries_of(store: Store, count: int = QUERIES) -> list[str]:
    """What items are said to be: captions or names of so many of them, evenly over the catalog."""
    found: list[str] = []
    step = max(1, store.count_items() // count)
    for number, item in enumerate(store.items()):
        if number % step == 0 and len(found) < count:
            found.append(item.captions[0].text if item.captions else item.name or item.key)
    return [" ".join(text.split()[:12]).replace('"', "") for text in found]


def same_answers(
    one: Searcher, other: Searcher, queries: Sequence[str], progress: Progress = silent
) -> Sameness:
    equal, shared, wanted, differing = 0, 0, 0, []
    for number, query in enumerate(queries, start=1):
        mine, theirs = ([hit.id for hit in s.search(query, TOP).results] for s in (one, other))
        if mine == theirs:
            equal += 1
        else:
            differing.append(query)
        shared += len(set(mine) & set(theirs))
        wanted += max(len(mine), len(theirs))
        progress("answers", number, len(queries))
    return Sameness(len(queries), equal, shared / wanted if wanted else 1.0, tuple(differing))

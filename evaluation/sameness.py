"""Whether two searchers give the same answers: of one catalog in two places, as after a move."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from db.store import Store
from progress import Progress, silent
from search import Searcher
from search.results import Hit

QUERIES = 100
TOP = 10
DIGITS = 5  # of scores that are compared


@dataclass(frozen=True)
class Sameness:
    queries: int
    equal: int  # whose first ten are the same items with the same scores, in the same order
    shared: float  # share of all first tens that are the same; of equal scores any item is right
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
    """Items of equal score have no order of their own, and any of them may be the tenth."""
    equal, shared, wanted, differing = 0, 0, 0, []
    for number, query in enumerate(queries, start=1):
        mine, theirs = (_groups(searcher.search(query, TOP).results) for searcher in (one, other))
        same = sum(_same(score, mine, theirs) for score in mine)
        most = max(sum(map(len, mine.values())), sum(map(len, theirs.values())))
        shared, wanted = shared + same, wanted + most
        if same == most:
            equal += 1
        else:
            differing.append(query)
        progress("answers", number, len(queries))
    return Sameness(len(queries), equal, shared / wanted if wanted else 1.0, tuple(differing))


def _groups(hits: Sequence[Hit]) -> dict[float, set[str]]:
    """Items by their scores."""
    found: dict[float, set[str]] = {}
    for hit in hits:
        found.setdefault(round(hit.score, DIGITS), set()).add(hit.id)
    return found


def _same(score: float, mine: dict[float, set[str]], theirs: dict[float, set[str]]) -> int:
    """How many of the items of a score are the same; of the last score they only are as many."""
    others = theirs.get(score, set())
    if score == min(mine) == min(theirs):
        return min(len(mine[score]), len(others))
    return len(mine[score] & others)

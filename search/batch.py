"""What many requests share: their texts are encoded together, their vectors searched together.

A single request is a batch of one, so that there is one way to an answer.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

import numpy as np

from db.generations import Generation
from errors import PairdexError
from search.asked import Asked
from search.grouping import Group
from search.hits import items_of
from search.paging import Cursor, Page
from search.request import Request
from search.results import SearchResult
from search.shortlist import Allowed, Near, near
from search.stages import Stage, Stages

if TYPE_CHECKING:
    from search.answering import Answering
    from search.filtering import Filter

Answer: TypeAlias = SearchResult | PairdexError
One = TypeVar("One")
Other = TypeVar("Other")
BATCH = 256  # requests whose texts are encoded and whose vectors are searched at once
TOGETHER = 16  # that are judged, and whose items are read from the catalog at once


@dataclass
class Ready:
    """A request on its way to an answer."""

    request: Request
    cursor: Cursor | None
    filtered: Filter | None
    asked: Asked
    allowed: Allowed | None
    line: str = ""  # the query line that is answered
    near: Near | None = None  # what the vector channels find first


@dataclass(frozen=True)
class Found:
    """A request whose page is found; what the catalog says of the items is not read yet."""

    ready: Ready
    page: Page
    stages: Stages
    nearest: list[tuple[Stage, Group]]
    seconds: float  # that it took

    @property
    def items(self) -> list[int]:
        return items_of([*self.page.hits, *self.nearest])


def each_or_error(
    items: Sequence[One], work: Callable[[Sequence[One]], Sequence[Other]]
) -> list[Other | PairdexError]:
    """What `work` makes of all; where it raises, of the halves: a wrong one spoils no other."""
    if not items:
        return []
    try:
        return list(work(items))
    except PairdexError as error:
        if len(items) == 1:
            return [error]
    middle = len(items) // 2
    return each_or_error(items[:middle], work) + each_or_error(items[middle:], work)


def look_near(generation: Generation, ready: Sequence[Ready], count: int) -> None:
    """Search the vector channels for all that look among the same items at once."""
    alike: dict[int, list[Ready]] = {}
    for one in ready:
        if one.asked.vector is not None:
            alike.setdefault(id(one.allowed), []).append(one)
    for some in alike.values():
        vectors = np.stack([one.asked.vector for one in some if one.asked.vector is not None])
        found = near(generation, vectors, count, some[0].allowed)
        for one, nearest in zip(some, found, strict=True):
            one.near = nearest


def cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def answers(steps: Answering, requests: Sequence[Request], run: Any) -> Iterator[Answer]:
    """An answer per request, in their order; `run` is `map`, or that of a pool of threads."""
    start = time.perf_counter()
    revision = steps.revision()
    ready = each_or_error(requests, steps.ready)
    steps.look([one for one in ready if isinstance(one, Ready)])
    before = (time.perf_counter() - start) / max(1, len(requests))
    # A few at a time: what candidates take is given back before the next are looked at.
    for first in range(0, len(ready), TOGETHER):
        found = list(run(steps.find, ready[first : first + TOGETHER]))
        start = time.perf_counter()
        items = {item for one in found if isinstance(one, Found) for item in one.items}
        details = steps.details(sorted(items))
        each = before + (time.perf_counter() - start) / len(found)
        for one in found:
            yield steps.tell(one, details, revision, each) if isinstance(one, Found) else one

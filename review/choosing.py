"""Which questions are asked first: the most doubtful, spread over tags and images."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle

import numpy as np

AGAIN = 0.8  # what a further question about the same tag counts for, each time
SAME_IMAGE = 0.6  # likewise about the same image
RARE = 0.25  # how far rare tags come first: the exponent of how rare they are
RARE_MOST = 2.0
TURNS = (False, True, False, None)  # what the catalog says, in the order in which it is asked about


@dataclass(frozen=True)
class Doubt:
    """A question that may be put."""

    image: str  # content of the file
    about: str  # the tag or the query
    doubt: float  # from 0 = settled to 1
    score: float  # the model's probability of yes
    said: bool | None = None  # what the catalog says; None where it says nothing
    key: str = ""  # id of the question, where it is known


def in_turn(doubts: Sequence[Doubt], count: int, weights: Mapping[str, float]) -> list[Doubt]:
    """The first `count` of three kinds in turn: tags that a catalog may lack, tags that it may give
    wrongly, and tags of images about which it says nothing. How doubtful two kinds are cannot be
    compared; that more is left out of a catalog than is wrong in it can be relied on.
    """
    kinds = {
        said: iter(spread([one for one in doubts if one.said is said], count, weights))
        for said in (False, True, None)
    }
    chosen: list[Doubt] = []
    left = dict(kinds)
    for said in cycle(TURNS):
        if len(chosen) >= count or not left:
            return chosen
        one = next(left[said], None) if said in left else None
        if one is None:
            left.pop(said, None)
        else:
            chosen.append(one)
    return chosen


def spread(doubts: Sequence[Doubt], count: int, weights: Mapping[str, float]) -> list[Doubt]:
    """The first `count`; each question asked makes others about its tag and its image wait."""
    tags, images = Counter[str](), Counter[str]()

    def worth(one: Doubt) -> float:
        seen = AGAIN ** tags[one.about] * SAME_IMAGE ** images[one.image]
        return one.doubt * weights.get(one.about, 1.0) * seen

    heap = [(-worth(one), number) for number, one in enumerate(doubts)]
    heapq.heapify(heap)
    chosen: list[Doubt] = []
    while heap and len(chosen) < count:
        before, number = heapq.heappop(heap)
        one = doubts[number]
        now = -worth(one)
        if now > before:  # it has lost in worth since it was put there
            heapq.heappush(heap, (now, number))
            continue
        chosen.append(one)
        tags[one.about] += 1
        images[one.image] += 1
    return chosen


def rarity(counts: Mapping[str, int]) -> dict[str, float]:
    """Rare tags weigh more: of them the least is known, and an answer tells most."""
    if not counts:
        return {}
    usual = float(np.median([max(1, count) for count in counts.values()]))
    return {
        tag: float(np.clip((usual / max(1, count)) ** RARE, 1 / RARE_MOST, RARE_MOST))
        for tag, count in counts.items()
    }

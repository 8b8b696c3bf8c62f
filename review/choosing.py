"""Which questions are asked first: the most doubtful, spread over tags and images."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

AGAIN = 0.8  # what a further question about the same tag counts for, each time
SAME_IMAGE = 0.6  # likewise about the same image
RARE = 0.25  # how far rare tags come first: the exponent of how rare they are
RARE_MOST = 2.0


@dataclass(frozen=True)
class Doubt:
    """A question that may be put."""

    image: str  # content of the file
    about: str  # the tag or the query
    doubt: float  # from 0 = settled to 1
    score: float  # the model's probability of yes
    key: str = ""  # id of the question, where it is known


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

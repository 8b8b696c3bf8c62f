"""The answers to one request, in stages that reach ever deeper into the catalog.

A channel gives a few hundred candidates; pages may go on beyond them. So the next stage asks each
channel for four times as many, and holds those that no earlier stage has held, until the whole
catalog is through. A stage is judged and put in order by itself, after all earlier ones: no item
comes twice, none is lost, and a page does not depend on how one came to it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from db.generations import Generation
from db.vectors import Ids
from search.diversity import spread
from search.grouping import Group, Groups, alone, group
from search.request import Request
from search.rerank import Evidence
from search.shortlist import Candidates
from settings import SearchSettings

DEEPER = 4
SLICE = 16_384  # candidates judged at a time

# So many per channel → the candidates, and whether there are no others.
Take = Callable[[int], tuple[Candidates, bool]]
Judge = Callable[[Ids], Evidence]


@dataclass(frozen=True)
class Stage:
    candidates: Candidates
    evidence: Evidence  # a row for each candidate
    groups: Groups  # rows of both, in the order of the results
    before: int  # candidates of earlier stages


class Stages:
    """Made for one request; each stage is worked out when it is first asked for."""

    def __init__(
        self,
        generation: Generation,
        request: Request,
        settings: SearchSettings,
        threshold: float,
        take: Take,
        judge: Judge,
    ) -> None:
        self._generation, self._request, self._settings = generation, request, settings
        self._threshold, self._take, self._judge = threshold, take, judge
        self._new: list[Candidates] = []  # of each stage
        self._whole = False
        self._made: dict[int, Stage] = {}

    @property
    def judged(self) -> int:
        """How many candidates were judged so far."""
        return sum(len(stage.candidates) for stage in self._made.values())

    @property
    def best(self) -> float:
        """The best score of the first stage, whether or not it is a result's; 0 where unknown."""
        return float(self._made[0].evidence.score.max(initial=0.0)) if 0 in self._made else 0.0

    @property
    def empty(self) -> bool:
        """Nothing in the first stage is a result."""
        return 0 in self._made and not self._made[0].groups

    def nearest(self, count: int) -> list[tuple[Stage, Group]]:
        """Where nothing is a result, what comes nearest to being one."""
        if not self.empty:
            return []
        order = np.argsort(-self._made[0].evidence.score, kind="stable")[:count]
        return [(self._made[0], Group(int(row))) for row in order]

    def stage(self, number: int) -> Stage | None:
        """None beyond the last. An earlier stage is not judged for a later one."""
        if number in self._made:
            return self._made[number]
        while len(self._new) <= number:
            if self._whole:
                return None
            found, self._whole = self._take(self._settings.shortlist * DEEPER ** len(self._new))
            if self._new:
                seen = np.concatenate([earlier.items for earlier in self._new])
                found = found[~np.isin(found.items, seen)]
            self._new.append(found)
        return self._made.setdefault(number, self._stage(number))

    def _stage(self, number: int) -> Stage:
        candidates = self._new[number]
        starts = range(0, max(len(candidates), 1), SLICE)
        parts = [self._judge(candidates.items[start : start + SLICE]) for start in starts]
        evidence = parts[0] if len(parts) == 1 else _joined(parts)
        before = sum(map(len, self._new[:number]))
        return Stage(candidates, evidence, self._groups(candidates, evidence), before)

    def _groups(self, candidates: Candidates, evidence: Evidence) -> Groups:
        scores, request = evidence.score, self._request
        # Stable: where the judge sees no difference, the shortlist's order stays.
        order = np.argsort(-scores, kind="stable")
        if request.min_score is not None:
            order = order[scores[order] >= request.min_score]
        items = candidates.items[order]
        if request.group:
            settings = self._settings
            groups = group(self._generation, items, settings.group_bits, settings.group_cosine)
        else:
            groups = alone(len(items))
        if request.diversity:
            images = self._generation.images
            vectors = images.vectors[images.rows(items[groups.rows])].astype(np.float32)
            best = scores[order[groups.rows]]
            turn = spread(best, vectors, request.diversity, self._threshold)
            groups = Groups(groups.rows[turn], groups.folded)
        return groups.at(order)  # from places in the order to rows of the candidates


def _joined(parts: Sequence[Evidence]) -> Evidence:
    names = [field.name for field in dataclasses.fields(Evidence)]
    columns = {name: np.concatenate([getattr(part, name) for part in parts]) for name in names}
    return Evidence(**columns)

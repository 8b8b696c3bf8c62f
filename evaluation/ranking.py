"""Ranked lists and what they are worth, by `ir-measures` (the C code of trec_eval)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import ir_measures
import numpy as np
from ir_measures import RR, P, R, nDCG
from numpy.typing import NDArray

from db.vectors import Ids
from evaluation.bootstrap import Resamples
from evaluation.report import Figures

# How deep a list is looked at, as TREC does it. A rank beyond is counted as the mean of the rest.
DEPTH = 1000
RETRIEVAL = {"R@1": R @ 1, "R@5": R @ 5, "R@10": R @ 10, "MRR": RR, "nDCG@10": nDCG @ 10}
MANY = {"nDCG@10": nDCG @ 10, "P@5": P @ 5}
Values = dict[str, NDArray[np.float64]]


@dataclass(frozen=True)
class Ranking:
    """Per query the ids that a system returned, best first, and those that would be right."""

    order: Sequence[Ids]
    relevant: Sequence[Ids]
    size: int  # of the gallery

    def ranks(self) -> NDArray[np.float64]:
        """Of the first right item per query, from 1."""
        found = []
        for order, relevant in zip(self.order, self.relevant, strict=True):
            places = np.flatnonzero(np.isin(order, relevant))
            # Not returned: anywhere behind what was.
            behind = len(order) + (self.size - len(order) + 1) / 2
            found.append(float(places[0] + 1) if len(places) else behind)
        return np.asarray(found)


def per_query(ranking: Ranking, measures: dict[str, ir_measures.measures.Measure]) -> Values:
    names = {str(measure): name for name, measure in measures.items()}
    relevant = {
        str(number): {str(i): 1 for i in ids.tolist()}
        for number, ids in enumerate(ranking.relevant)
    }
    # Scores that fall with the place: trec_eval would settle ties by the item's name.
    run = {
        str(number): {str(i): -float(place) for place, i in enumerate(ids[:DEPTH].tolist())}
        for number, ids in enumerate(ranking.order)
    }
    values = {name: np.zeros(len(ranking.order)) for name in measures}
    for found in ir_measures.iter_calc(list(measures.values()), relevant, run):
        values[names[str(found.measure)]][int(found.query_id)] = found.value
    return values


def retrieval(prefix: str, ranking: Ranking, resamples: Resamples) -> Figures:
    """One right item per query."""
    values = per_query(ranking, RETRIEVAL)
    figures = {f"{prefix}.{name}": resamples.mean(of) for name, of in values.items()}
    figures[f"{prefix}.median_rank"] = resamples.median(ranking.ranks())
    return figures


def many_right(prefix: str, ranking: Ranking, resamples: Resamples) -> Figures:
    """Several right items per query."""
    values = per_query(ranking, MANY)
    return {f"{prefix}.{name}": resamples.mean(of) for name, of in values.items()}


def chance(right: Sequence[int], size: int) -> Values:
    """What shuffling the gallery gives on average, exactly: `right` items are right per query."""
    share = np.asarray(right, np.float64) / size
    gains = 1 / np.log2(np.arange(2, 12))
    best = np.cumsum(gains)[np.minimum(np.asarray(right), 10) - 1]
    values = {f"R@{k}": np.full(len(share), min(1.0, k / size)) for k in (1, 5, 10)}
    return values | {
        "P@5": share * min(1.0, size / 5),
        "nDCG@10": share * gains[: min(10, size)].sum() / best,
        # Of one right item, which is anywhere with equal chance.
        "MRR": np.full(len(share), (1 / np.arange(1, size + 1)).mean()),
        "median_rank": np.full(len(share), (size + 1) / 2),
    }

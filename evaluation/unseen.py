"""Retrieval where the gallery knows only images, or only captions: nothing but the model helps.

shortlist   nearest vectors by cosine
rerank      the same, its first `search.shortlist` put in the order of the match head
random      shuffled galleries
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from db.generations import Generation
from db.vectors import Floats, Ids
from encoder.encoded import Encoded, Encoder
from evaluation.bootstrap import Resamples
from evaluation.ranking import (
    DEPTH,
    MANY,
    RETRIEVAL,
    Ranking,
    chance,
    many_right,
    per_query,
    retrieval,
)
from evaluation.report import Figures
from search.rerank import Evidence, judge
from search.wording import without_words


@dataclass(frozen=True)
class Looked:
    """One query on a gallery of images."""

    nearest: Ids  # by cosine
    shortlist: Ids  # the first of them, which the head has judged
    evidence: Evidence  # of the shortlist
    reranked: Ids


def look(
    generation: Generation, encoder: Encoder, texts: Sequence[str], length: int, seed: int
) -> list[Looked]:
    """Each query on the images of a generation; what the index knows in words is left aside."""
    side = generation.images
    ids, vectors = np.asarray(side.ids), side.vectors.astype(np.float32)
    dice = np.random.default_rng(seed)
    queries = encoder.texts(texts)
    found = []
    for number, text in enumerate(texts):
        nearest = ids[_best(vectors @ queries.vectors[number], dice)]
        shortlist = nearest[:length]
        one = queries[number : number + 1]
        evidence = judge(generation, encoder, one, shortlist, without_words(shortlist, text))
        order = np.argsort(-evidence.image, kind="stable")
        reranked = np.concatenate([shortlist[order], nearest[length:]])
        found.append(Looked(nearest, shortlist, evidence, reranked))
    return found


def retrieval_figures(
    prefix: str, looked: Sequence[Looked], own: Ids, size: int, resamples: Resamples
) -> tuple[Figures, dict[str, list[float]]]:
    """Figures of the three systems where one image is right, and the ranks behind them."""
    rankings = _rankings(looked, [own[i : i + 1] for i in range(len(own))], size)
    return _single(prefix, rankings, resamples)


def attribute_figures(
    prefix: str,
    looked: Sequence[Looked],
    relevant: Sequence[Ids],
    size: int,
    resamples: Resamples,
) -> Figures:
    """Figures of the three systems where every image with the attributes is right."""
    figures: Figures = {}
    for system, ranking in _rankings(looked, relevant, size).items():
        figures |= many_right(f"{prefix}.{system}", ranking, resamples)
    values = chance([len(ids) for ids in relevant], size)
    return figures | {f"{prefix}.random.{name}": resamples.mean(values[name]) for name in MANY}


def caption_figures(
    prefix: str,
    encoder: Encoder,
    images: Encoded,
    captions: Encoded,
    own: Ids,
    length: int,
    resamples: Resamples,
    seed: int,
) -> tuple[Figures, dict[str, list[float]]]:
    """Image → captions: row `own[i]` of the captions belongs to image i."""
    dice = np.random.default_rng(seed)
    nearest, reranked = [], []
    for number in range(len(images)):
        cosines = captions.vectors @ images.vectors[number]
        order = _best(cosines, dice)
        first = order[:length]
        # As the tagger ranks captions.
        halves = images.halves[number : number + 1]
        logits = encoder.head.logits(halves, captions.halves[first], cosines[first])
        scores = encoder.scoring.image(logits, cosines[first])
        nearest.append(order)
        again = first[np.argsort(-scores, kind="stable")]
        reranked.append(np.concatenate([again, order[length:]]))
    relevant = [own[i : i + 1] for i in range(len(own))]
    rankings = {
        "shortlist": Ranking(nearest, relevant, len(captions)),
        "rerank": Ranking(reranked, relevant, len(captions)),
    }
    return _single(prefix, rankings, resamples)


def _single(
    prefix: str, rankings: dict[str, Ranking], resamples: Resamples
) -> tuple[Figures, dict[str, list[float]]]:
    figures: Figures = {}
    for system, ranking in rankings.items():
        figures |= retrieval(f"{prefix}.{system}", ranking, resamples)
    values = chance([1] * resamples.count, rankings["shortlist"].size)
    for name in (*RETRIEVAL, "median_rank"):
        figures[f"{prefix}.random.{name}"] = resamples.mean(values[name])
    before, after = (per_query(rankings[s], RETRIEVAL)["MRR"] for s in ("shortlist", "rerank"))
    figures[f"{prefix}.rerank_gain.MRR"] = resamples.mean(after - before)
    shown = {system: ranking.ranks().tolist() for system, ranking in rankings.items()}
    return figures, shown


def _rankings(looked: Sequence[Looked], relevant: Sequence[Ids], size: int) -> dict[str, Ranking]:
    return {
        "shortlist": Ranking([one.nearest for one in looked], relevant, size),
        "rerank": Ranking([one.reranked for one in looked], relevant, size),
    }


def _best(scores: Floats, dice: np.random.Generator) -> NDArray[np.intp]:
    """Highest first; ties in random order, or the order of the rows would help the right one."""
    return np.lexsort((dice.random(len(scores)), -scores))[:DEPTH]

"""The whole search on trial beside each of its channels, asked with attributes and in free text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from db.generations import Generation
from db.vectors import Ids
from encoder.encoded import Encoder
from evaluation.bootstrap import Resamples
from evaluation.gallery import gallery, without
from evaluation.material import Material, as_words, sampled
from evaluation.ranking import MANY, RETRIEVAL, Ranking, chance, per_query, retrieval
from evaluation.report import Figures
from search import Request, Searcher, SearchResult
from search.shortlist import shortlist
from settings import SearchSettings

CHANNELS = ("image", "caption", "words")
# Results asked of the whole search: what is behind them counts as not returned.
RESULTS = 100


def by_channel(
    generation: Generation, encoder: Encoder, queries: Sequence[str], limit: int
) -> dict[str, list[Ids]]:
    """What each channel finds by itself; fused is all of them by rank, before any is judged."""
    encoded = encoder.texts(queries)
    found: dict[str, list[Ids]] = {name: [] for name in (*CHANNELS, "fused")}
    for number, query in enumerate(queries):
        candidates = shortlist(generation, encoded.vectors[number], query, limit)
        for name in CHANNELS:
            found[name].append(candidates.of(name))
        found["fused"].append(candidates.items)
    return found


def by_search(
    searcher: Searcher, ids: Mapping[str, int], requests: Sequence[Request]
) -> tuple[list[SearchResult], list[Ids]]:
    """The answers of the whole search, and the same as ids."""
    results = [searcher.search(request, top=RESULTS) for request in requests]
    order = [np.asarray([ids[hit.id] for hit in one.results], np.int64) for one in results]
    return results, order


def plain(query: str) -> Request:
    """A request of words; every item stands for itself, near duplicates too."""
    return Request(query, group=False)


def gains(
    prefix: str, rankings: Mapping[str, Ranking], resamples: Resamples, measure: str = "nDCG@10"
) -> Figures:
    """What the whole search has over each channel, query by query."""
    values = {name: per_query(of, MANY)[measure] for name, of in rankings.items()}
    return {
        f"{prefix}.gain.{name}.{measure}": resamples.mean(values["hybrid"] - of)
        for name, of in values.items()
        if name != "hybrid"
    }


def free_text(
    material: Material,
    live: Generation,
    encoder: Encoder,
    settings: SearchSettings,
    seed: int,
) -> tuple[Figures, dict[str, int]]:
    """Each query is the last caption of an item, in a catalog that lacks it and nothing else.

    What else is told of the item may find it: another caption, its tags, its name, its image.
    """
    language = material.language
    asked = {}
    for item in sampled(list(material.items), seed):
        texts = [c.text for c in item.captions if c.language == language and as_words(c.text)]
        if texts:
            asked[item.key] = (as_words(texts[-1]), without(item, texts[-1]))
    resamples = Resamples(len(asked), seed)
    queries = [text for text, _ in asked.values()]
    records = [asked[item.key][1] if item.key in asked else item for item in material.catalog]
    with gallery(live, records) as place:
        own = [np.asarray([place.ids[key]]) for key in asked]
        size = len(place.generation.images.ids)
        orders = by_channel(place.generation, encoder, queries, settings.shortlist)
        searcher = Searcher(place.store, place.generation, encoder, settings)
        _, orders["hybrid"] = by_search(searcher, place.ids, [plain(text) for text in queries])
        rankings = {name: Ranking(order, own, size) for name, order in orders.items()}
    figures: Figures = {}
    for system, ranking in rankings.items():
        figures |= retrieval(f"free.{system}", ranking, resamples)
    values = chance([1] * len(queries), size)
    figures |= {f"free.random.{name}": resamples.mean(values[name]) for name in RETRIEVAL}
    return figures | gains("free", rankings, resamples), {"free": len(asked)}

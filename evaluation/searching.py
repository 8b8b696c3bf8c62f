"""The whole search on trial: words and hybrid, with an item's other caption and with attributes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from db.generations import Generation
from db.vectors import Ids
from db.words import Words
from encoder.encoded import Encoder
from evaluation.bootstrap import Resamples
from evaluation.gallery import gallery, without
from evaluation.material import Material, caption, sampled
from evaluation.ranking import Ranking, retrieval
from evaluation.report import Figures
from search import Searcher, SearchResult
from settings import SearchSettings

# Results asked of the whole search: what is behind them counts as not returned.
RESULTS = 100


def by_words(words: Words, queries: Sequence[str], limit: int) -> list[Ids]:
    """Ids by the word index alone (BM25)."""
    return [words.hits(query, limit)[0] for query in queries]


def by_search(
    searcher: Searcher, ids: Mapping[str, int], queries: Sequence[str]
) -> tuple[list[SearchResult], list[Ids]]:
    """The answers of the whole search, and the same as ids."""
    results = [searcher.search(query, top=RESULTS) for query in queries]
    order = [np.asarray([ids[hit.id] for hit in one.results], np.int64) for one in results]
    return results, order


def other_captions(
    material: Material,
    live: Generation,
    encoder: Encoder,
    settings: SearchSettings,
    seed: int,
) -> tuple[Figures, dict[str, int]]:
    """Each query is a caption that the gallery lacks, of an item that has another one.

    Figures over the split alone (`t2i.words`, `t2i.hybrid`) and over the whole catalog
    (`t2i.all.…`); nothing where no item has two captions in one language.
    """
    language = material.language
    asked = {}
    for item in sampled(list(material.items), seed):
        texts = [c.text for c in item.captions if c.language == language]
        if len(texts) > 1 and texts[-1].strip():
            left = without(item, texts[-1])
            if caption(left, language):
                asked[item.key] = (texts[-1], left)
    if not asked:
        return {}, {}
    resamples = Resamples(len(asked), seed)
    queries = [text for text, _ in asked.values()]
    figures: Figures = {}
    for prefix, items in (("t2i", material.items), ("t2i.all", material.catalog)):
        records = [asked[item.key][1] if item.key in asked else item for item in items]
        with gallery(live, records) as place:
            own = [np.asarray([place.ids[key]]) for key in asked]
            held = np.asarray(place.generation.images.ids)
            words = by_words(place.generation.words, queries, settings.shortlist)
            searcher = Searcher(place.store, place.generation, encoder, settings)
            _, found = by_search(searcher, place.ids, queries)
            for system, order in (("words", words), ("hybrid", found)):
                ranking = Ranking(order, own, len(held))
                figures |= retrieval(f"{prefix}.{system}", ranking, resamples)
    return figures, {"t2i.other_captions": len(asked)}

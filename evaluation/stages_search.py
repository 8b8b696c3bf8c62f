"""The search as a user meets it: descriptions, attributes, and queries without an answer."""

from __future__ import annotations

import numpy as np

from db.vectors import Ids
from evaluation.attributes import FEWEST_UNSEEN, AttributeQuery, attribute_queries, bearers
from evaluation.bench import Bench, Findings
from evaluation.bootstrap import Resamples
from evaluation.calibration import calibration_figures
from evaluation.gallery import gallery, wordless
from evaluation.material import as_words, asked
from evaluation.nonsense import nonsense
from evaluation.ranking import MANY, Ranking, chance, many_right
from evaluation.searching import by_channel, by_search, free_text, gains, plain
from evaluation.unseen import attribute_figures, look
from search import Searcher

SHOWN = 10  # results whose scores a user reads


def free_texts(bench: Bench) -> Findings:
    """Descriptions: the whole search and each channel, asked with captions that it lacks."""
    search = bench.settings.search
    figures, counts = free_text(bench.material, bench.generation, bench.encoder, search, bench.seed)
    return Findings(figures, counts)


def attributes(bench: Bench) -> Findings:
    """ "fire-type lizard": the whole catalog as it is searched, and the unseen images."""
    material, seed, search = bench.material, bench.seed, bench.settings.search
    found = Findings()
    queries = attribute_queries(material.catalog, seed)
    if queries:
        resamples = Resamples(len(queries), seed)
        texts = [query.text for query in queries]
        right = _right(queries, {item.id: item.tags for item in material.catalog})
        held = np.asarray(bench.generation.images.ids)
        values = chance([len(of) for of in right], len(held))
        found.figures |= {
            f"attributes.random.{name}": resamples.mean(values[name]) for name in MANY
        }
        ids = {item.key: item.id for item in material.catalog}
        requests = [plain(text) for text in texts]
        results, order = by_search(_searcher(bench), ids, requests)
        orders = by_channel(bench.generation, bench.encoder, texts, search.shortlist)
        orders["hybrid"] = order
        rankings = {name: Ranking(of, right, len(held)) for name, of in orders.items()}
        for system, ranking in rankings.items():
            found.figures |= many_right(f"attributes.{system}", ranking, resamples)
        found.figures |= gains("attributes", rankings, resamples)
        scores = [np.asarray([h.score for h in one.results[:SHOWN]]) for one in results]
        owners = np.repeat(np.arange(len(queries)), [len(one) for one in scores])
        truth = [np.isin(of[:SHOWN], ids) for of, ids in zip(order, right, strict=True)]
        figures, curve = calibration_figures(
            "calibration.results", "results of attribute queries",
            np.concatenate(scores), np.concatenate(truth), owners, resamples,
        )  # fmt: skip
        found.figures |= figures
        found.curves.append(curve)
        found.counts["attributes"] = len(queries)
    queries = attribute_queries(material.items, seed, FEWEST_UNSEEN)
    if queries:
        with gallery(bench.generation, wordless(material.items)) as place:
            right = _right(queries, {place.ids[i.key]: i.tags for i in material.items})
            texts = [query.text for query in queries]
            looked = look(place.generation, bench.encoder, texts, search.shortlist, seed)
            resamples = Resamples(len(queries), seed)
            found.figures |= attribute_figures(
                "attributes.unseen", looked, right, len(material.items), resamples
            )
        found.counts["attributes.unseen"] = len(queries)
    return found


def refusals(bench: Bench) -> Findings:
    """ "Nothing matches": said to nonsense, and said to real queries by mistake."""
    seed, material = bench.seed, bench.material
    searcher = _searcher(bench)
    asked_for = nonsense(seed)
    said = {kind: [_refused(searcher, q) for q in of] for kind, of in asked_for.items()}
    found = Findings()
    everything = np.concatenate(list(said.values()))
    found.figures["no_match.refused"] = Resamples(len(everything), seed).mean(everything)
    for kind, of in said.items():
        found.figures[f"no_match.refused.{kind}"] = Resamples(len(of), seed).mean(np.asarray(of))
    by_attributes = [
        _refused(searcher, query.text) for query in attribute_queries(material.catalog, seed)
    ]
    # The split's items are known by their images alone, or each caption would find itself.
    unseen = {item.key for item in material.items}
    known = [item for item in material.catalog if item.key not in unseen]
    _, texts = asked(material.items, material.language, seed)
    with gallery(bench.generation, [*known, *wordless(material.items)]) as place:
        there = Searcher(place.store, place.generation, bench.encoder, bench.settings.search)
        by_captions = [_refused(there, as_words(text)) for text in texts]
    real = {"captions": by_captions, "attributes": by_attributes}
    for kind, of in real.items():
        if of:
            mistakes = Resamples(len(of), seed).mean(np.asarray(of))
            found.figures[f"no_match.false_refusals.{kind}"] = mistakes
    both = np.asarray(by_captions + by_attributes)
    found.figures["no_match.false_refusals"] = Resamples(len(both), seed).mean(both)
    found.counts |= {"no_match.nonsense": len(everything), "no_match.real": len(both)}
    return found


def _searcher(bench: Bench) -> Searcher:
    return Searcher(bench.store, bench.generation, bench.encoder, bench.settings.search)


def _refused(searcher: Searcher, query: str) -> float:
    return float(searcher.search(query, top=1).no_match)


def _right(queries: list[AttributeQuery], tags_of: dict[int, tuple[str, ...]]) -> list[Ids]:
    holders = bearers(tags_of)
    return [
        np.asarray(sorted(holders[first] & holders[second]), np.int64)
        for first, second in (query.tags for query in queries)
    ]

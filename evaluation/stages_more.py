"""Two more kinds of queries: what an item must not show, and pictures to find more of."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from db.generations import Generation
from db.records import ItemRecord
from db.store import Store
from db.vectors import Ids
from evaluation.attributes import FEWEST, FEWEST_UNSEEN, attribute_queries, bearers
from evaluation.bench import Bench, Findings
from evaluation.bootstrap import Resamples
from evaluation.calibration import calibration_figures
from evaluation.gallery import gallery, wordless
from evaluation.likeness import alike, stored
from evaluation.material import sampled
from evaluation.ranking import MANY, Ranking, chance, many_right, per_query
from evaluation.searching import by_search, plain
from search import Request, Searcher
from search.rerank import judge_picture

# Where hardly an item, or nearly every one, has both, leaving one out changes nothing.
SOME, MOST = 0.2, 0.8
PICTURES = 500
SHOWN = 10


def unwanted(bench: Bench) -> Findings:
    """ "lizard -fire": against the same query without its second half."""
    found = Findings()
    material, seed = bench.material, bench.seed
    ids = {item.key: item.id for item in material.catalog}
    queries = _pairs(material.catalog, FEWEST, seed)
    found.add(_unwanted(bench, "without", bench.store, bench.generation, ids, queries))
    queries = _pairs(material.items, FEWEST_UNSEEN, seed)
    with gallery(bench.generation, wordless(material.items)) as place:
        more = _unwanted(bench, "without.unseen", place.store, place.generation, place.ids, queries)
    found.add(more)
    return found


def _pairs(items: Sequence[ItemRecord], fewest: int, seed: int) -> list[tuple[str, str, set[str]]]:
    """A tag, one that some but not all of its bearers bear too, and the keys without that one."""
    holders = bearers({number: item.tags for number, item in enumerate(items)})
    pairs = []
    for query in attribute_queries(items, seed, fewest):
        first, second = query.tags
        left = holders[first] - holders[second]
        if len(left) >= fewest and SOME <= len(left) / len(holders[first]) <= MOST:
            pairs.append((first, second, {items[number].key for number in left}))
    return pairs


def _unwanted(
    bench: Bench,
    prefix: str,
    store: Store,
    generation: Generation,
    ids: dict[str, int],
    pairs: Sequence[tuple[str, str, set[str]]],
) -> Findings:
    if not pairs:
        return Findings()
    searcher = Searcher(store, generation, bench.encoder, bench.settings.search)
    right = [np.asarray(sorted(ids[key] for key in keys), np.int64) for _, _, keys in pairs]
    wanted = [first.replace("_", " ") for first, _, _ in pairs]
    other = [second.replace("_", " ") for _, second, _ in pairs]
    systems = {
        "hybrid": [
            Request(text, without=(no,), group=False)
            for text, no in zip(wanted, other, strict=True)
        ],
        "ignored": [plain(text) for text in wanted],
    }
    resamples = Resamples(len(pairs), bench.seed)
    rankings = {}
    found = Findings(counts={prefix: len(pairs)})
    for system, requests in systems.items():
        _, order = by_search(searcher, ids, requests)
        rankings[system] = Ranking(order, right, len(ids))
        found.figures |= many_right(f"{prefix}.{system}", rankings[system], resamples)
    with_it, ignored = (per_query(rankings[name], MANY)["nDCG@10"] for name in systems)
    found.figures[f"{prefix}.gain.ignored.nDCG@10"] = resamples.mean(with_it - ignored)
    return found


def alike_images(bench: Bench) -> Findings:
    """Images of the split as queries: what shares at least half of the tags is right."""
    catalog = list(bench.material.catalog)
    by_id = {item.id: item for item in catalog}
    ids = np.asarray(sorted(by_id), np.int64)
    order = [by_id[number] for number in ids.tolist()]
    right: list[Ids] = []
    plainly: list[Ids] = []
    judged: list[Ids] = []
    scores, truths = [], []
    for item in sampled(list(bench.material.items), bench.seed, PICTURES):
        others = ids != item.id
        likeness = alike(item, order) & others
        if not likeness.any():
            continue
        at = int(np.searchsorted(ids, item.id))
        row = int(bench.generation.images.rows(ids[at : at + 1])[0])
        query = stored(bench.generation, row)
        seen = judge_picture(bench.generation, bench.encoder, query, ids[others])
        right.append(ids[likeness])
        nearest = np.argsort(-seen.cosines, kind="stable")[: bench.settings.search.shortlist]
        plainly.append(ids[others][nearest])
        best = nearest[np.argsort(-seen.score[nearest], kind="stable")]
        judged.append(ids[others][best])
        scores.append(seen.score[best[:SHOWN]])
        truths.append(likeness[others][best[:SHOWN]])
    if not right:
        return Findings(notes=["No two items share their tags: image queries are not judged."])
    size = len(ids) - 1
    resamples = Resamples(len(right), bench.seed)
    rankings = {
        "shortlist": Ranking(plainly, right, size),
        "hybrid": Ranking(judged, right, size),
    }
    found = Findings(counts={"like": len(right)})
    for system, ranking in rankings.items():
        found.figures |= many_right(f"like.{system}", ranking, resamples)
    values = chance([len(some) for some in right], size)
    found.figures |= {f"like.random.{name}": resamples.mean(values[name]) for name in MANY}
    after, before = (per_query(rankings[n], MANY)["nDCG@10"] for n in ("hybrid", "shortlist"))
    found.figures["like.gain.shortlist.nDCG@10"] = resamples.mean(after - before)
    owners = np.repeat(np.arange(len(right)), [len(some) for some in scores])
    figures, curve = calibration_figures(
        "calibration.like", "results of image queries",
        np.concatenate(scores), np.concatenate(truths), owners, resamples,
    )  # fmt: skip
    found.figures |= figures
    found.curves.append(curve)
    return found

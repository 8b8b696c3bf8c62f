"""Searches in a batch and one by one, in the same run: with the text network, as users wait.

python -m benchmarks.batch [--model HOME] [--queries COUNT] [--home HOME] SIZE

The catalog is synthetic (benchmarks/synthetic.py), written as `index build` would; the network that
reads the queries is that of the home `--model`. Rounds of both ways take turns, so that a load from
elsewhere falls on both. Given a home, the catalog is made there, or taken if it is there already.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from collections.abc import Callable
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any, cast

import numpy as np

from benchmarks.results import keep
from benchmarks.synthetic import FINGERPRINT, Catalog, fill, publish
from db.generations import current_name, open_current
from db.home import Home
from db.store import Store
from encoder.encoded import Encoder
from encoder.runtime import OpenVinoEncoder
from search import Searcher, SearchResult
from settings import load_settings

ROUNDS = 4
WARM = 20  # queries before the clock


class _Reads:
    """The model of another home over a catalog that has vectors of no model."""

    fingerprint = FINGERPRINT

    def __init__(self, encoder: OpenVinoEncoder) -> None:
        self._encoder = encoder

    def __getattr__(self, name: str) -> Any:
        return getattr(self._encoder, name)


def measure(size: int, count: int, home: Home, model: Home) -> dict[str, Any]:
    settings, catalog = load_settings(environment={}), Catalog(size)
    if current_name(home.generations) is None:
        fill(home, catalog)
        publish(home, catalog, settings.index)
    encoder = OpenVinoEncoder(model.artifact, settings.runtime, model.compiled)
    live = open_current(home.generations, stamps=home.stamps)
    texts = _texts(catalog, count + WARM)
    with Store.open(home.path) as store:
        searcher = Searcher(store, live, cast(Encoder, _Reads(encoder)), settings.search)
        for text in texts[:WARM]:
            searcher.search(text)
        list(searcher.search_many(texts[:WARM]))
        texts = texts[WARM:]
        single: list[SearchResult] = []
        latency: list[float] = []
        rounds: list[dict[str, float]] = []
        for some in np.array_split(np.asarray(texts, object), ROUNDS):
            part = some.tolist()
            alone = _clocked(partial(_singly, searcher, part, single, latency), len(part))
            batch = _clocked(partial(_together, searcher, part), len(part))
            rounds.append({f"alone {k}": v for k, v in alone.items()} | batch)
        many = list(searcher.search_many(texts))
    same = sum(_same(one, other) for one, other in zip(single, many, strict=True))
    figures = {name: round(median(each[name] for each in rounds), 3) for name in rounds[0]}
    spread = np.percentile(latency, (50, 99))
    return {
        "items": size, "queries": len(texts), "same": same, "rounds": rounds, **figures,
        "p50": round(float(spread[0]), 2), "p99": round(float(spread[1]), 2),
    }  # fmt: skip


def _singly(
    searcher: Searcher, texts: list[str], answers: list[SearchResult], latency: list[float]
) -> None:
    for text in texts:
        start = time.perf_counter()
        answers.append(searcher.search(text))
        latency.append((time.perf_counter() - start) * 1000)


def _together(searcher: Searcher, texts: list[str]) -> None:
    list(searcher.search_many(texts))


def _clocked(work: Callable[[], object], count: int) -> dict[str, float]:
    start, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_SELF)
    work()
    wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF)
    core = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"per second": count / wall, "core ms": core / count * 1000}


def _same(one: SearchResult, other: object) -> bool:
    """The same ids and, but for rounding, scores."""
    assert isinstance(other, SearchResult)
    pairs = zip(one.results, other.results, strict=True)
    return all(a.id == b.id and abs(a.score - b.score) < 1e-5 for a, b in pairs)


def _texts(catalog: Catalog, count: int) -> list[str]:
    """Three words of some item's caption, no two alike."""
    found: dict[str, None] = {}
    for caption in catalog.captions():
        found[" ".join(caption.split()[:3])] = None
        if len(found) == count:
            break
    return list(found)


def shown(result: dict[str, Any]) -> list[str]:
    many, alone = (
        f"{result[f'{way}per second']:.0f} per second, {result[f'{way}core ms']:.1f} ms of a core"
        for way in ("", "alone ")
    )
    return [
        f"{result['items']:,} items, {result['queries']:,} queries of three words",
        f"  in a batch  {many}",
        f"  one by one  {alone}; p50 {result['p50']:.1f} ms, p99 {result['p99']:.1f} ms",
        f"  the same ids and scores in {result['same']:,} of {result['queries']:,}",
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("size", nargs="?", type=int, default=100_000)
    parser.add_argument("--model", type=Path, default=Path("demo/home"))
    parser.add_argument("--queries", type=int, default=1000)
    parser.add_argument("--home", type=Path)
    parser.add_argument("--name", default="batch", help="of the files in benchmarks/results")
    given = parser.parse_args()
    place = (
        nullcontext(given.home) if given.home else tempfile.TemporaryDirectory(prefix="pairdex-")
    )
    with place as folder:
        result = measure(given.size, given.queries, Home(Path(folder)), Home(given.model))
    keep(given.name, shown(result), result)


if __name__ == "__main__":
    main()

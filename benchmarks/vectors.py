"""Searching 10,000 to a million items: latency, recall, memory and building time.

python -m benchmarks.vectors [--name NAME] SIZE…

Each size is a process of its own: a catalog of synthetic vectors and words is written into a
database and a generation, as `index build` would, opened, and searched by `Searcher` as `search`
does, but for the text network. Queries are texts that no item has; none was used in choosing the
index. Exact search over all vectors says what is right.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import mean
from typing import Any

import msgspec
import numpy as np

from benchmarks.results import keep
from benchmarks.synthetic import Catalog, answering, fill, publish
from db.generations import Generation, open_current
from db.home import Home
from db.store import Store
from db.vectors import Floats, exact
from encoder.encoded import Encoder
from search import Searcher
from search.rerank import judge
from search.shortlist import shortlist
from search.wording import wording
from settings import load_settings

QUERIES = 300
EACH = 250  # candidates from each channel, so that about 500 are judged


def measure(size: int, folder: Path) -> dict[str, Any]:
    home = Home(folder)
    catalog = Catalog(size)
    settings = load_settings(environment={})
    clock = Clock()
    with clock("database"):
        fill(home, catalog)
    before = _peak()
    with clock("generation"):
        publish(home, catalog, settings.index)
    building = _peak()
    vectors, texts = catalog.queries(QUERIES), texts_of(catalog)
    home.stamps.unlink()
    for name in ("first opening", "opening"):
        with clock(name):
            live = open_current(home.generations, stamps=home.stamps)
    search = msgspec.structs.replace(settings.search, shortlist=EACH)
    encoder = answering(texts, vectors)
    with Store.open(home.path) as store:
        searcher = Searcher(store, live, encoder, search)
        for text in texts[:50]:
            searcher.search(text)
        for text in texts:
            with clock("query"):
                searcher.search(text)
        stages = _stages(store, live, encoder, texts)
    query = clock.spread("query")
    del clock.wall["query"]
    return {
        "items": size,
        "index": msgspec.to_builtins(live.manifest.vectors),
        "seconds": {name: round(of[0] / 1000, 3) for name, of in clock.wall.items()},
        "peak_mb": {"before building": round(before), "building": round(building)},
        "recall": _recall(live, vectors),
        "query_ms": query,
        "stages_ms": stages,
    }


def _recall(live: Generation, vectors: Floats) -> dict[str, float]:
    """Of the exact ten nearest images: those among the first ten, and those in the shortlist."""
    side = live.images
    right = side.ids[exact(side.vectors, vectors, 10)[0]].tolist()
    found = {
        "first ten": side.index.search(vectors, 10)[0],
        "channel": side.index.search(vectors, EACH)[0],
    }
    lists = {name: [set(row) for row in ids.tolist()] for name, ids in found.items()}
    lists["shortlist"] = [
        set(shortlist(live, vector, "", EACH).items.tolist()) for vector in vectors
    ]
    return {
        name: round(mean(len(set(r) & s) / 10 for r, s in zip(right, rows, strict=True)), 4)
        for name, rows in lists.items()
    }


def _stages(
    store: Store, live: Generation, encoder: Encoder, texts: list[str]
) -> dict[str, dict[str, float]]:
    """Each part of a query alone, as `Searcher` calls it."""
    clock, judged = Clock(), []
    for text in texts:
        encoded = encoder.texts([text])
        with clock("words"):
            live.words.hits(text, EACH)
        with clock("shortlist with words"):
            ids = shortlist(live, encoded.vectors[0], text, EACH).items
        with clock("present"):
            store.removals()
        with clock("coverage"):
            said = wording(live.words, text, ids)
        with clock("judge"):
            judge(live, encoder, encoded, ids, said)
        with clock("details"):
            store.details(ids[:10].tolist())
        judged.append(len(ids))
    return {name: clock.spread(name) for name in clock.wall} | {"judged": {"mean": mean(judged)}}


def texts_of(catalog: Catalog) -> list[str]:
    """Three words of some item's caption, different for each query."""
    step = max(1, catalog.count // QUERIES)
    chosen = [text for n, text in enumerate(catalog.captions()) if n % step == 0][:QUERIES]
    return [f"{' '.join(text.split()[:3])} q{n}" for n, text in enumerate(chosen)]


class Clock:
    """Milliseconds of named stretches: by the wall, and of this thread's own work.

    On a machine that others use too, the second says what the program costs.
    """

    def __init__(self) -> None:
        self.wall: dict[str, list[float]] = {}
        self.work: dict[str, list[float]] = {}

    @contextmanager
    def __call__(self, name: str) -> Iterator[None]:
        start, began = time.perf_counter(), time.thread_time()
        yield
        self.work.setdefault(name, []).append((time.thread_time() - began) * 1000)
        self.wall.setdefault(name, []).append((time.perf_counter() - start) * 1000)

    def spread(self, name: str) -> dict[str, float]:
        found = {}
        for kind, times in (("", self.wall[name]), ("work_", self.work[name])):
            for percent in (50, 99):
                found[f"{kind}p{percent}"] = round(float(np.percentile(times, percent)), 3)
        return found


def _peak() -> float:
    """Peak memory of this process so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def shown(result: dict[str, Any]) -> str:
    lines = [f"{result['items']:,} items"]
    for name, found in result["index"].items():
        effort = f" at {found['effort']}" if found["effort"] else ""
        lines.append(
            f"  {name:9} {found['factory']}{effort}: recall@10 {found['recall']:.4f} when built, "
            f"{found['bytes_per_item']:.0f} bytes per item, "
            f"{found['ms_per_query']:.2f} ms per query"
        )
    recall, query = result["recall"], result["query_ms"]
    lines.append(
        f"  fresh queries by words: of the exact ten nearest images {recall['first ten']:.4f} are "
        f"the first ten, {recall['channel']:.4f} in the image channel, "
        f"{recall['shortlist']:.4f} in the shortlist"
    )
    judged = result["stages_ms"]["judged"]["mean"]
    lines.append(
        f"  whole query: p50 {query['p50']:.1f} ms, p99 {query['p99']:.1f} ms; "
        f"work of one core p50 {query['work_p50']:.1f} ms, p99 {query['work_p99']:.1f} ms; "
        f"{judged:.0f} candidates judged"
    )
    stages = {k: v for k, v in result["stages_ms"].items() if k != "judged"}
    lines.append(
        "    work by parts, p50 (p99): "
        + ", ".join(
            f"{name} {ms['work_p50']:.2f} ({ms['work_p99']:.2f})" for name, ms in stages.items()
        )
    )
    seconds, peak = result["seconds"], result["peak_mb"]
    lines.append(
        f"  generation in {seconds['generation']:.1f} s, peak memory {peak['building']} MB "
        f"({peak['before building']} MB before); first opening {seconds['first opening']:.2f} s, "
        f"then {seconds['opening']:.3f} s"
    )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("sizes", nargs="*", type=int, default=[10_000, 100_000])
    parser.add_argument("--name", default="vectors", help="of the files in benchmarks/results")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        with tempfile.TemporaryDirectory(prefix="pairdex-", dir=given.one) as folder:
            print(json.dumps(measure(given.sizes[0], Path(folder))))
        return
    results = []
    for size in given.sizes:
        with tempfile.TemporaryDirectory(prefix="pairdex-") as folder:
            command = [sys.executable, "-m", "benchmarks.vectors", "--one", folder, str(size)]
            done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
        results.append(json.loads(done.stdout))
        # After each: a run that is stopped at the largest has kept the others.
        keep(given.name, list(map(shown, results)), {"sizes": results})


if __name__ == "__main__":
    main()

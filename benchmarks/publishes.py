"""Searches while generations are published: all answered, none mixed, and how long they take.

python -m benchmarks.publishes [--items 20000] [--publishes 20] [--readers 2] [--name NAME]

Each reader is a process that searches without a pause. One kind opens the live generation anew
before every search, as `pairdex search` does; one kind keeps a searcher open, as a service does,
until a newer generation is live. Each generation holds other ids than the one before, so a result
that came from two of them would show.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from benchmarks.results import keep
from benchmarks.synthetic import Catalog, answering, publish
from db.generations import current_name, open_current
from db.home import Home
from encoder.encoded import Encoder
from search.rerank import judge
from search.shortlist import shortlist
from search.wording import without_words
from settings import load_settings

APART = 10_000_000  # from the first id of a generation to the first of the next
EACH = 50


@dataclass
class Answered:
    """What one reader saw."""

    searches: int = 0
    mixed: int = 0  # results whose ids are not those of the generation that is named
    failed: list[str] = field(default_factory=list)
    generations: list[str] = field(default_factory=list)
    ms: list[float] = field(default_factory=list)


def read(home: Home, last: str, anew: bool) -> Answered:
    """Search until the generation `last` has answered."""
    vectors = Catalog(100).queries(20)
    encoder = answering([str(n) for n in range(20)], vectors)
    found, generation = Answered(), open_current(home.generations, stamps=home.stamps)
    print("ready", flush=True)
    while last not in found.generations:
        start = time.perf_counter()
        try:
            if anew or generation.name != current_name(home.generations):
                generation = open_current(home.generations, stamps=home.stamps)
            ids, halves = _search(generation, encoder, found.searches % 20)
        except Exception as error:  # noqa: BLE001  what a reader must never meet is counted
            found.failed.append(f"{type(error).__name__}: {error}")
            continue
        found.ms.append((time.perf_counter() - start) * 1000)
        found.searches += 1
        number = int(generation.name)
        found.mixed += bool((ids // APART != number).any() or not len(ids) or not halves)
        if generation.name not in found.generations:
            found.generations.append(generation.name)
    return found


def _search(generation: Any, encoder: Encoder, number: int) -> tuple[np.ndarray, bool]:
    """The judged ids of one query, and whether every candidate could be judged."""
    encoded = encoder.texts([str(number)])
    ids = shortlist(generation, encoded.vectors[0], "", EACH).items
    evidence = judge(generation, encoder, encoded, ids, without_words(ids))
    return ids, bool((generation.images.ids[generation.images.rows(ids)] == ids).all()) and (
        len(evidence.score) == len(ids)
    )


def measure(folder: Path, items: int, publishes: int, readers: int) -> dict[str, Any]:
    """Publish while readers search; half of them, rounded up, open anew before each search."""
    home = Home(folder)
    home.create()
    # Only the live generation is kept: what a reader is about to open may go at any moment.
    settings = msgspec.structs.replace(load_settings(environment={}).index, keep=1)
    publish(home, Catalog(items), settings, first=APART)
    last = f"{publishes + 1:06d}"
    running = [
        subprocess.Popen(
            [
                sys.executable, "-m", "benchmarks.publishes", "--read", str(folder),
                "--last", last, *(["--anew"] if number % 2 == 0 else []),
            ],
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).resolve().parent.parent,
        )
        for number in range(readers)
    ]  # fmt: skip
    for reader in running:
        assert reader.stdout is not None
        assert reader.stdout.readline() == "ready\n"
    start = time.perf_counter()
    for number in range(2, publishes + 2):
        publish(home, Catalog(items, seed=number), settings, first=number * APART)
    seconds = time.perf_counter() - start
    seen = [json.loads(reader.communicate(timeout=600)[0]) for reader in running]
    return {"items": items, "publishes": publishes, "seconds": seconds, "readers": seen}


def shown(result: dict[str, Any]) -> list[str]:
    readers = result["readers"]
    total = sum(reader["searches"] for reader in readers)
    failed = sum(len(reader["failed"]) for reader in readers)
    mixed = sum(reader["mixed"] for reader in readers)
    lines = [
        "{publishes} publishes of {items:,} items in {seconds:.1f} s".format(**result),
        f"{total} searches answered meanwhile, {failed} failed, {mixed} mixed",
    ]
    for number, reader in enumerate(readers):
        kind = "opens anew each time" if number % 2 == 0 else "keeps its searcher"
        p50, p99 = np.percentile(reader["ms"], [50, 99])
        lines.append(
            f"  {kind}: {reader['searches']} searches in {len(reader['generations'])} generations, "
            f"p50 {p50:.1f} ms, p99 {p99:.1f} ms"
        )
    return lines


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--items", type=int, default=20_000)
    parser.add_argument("--publishes", type=int, default=20)
    parser.add_argument("--readers", type=int, default=2)
    parser.add_argument("--name", default="publishes", help="of the files in benchmarks/results")
    parser.add_argument("--read", help=argparse.SUPPRESS)
    parser.add_argument("--last", help=argparse.SUPPRESS)
    parser.add_argument("--anew", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    if given.read:
        print(json.dumps(asdict(read(Home(Path(given.read)), given.last, given.anew))))
        return
    with tempfile.TemporaryDirectory(prefix="pairdex-") as folder:
        result = measure(Path(folder), given.items, given.publishes, given.readers)
    lines = shown(result)
    for reader in result["readers"]:
        del reader["ms"]
    keep(given.name, lines, result)


if __name__ == "__main__":
    main()

"""The index built on a Ray cluster of two nodes, one killed halfway, beside a build of one machine.

python -m benchmarks.ray_build HOME [--items 20000] [--work var/bench] [--prepare]

The catalog is the demo's, drawn and imported where that was not done before (`--prepare` stops
there). Both nodes are on this machine, with a core each, so no speed is to be won: what is shown is
that nothing is lost or doubled, that what a node had finished is not embedded again, and that the
generation is that of the local build, file by file. One node dies as a machine does that loses its
power: SIGKILL for its raylet and for all that runs under it.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from msgspec.structs import replace
from watchdog.events import DirMovedEvent, FileMovedEvent, FileSystemEventHandler
from watchdog.observers import Observer

from benchmarks.kills import Outcome, compare, contents
from benchmarks.results import keep
from catalog.columns import ColumnFlags
from catalog.demo import draw_demo
from catalog.importing import import_catalog
from db import generations
from db.home import Home
from db.published import folder_bytes
from db.store import Store
from encoder.runtime import OpenVinoEncoder
from indexer.job import build_index
from indexer.summary import BuildSummary
from search import Searcher
from settings import Settings, load_settings

QUERIES = 100


class Written(FileSystemEventHandler):
    """How often each shard got its name, which is the last that a worker does with it."""

    def __init__(self) -> None:
        self.times: Counter[str] = Counter()

    def on_moved(self, event: DirMovedEvent | FileMovedEvent) -> None:
        self.times[Path(os.fsdecode(event.dest_path)).name] += 1

    @contextmanager
    def watching(self, folder: Path) -> Iterator[Written]:
        folder.mkdir(parents=True, exist_ok=True)
        observer = Observer()
        observer.schedule(self, str(folder), recursive=True)
        observer.start()
        try:
            yield self
        finally:
            observer.stop()
            observer.join()


@dataclass
class Cut:
    """Kills a node when half of the images are done."""

    node: Any
    written: Written
    start: float = field(default_factory=time.perf_counter)
    at: int = 0  # images that were done then
    total: int = 0
    seconds: float = 0.0  # from the start until then
    processes: int = 0  # that were killed
    finished: frozenset[str] = frozenset()  # shards that were written by then

    def __call__(self, stage: str, done: int, total: int, note: str = "") -> None:
        del note
        if stage == "images" and not self.at and 2 * done >= total:
            self.at, self.total = done, total
            self.finished = frozenset(self.written.times)
            self.seconds = time.perf_counter() - self.start
            self.processes = kill(self.node)


def kill(node: Any) -> int:
    """SIGKILL for every process of a node of Ray; how many there were."""
    own = [one.process.pid for some in node.all_processes.values() for one in some]
    family = list(dict.fromkeys(number for process in own for number in _family(process)))
    for process in family:
        os.kill(process, signal.SIGKILL)
    return len(family)


def _family(process: int) -> Iterator[int]:
    yield process
    children = Path(f"/proc/{process}/task/{process}/children").read_text(encoding="ascii")
    for child in map(int, children.split()):
        yield from _family(child)


def build(home: Home, settings: Settings, progress: Any = None) -> BuildSummary:
    with Store.open(home.path) as store:
        encoder = OpenVinoEncoder(home.artifact, settings.runtime, home.compiled)
        more = () if progress is None else (progress,)
        return build_index(home, store, encoder, settings, *more)


@contextmanager
def cluster_of_two() -> Iterator[tuple[Any, Any]]:
    """The cluster, and that of its nodes which is not its head; a core each."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    # Ray's workers would else yield to all that runs beside them, which the local build does not.
    os.environ.setdefault("RAY_worker_niceness", "0")
    from ray.cluster_utils import Cluster

    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
    try:
        other = cluster.add_node(num_cpus=1)
        cluster.wait_for_nodes()
        yield cluster, other
    finally:
        cluster.shutdown()


def run(local: Home, spread: Home, settings: Settings) -> dict[str, Any]:
    """Both homes hold the same catalog and model, and no index yet."""
    start = time.perf_counter()
    alone = build(local, settings)
    here = time.perf_counter() - start
    shards, written = spread.shards, Written()
    with cluster_of_two() as (cluster, other), written.watching(shards):
        index = replace(settings.index, engine="ray", ray_address=cluster.address)
        cut = Cut(other, written)
        summary = build(spread, replace(settings, index=index), cut)
        there = time.perf_counter() - cut.start
    outcome = Outcome(items=summary.items, captions=summary.captions)
    wanted, found = (generations.open_current(home.generations) for home in (local, spread))
    compare(outcome, contents(wanted), found)
    return asdict(outcome) | {
        "shards": len(written.times),
        "shards_done_at_kill": len(cut.finished),
        "done_and_embedded_again": sum(written.times[name] > 1 for name in cut.finished),
        "shards_written_twice": sum(count > 1 for count in written.times.values()),
        "shards_left": len(list(shards.rglob("*.npz"))),
        "other_files": [
            name for name, checksum in wanted.manifest.files.items()
            if found.manifest.files.get(name) != checksum
        ],
        "files": len(wanted.manifest.files),
        "killed_at": cut.at, "of": cut.total, "killed_processes": cut.processes,
        "seconds_until_kill": cut.seconds, "ray_seconds": there, "local_seconds": here,
        "indexed": summary.indexed,
        "bytes": _bytes(local, summary),
        "stages": {"local": alone.seconds, "ray": summary.seconds},
        "core_ms": {"local": _core_ms(alone), "ray": _core_ms(summary)},
    }  # fmt: skip


def _bytes(home: Home, built: BuildSummary) -> dict[str, float]:
    """Of an item in the database and in a generation, of an image or a caption in the cache."""
    with Store.open(home.path):
        pass  # closed by its last user the database is one file
    generation = generations.open_current(home.generations).folder
    cached = (home.cache / "embeddings.db").stat().st_size
    return {
        "rows": home.database.stat().st_size / built.items,
        "generation": folder_bytes(generation) / built.items,
        "cached": cached / (built.items + built.captions),
    }


def _core_ms(summary: BuildSummary) -> float:
    """Of one core for an image, decoded and embedded."""
    return sum(summary.core_seconds.values()) / max(summary.indexed, 1) * 1000


def other_answers(local: Home, spread: Home, settings: Settings) -> int:
    """Of 100 captions of the catalog as queries, how many find anything else in the other home."""
    with Store.open(local.path) as store:
        step = max(1, store.count_items() // QUERIES)
        items = [*islice(store.items(), 0, step * QUERIES, step)]
    texts = [item.captions[number % len(item.captions)].text for number, item in enumerate(items)]
    answers = []
    for home in (local, spread):
        searcher = Searcher.open(home.path, settings)
        found = [searcher.search(text).results for text in texts]
        answers.append([[(hit.id, hit.score) for hit in hits] for hits in found])
        searcher.close()
    return sum(one != other for one, other in zip(*answers, strict=True))


def prepared(work: Path, model: Path, items: int) -> Home:
    """A home with the demo catalog and a copy of the model, that nothing is built in."""
    folder, home = work / f"demo-{items}", Home(work / f"ray-{items}")
    table = folder / "catalog.csv"
    if not table.is_file():
        draw_demo(folder, items=items)
    with Store.open(home.path, create=True) as store:
        if store.count_items() != items:
            settings = load_settings(home.path).catalog
            import_catalog(table, None, ColumnFlags(), settings, store)
    if not home.artifact.exists():
        shutil.copytree(model, home.artifact)
    return home


def lines_of(found: dict[str, Any]) -> list[str]:
    until, core_ms, other = found["seconds_until_kill"], found["core_ms"], found["other_files"]
    size = found["bytes"]
    sizes = (
        f"bytes: {size['rows']:.0f} an item in the database, {size['generation']:.0f} in the "
        f"generation, {size['cached']:.0f} an image or caption in the cache"
    )
    return [
        f"{found['items']:,} items, {found['captions']:,} captions, two nodes of a core each",
        "",
        f"a node of {found['killed_processes']} processes killed at {found['killed_at']:,} images",
        f"{found['lost']} lost, {found['double']} double, {found['shards_left']} shards left over",
        f"{found['shards']} shards, {found['shards_done_at_kill']} of them done by then",
        f"{found['done_and_embedded_again']} of these embedded again",
        f"{found['shards_written_twice']} of all written twice",
        f"{len(other)} of {found['files']} files differ from the local build's",
        f"{found['farthest']:.1e} is the largest difference of any number",
        f"{found['other_answers']} of {QUERIES} queries answered otherwise",
        f"{found['local_seconds']:.0f} s here, on both cores",
        f"{found['ray_seconds']:.0f} s on Ray, {until:.0f} of them until a core was killed",
        sizes,
        f"core-ms of an image: {core_ms['local']:.2f} here, {core_ms['ray']:.2f} on Ray",
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description="A build on two Ray nodes, one of them killed.")
    parser.add_argument("home", type=Path, help="its model is used")
    parser.add_argument("--items", type=int, default=20_000)
    parser.add_argument("--work", type=Path, default=Path("var/bench"))
    parser.add_argument("--prepare", action="store_true", help="only draw and import")
    options = parser.parse_args()
    home = prepared(options.work, Home(options.home).artifact, options.items)
    if options.prepare:
        return
    homes = []
    for name in ("local", "spread"):
        path = home.path.with_name(f"{home.path.name}-{name}")
        shutil.rmtree(path, ignore_errors=True)
        shutil.copytree(home.path, path)
        homes.append(Home(path))
    settings = load_settings(home.path)
    found = run(homes[0], homes[1], settings)
    found["other_answers"] = other_answers(homes[0], homes[1], settings)
    keep("ray", lines_of(found), found)


if __name__ == "__main__":
    main()

"""The index built on a Ray cluster of two nodes, one killed halfway, beside a build of one machine.

python -m benchmarks.ray_build HOME [--items 20000] [--work var/bench]

Both nodes are on this machine, with a core each, so no speed is to be won: what is shown is that
nothing is lost or doubled and that the vectors are those of the local build. The figure that counts
for a real cluster is how many core-seconds an item costs either way.
"""

from __future__ import annotations

import argparse
import os
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from benchmarks.homes import make_home
from benchmarks.kills import Outcome, compare, contents
from benchmarks.photos import cheap
from benchmarks.results import keep
from db import generations
from db.home import Home
from db.store import Store
from encoder.runtime import OpenVinoEncoder
from indexer.job import BuildSummary, build_index
from settings import Settings, load_settings


@dataclass
class Cut:
    """Kills a node when half of the images are done."""

    cluster: Any
    node: Any
    at: int = 0  # images that were done then
    total: int = 0

    def __call__(self, stage: str, done: int, total: int, note: str = "") -> None:
        del note
        if stage == "images" and not self.at and 2 * done >= total:
            self.at, self.total = done, total
            self.cluster.remove_node(self.node, allow_graceful=False)


def build(home: Home, settings: Settings, progress: Any = None) -> BuildSummary:
    with Store.open(home.path) as store:
        encoder = OpenVinoEncoder(home.artifact, settings.runtime, home.compiled)
        more = () if progress is None else (progress,)
        return build_index(home, store, encoder, settings, *more)


def run(local: Home, spread: Home, settings: Settings) -> dict[str, Any]:
    """Both homes hold the same catalog and model, and no index yet."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    from ray.cluster_utils import Cluster

    start = time.perf_counter()
    build(local, settings)
    here = time.perf_counter() - start
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
    try:
        other = cluster.add_node(num_cpus=1)
        cluster.wait_for_nodes()
        index = replace(settings.index, engine="ray", ray_address=cluster.address)
        cut = Cut(cluster, other)
        start = time.perf_counter()
        summary = build(spread, replace(settings, index=index), cut)
        there = time.perf_counter() - start
    finally:
        cluster.shutdown()
    outcome = Outcome(items=summary.items, captions=summary.captions)
    wanted = generations.open_current(local.generations)
    compare(outcome, contents(wanted), generations.open_current(spread.generations))
    left = len(list((spread.cache / "shards").rglob("*.npz")))
    return asdict(outcome) | {
        "local_seconds": here, "ray_seconds": there, "killed_at": cut.at, "of": cut.total,
        "shards_left": left, "indexed": summary.indexed,
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description="A build on two Ray nodes, one of them killed.")
    parser.add_argument("home", type=Path, help="its model is used")
    parser.add_argument("--items", type=int, default=20_000)
    parser.add_argument("--work", type=Path, default=Path("var/bench"))
    options = parser.parse_args()
    work = options.work / f"ray-{options.items}"
    pictures = cheap(work / "pictures", options.items)
    model = Home(options.home).artifact
    homes = [make_home(work / name, model, pictures) for name in ("local", "spread")]
    found = run(homes[0], homes[1], load_settings(homes[0].path))
    lines = [
        f"{found['items']:,} items, {found['captions']:,} captions, two nodes of a core each",
        "",
        f"{found['killed_at']:,} of {found['of']:,} images were done when one node was killed",
        f"{found['lost']} lost, {found['double']} double, {found['shards_left']} shards left over",
        f"{found['farthest']:.1e} largest difference of any number from the local build",
        f"{found['local_seconds']:.0f} s here, {found['ray_seconds']:.0f} s on Ray",
    ]
    keep("ray", lines, found)


if __name__ == "__main__":
    main()

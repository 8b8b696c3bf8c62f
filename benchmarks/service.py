"""The service under load from a second process, on loopback only.

python -m benchmarks.service [--home demo/home] [--items 100000] [--seconds 60] [--publishes 30]

A synthetic catalog under the home's model (benchmarks/synthetic.py), served by `pairdex serve` as
it is, each query of three words that some item holds. Three measurements, one after the other: one
connection that asks one search after the other, many connections at once, and the same while
generations are published, evenly over the time. A published generation is the live one's files
under a new name, sealed, verified and made live as the index job does it.
"""

from __future__ import annotations

import argparse
import datetime as dt
import itertools
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from benchmarks.results import keep
from benchmarks.start_up import synthetic
from benchmarks.synthetic import Catalog
from db import publishing
from db.generations import MANIFEST, open_current
from db.home import Home

ROOT = Path(__file__).resolve().parent.parent
QUERIES = 2000
KEPT = 3  # generations


@contextmanager
def serving(home: Path, log: Path) -> Iterator[tuple[str, int]]:
    """The address of `pairdex serve`, and its process."""
    with log.open("w", encoding="utf-8") as stderr:
        server = subprocess.Popen(
            [sys.executable, ROOT / "cli.py", "--home", home, "serve", "--port", "0"],
            stdout=subprocess.PIPE, stderr=stderr, text=True, cwd=ROOT,
        )  # fmt: skip
    try:
        assert server.stdout is not None
        line = server.stdout.readline()
        if not line.endswith("ready\n"):
            raise SystemExit(f"the service did not start: {line} {log.read_text()}")
        yield line.split()[0], server.pid
    finally:
        server.send_signal(signal.SIGTERM)
        server.communicate(timeout=600)  # on a machine that is busy otherwise


def load(address: str, queries: list[str], connections: int, seconds: float) -> dict[str, Any]:
    """By another process."""
    command = [sys.executable, "-m", "benchmarks.service_load", address]
    command += ["--connections", str(connections), "--seconds", str(seconds)]
    done = subprocess.run(
        command, input="\n".join(queries), stdout=subprocess.PIPE, text=True, cwd=ROOT, check=True
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def republish(home: Home) -> None:
    """The live generation once more, under a new name."""
    with home.locked("benchmark"), publishing.building(home.generations) as (name, folder):
        live = open_current(home.generations, stamps=home.stamps)
        for file in live.folder.iterdir():
            if file.name != MANIFEST:
                os.link(file, folder / file.name)
        now = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
        manifest = msgspec.structs.replace(live.manifest, name=name, created=now)
        publishing.publish(home.generations, folder, manifest, lambda _: None, KEPT, home.stamps)


@contextmanager
def publishing_meanwhile(home: Home, count: int, seconds: float) -> Iterator[Callable[[], int]]:
    """So many publishes, evenly over the time; says how many there were."""
    over, done = threading.Event(), [0]

    def work() -> None:
        begun = time.monotonic()
        for number in range(count):
            republish(home)
            done[0] += 1
            pause = begun + (number + 1) * seconds / count - time.monotonic()
            if over.wait(max(0.0, pause)):
                return

    worker = threading.Thread(target=work)
    worker.start()
    try:
        yield lambda: done[0]
    finally:
        over.set()
        worker.join()


def mib(pid: int) -> float:
    """What a process holds of its own, mapped files aside."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return next(int(x.split()[1]) for x in status.splitlines() if "RssAnon" in x) / 1024


def words(catalog: Catalog, count: int) -> list[str]:
    """Three words of each of some captions."""
    step = max(1, catalog.count // count)
    some = itertools.islice(catalog.captions(), 0, step * count, step)
    return [" ".join(caption.split()[:3]) for caption in some]


def joined(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """Two loads, one after the other."""
    counted = {
        name: dict(Counter(one[name]) + Counter(other[name])) for name in ("failed", "generations")
    }
    summed = {name: one[name] + other[name] for name in ("ms", "seconds")}
    return one | summed | counted


def figures(found: dict[str, Any]) -> dict[str, Any]:
    ms = found.pop("ms")
    p50, p99 = (float(value) for value in np.percentile(ms, [50, 99]))
    return found | {
        "searches": len(ms), "per_second": len(ms) / found["seconds"], "p50_ms": p50,
        "p99_ms": p99, "max_ms": max(ms),
    }  # fmt: skip


def shown(title: str, one: dict[str, Any]) -> str:
    failed = sum(one["failed"].values())
    return (
        f"{title:<34} {one['per_second']:7.1f} {one['p50_ms']:8.2f} {one['p99_ms']:8.2f} "
        f"{one['p99_ms'] / one['p50_ms']:7.1f} {one['max_ms']:8.1f} {one['searches']:8,} {failed:6}"
    )


def measure(folder: Path, options: argparse.Namespace) -> tuple[list[str], dict[str, Any]]:
    home = Home(folder / "home")
    synthetic(options.items, Path(options.home) / "artifact", home.path)
    queries = words(Catalog(options.items), QUERIES)
    found: dict[str, Any] = {"items": options.items, "publishes": options.publishes}
    with serving(home.path, folder / "log") as (address, pid):
        load(address, queries, options.connections, options.seconds / 6)  # what is first is slow
        found["mib_before"] = mib(pid)
        found["alone"] = figures(load(address, queries, 1, options.seconds / 3))
        found["many"] = figures(load(address, queries, options.connections, options.seconds))
        found["mib_after"] = mib(pid)
        with publishing_meanwhile(home, options.publishes, options.seconds) as done:
            busy = load(address, queries, options.connections, options.seconds)
            while done() < options.publishes:  # on a busy machine they take longer
                more = load(address, queries, options.connections, options.seconds / 6)
                busy = joined(busy, more)
            found["published"] = done()
        found["publishing"] = figures(busy)
        found["mib_published"] = mib(pid)
    served = len(found["publishing"]["generations"])
    many, alone = found["many"], found["alone"]
    lines = [
        f"{options.items:,} items, {options.connections} connections, {options.seconds:g} s",
        f"{'':<34}   per s      p50      p99 p99/p50  longest searches failed",
        shown("one connection, one by one", alone),
        shown(f"{options.connections} connections", many),
        shown(f"the same, {found['published']} publishes", found["publishing"]),
        f"throughput against one by one: {many['per_second'] / alone['per_second']:.2f}",
        f"generations that answered while publishing: {served}",
        "memory of its own, MiB: {mib_before:.0f} before, {mib_after:.0f} after, "
        "{mib_published:.0f} after the publishes".format(**found),
    ]
    return lines, found


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="The service under load.")
    parser.add_argument("--home", default="demo/home", help="its model is used")
    parser.add_argument("--items", type=int, default=100_000)
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--publishes", type=int, default=30)
    parser.add_argument("--name", default="service", help="of the files in benchmarks/results")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="pairdex-") as folder:
        lines, found = measure(Path(folder), options)
    keep(options.name, lines, found)


if __name__ == "__main__":
    main()

"""From `POST /v1/items` to searchable, and what that costs those who search meanwhile.

python -m benchmarks.adding [--home demo/home] [--items N] [--inside] [--name NAME]

A service in a process of its own, asked over loopback. First one item after the other, each when
the one before is found; then 100 at once; then searches without a pause, at first alone, then while
items are added and built all the time. `--items` makes a catalog of so many 64-pixel pictures whose
embeddings are random numbers, for what grows with a catalog is all but the embedding. `--inside`
builds in a thread of the service instead of a process beside it, to see what the latter is worth.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import itertools
import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import httpx2
import numpy as np
from PIL import Image

from benchmarks.homes import make_home
from benchmarks.photos import cheap
from benchmarks.results import keep
from db.cache import EmbeddingCache
from db.home import Home
from db.store import Store
from encoder import artifact as artifacts

ROOT = Path(__file__).resolve().parent.parent
QUERIES = "red green blue small large striped spotted old new shiny soft round".split()
CHUNK = 2000


def made(folder: Path, model: Path, work: Path, items: int) -> Home:
    """A home of so many items, all embedded already, as far as the cache knows."""
    home = make_home(folder, model, cheap(work / "cheap", items))
    artifact = artifacts.load(home.artifact)
    dice, width = np.random.default_rng(0), artifact.shared + artifact.width
    with (
        Store.open(home.path) as store,
        EmbeddingCache(home.cache, artifact.embedding_fingerprint) as cache,
    ):
        rows = list(store.index_rows())
        for kind, contents in (
            ("image", [bytes.fromhex(row.content_hash) for row in rows]),
            (
                "text",
                [hashlib.sha256(t.encode()).digest() for row in rows for _, t in row.captions],
            ),
        ):
            for start in range(0, len(contents), CHUNK):
                part = contents[start : start + CHUNK]
                cache.put(kind, part, dice.normal(size=(len(part), width)).astype(np.float16))
    return home


@contextmanager
def service(home: Home, inside: bool) -> Iterator[tuple[httpx2.Client, int]]:
    """Its client, and the number of its process."""
    start = [sys.executable, "-m", "benchmarks.adding", "--serve", str(home.path)]
    command = [sys.executable, str(ROOT / "cli.py"), "--home", str(home.path), "serve", "--port=0"]
    process = subprocess.Popen(
        start if inside else command,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=ROOT,
    )
    assert process.stdout is not None
    address = process.stdout.readline().split()[0]
    try:
        with httpx2.Client(base_url=address, timeout=600) as client:
            yield client, process.pid
    finally:
        process.terminate()
        process.wait(60)


def add(client: httpx2.Client, number: int) -> str:
    """Send a picture of noise; the address of its ticket."""
    noise = np.random.default_rng(10**9 + number).integers(0, 256, (12, 12, 3), dtype=np.uint8)
    stream = io.BytesIO()
    Image.fromarray(noise).resize((300, 300), Image.Resampling.NEAREST).save(stream, "JPEG")
    said = {"id": f"added {number}", "captions": [{"text": f"a word{number}x thing"}]}
    answer = client.post(
        "/v1/items", data={"item": json.dumps(said)}, files={"image": ("x.jpg", stream.getvalue())}
    )
    assert answer.status_code == 202, answer.text
    return answer.headers["Location"]


def found(client: httpx2.Client, ticket: str) -> str:
    """The generation of a change, once it serves."""
    while True:
        said = client.get(ticket).json()
        if said["state"] == "published":
            return str(said["generation"])
        assert said["state"] != "failed", said
        time.sleep(0.01)


def searches(client: httpx2.Client, seconds: float) -> list[float]:
    """Milliseconds of each of as many searches as there is time for."""
    took: list[float] = []
    until = time.perf_counter() + seconds
    for number in itertools.count():
        start = time.perf_counter()
        if start > until:
            return took
        text = f"a {QUERIES[number % len(QUERIES)]} thing number {number}"
        assert client.post("/v1/search", json={"text": text}).status_code == 200
        took.append((time.perf_counter() - start) * 1000)
    raise AssertionError


def memory(process: int) -> float:
    """MiB that a process holds, without mapped files."""
    lines = (Path("/proc") / str(process) / "status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("RssAnon"))


def processor(process: int) -> float:
    """Seconds of all cores that a process and its own have taken."""
    children = Path(f"/proc/{process}/task/{process}/children").read_text(encoding="ascii")
    ticks = 0
    for number in (process, *map(int, children.split())):
        fields = Path(f"/proc/{number}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        ticks += sum(map(int, fields[11:13]))
    return ticks / os.sysconf("SC_CLK_TCK")


def measure(home: Home, inside: bool, adds: int, seconds: float) -> dict[str, Any]:
    numbers = itertools.count(time.time_ns() % 10**9)
    with service(home, inside) as (client, process):
        found(client, add(client, next(numbers)))  # begins the process that builds
        first, accepted = memory(process), []
        single, spent = [], processor(process)
        for _ in range(adds):
            start = time.perf_counter()
            ticket = add(client, next(numbers))
            accepted.append(time.perf_counter() - start)
            found(client, ticket)
            single.append(time.perf_counter() - start)
        spent = (processor(process) - spent) / adds
        start = time.perf_counter()
        with ThreadPoolExecutor(8) as pool:
            tickets = list(pool.map(lambda number: add(client, number), range(*many(numbers))))
        generations = {found(client, ticket) for ticket in tickets}
        burst = time.perf_counter() - start
        alone = searches(client, seconds)
        ended, builds = threading.Event(), []

        def adding() -> None:
            with httpx2.Client(base_url=client.base_url, timeout=600) as other:
                while not ended.is_set():
                    builds.append(found(other, add(other, next(numbers))))

        adder = threading.Thread(target=adding)
        adder.start()
        beside = searches(client, seconds)
        ended.set()
        adder.join()
        return {
            "items": client.get("/v1/index").json()["items"], "inside": inside,
            "accepted_ms": median(accepted) * 1000, "searchable_s": single,
            "core_s": round(spent, 2),
            "burst_s": burst, "burst_generations": len(generations), "builds": len(builds),
            "alone_ms": _spread(alone), "beside_ms": _spread(beside),
            "own_mib": [first, memory(process)],
        }  # fmt: skip


def many(numbers: Iterator[int]) -> tuple[int, int]:
    first = next(numbers)
    for _ in range(99):
        next(numbers)
    return first, first + 100


def _spread(ms: list[float]) -> dict[str, float]:
    p50, p99 = np.percentile(ms, [50, 99])
    return {"searches": len(ms), "p50": round(float(p50), 1), "p99": round(float(p99), 1)}


def shown(result: dict[str, Any]) -> list[str]:
    single = sorted(result["searchable_s"])
    where = "in a thread of the service" if result["inside"] else "in a process beside the service"
    fastest, slowest, burst = single[0], single[-1], result["burst_generations"]
    lines = [
        f"{result['items']:,} items, built {where}",
        f"accepted in {result['accepted_ms']:.0f} ms",
        f"searchable after {median(single):.2f} s ({fastest:.2f} to {slowest:.2f})",
        f"each took {result['core_s']} s of one core, service and builder together",
        f"100 at once: searchable after {result['burst_s']:.1f} s, in {burst} generations",
    ]
    for name, what in (("alone_ms", "alone"), ("beside_ms", f"beside {result['builds']} builds")):
        one = result[name]
        lines.append(
            f"searches {what}: {one['searches']}, p50 {one['p50']} ms, p99 {one['p99']} ms"
        )
    before, after = result["own_mib"]
    return [*lines, f"the service holds {before:.0f} MiB of its own at first, {after:.0f} at last"]


def serve_inside(home: Home) -> None:
    """The service with jobs in its own thread."""
    import uvicorn

    from catalog.queued import problem
    from db.queue import Queue
    from encoder.runtime import OpenVinoEncoder
    from errors import PairdexError
    from progress import Progress
    from service.app import create_app
    from service.job import Outcome, run
    from service.refused import JobError
    from settings import load_settings

    settings = load_settings(home.path, {})

    class Inside:
        encoder: OpenVinoEncoder | None = None

        def run(self, progress: Progress) -> Outcome:
            self.encoder = self.encoder or OpenVinoEncoder(
                home.artifact, settings.runtime, home.compiled
            )
            try:
                with Store.open(home.path) as store, Queue(home) as queue:
                    return run(home, store, queue, settings, lambda: self.encoder, progress)  # type: ignore[arg-type, return-value]  # made above
            except PairdexError as error:
                raise JobError(problem(error)) from None

        def rest(self) -> None:
            """It keeps what it has."""

        def close(self) -> None:
            """It ends by itself."""

    app = create_app(home.path, settings, builder=Inside())
    import socket

    listener = socket.create_server(("127.0.0.1", 0))
    print(f"http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
    uvicorn.Server(uvicorn.Config(app, log_config=None)).run(sockets=[listener])


def main() -> None:
    parser = argparse.ArgumentParser(description="From an add to the search that finds it.")
    parser.add_argument("--home", type=Path, default=Path("demo/home"), help="copied, not changed")
    parser.add_argument(
        "--items", type=int, default=0, help="make a catalog; else that of the home"
    )
    parser.add_argument("--work", type=Path, default=Path("var/bench"))
    parser.add_argument("--adds", type=int, default=9)
    parser.add_argument("--seconds", type=float, default=15.0, help="of searches, alone and beside")
    parser.add_argument("--inside", action="store_true")
    parser.add_argument("--name", default="adding", help="of the files in benchmarks/results")
    parser.add_argument("--serve", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.serve is not None:
        serve_inside(Home(given.serve))
        return
    given.work.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=given.work) as scratch:
        home = Home(Path(scratch) / "home")
        if given.items:
            home = made(home.path, given.home / "artifact", given.work, given.items)
        else:
            shutil.copytree(given.home, home.path)
        result = measure(home, given.inside, given.adds, given.seconds)
    keep(given.name, shown(result), result)


if __name__ == "__main__":
    main()

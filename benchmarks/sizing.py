"""What a catalog costs per item, and what that makes of a million to a billion.

python -m benchmarks.sizing [SIZE…]
python -m benchmarks.sizing --kept      the model anew, of what was measured last

Each size is a process of its own: rows, a generation and an open searcher of a synthetic catalog
(synthetic.py, one caption per item), as benchmarks/vectors.py makes them. Bytes and core-seconds
are counted, which the load of the machine changes little. The model is then worked out from the
second size and, for inverted lists, the first that has them, put beside what every size came to,
and carried on; memory by what an item added between the two largest. What embedding takes is read
from the results of benchmarks/throughput.py and benchmarks/scale.py, what pgvector takes from those
of benchmarks/postgres.py, what the cache of embeddings takes from those of benchmarks/ray_build.py.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.results import RESULTS, keep
from benchmarks.synthetic import SHARED, WIDTH, Catalog, answering, fill, publish
from benchmarks.vectors import texts_of
from db.choosing import EXACT_UP_TO, candidates
from db.databases import generations_of
from db.home import Home
from db.store import Store
from search import Searcher
from settings import load_settings

SIZES = 10_000, 100_000, 300_000, 1_000_000
TOLD = 1_000_000, 10_000_000, 100_000_000, 1_000_000_000
QUERIES = 100
CORES = 2
CODE = 42  # bytes of a vector in inverted lists, its id included
_CHECKED = (
    "     items     rows  numbers    index    words    bytes    model   core ms    model  building"
    "       own      held\n"
    "                                             per item, and told            per item       MiB"
    "   MiB of a searcher"
)
_TOLD = (
    "        items   core-h   2 cores  cores for  index,      rows  generation  embeddings    disk,"
    "       codes    memory, GB\n"
    "                 embed         h     a day  2 cores h     GB          GB   cached, GB   all GB"
    "          GB   build   search"
)


def measure(size: int, folder: Path) -> dict[str, float]:
    home, catalog = Home(folder), Catalog(size)
    settings = load_settings(environment={})
    fill(home, catalog)
    before = _work()
    publish(home, catalog, settings.index)
    work, building = _work() - before, _memory("VmHWM")
    live = generations_of(home).open_current()
    size_of = {file.name: file.stat().st_size for file in live.folder.iterdir()}
    result = {
        "items": size,
        "rows": home.database.stat().st_size / size,
        "numbers": sum(v for k, v in size_of.items() if ".vectors." in k or ".halves." in k) / size,
        "index": sum(v for k, v in size_of.items() if k.endswith(".faiss")) / size,
        "words": sum(v for k, v in size_of.items() if k.startswith("words.")) / size,
        "core_ms": work * 1000 / size,
        "building_mib": building,
    }
    queries = catalog.queries(QUERIES)
    texts = texts_of(catalog)[:QUERIES]
    with Store.open(home.path) as store:
        searcher = Searcher(store, live, answering(texts, queries), settings.search)
        for text in texts:
            searcher.search(text)
    print(json.dumps(result | {"own_mib": _memory("RssAnon"), "held_mib": _memory("VmRSS")}))
    return result


def _work() -> float:
    """Seconds of all cores that this process has taken."""
    return sum(os.times()[:2])


def _memory(what: str) -> float:
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith(what):
            return int(line.split()[1]) / 1024
    return math.nan


def checked(measured: list[dict[str, float]]) -> list[str]:
    """The model from the two smallest beside the others.

    Bytes are the same for each item but for the index: that of exact search keeps each number, that
    of many the codes. What building one takes per item grows with its lists, that is with the root
    of the count.
    """
    lines = [_CHECKED]
    for one in measured:
        items = int(one["items"])
        parts = [one[part] for part in ("rows", "numbers", "index", "words")]
        lines.append(
            f"{items:10,}"
            + "".join(f"{part:9.0f}" for part in (*parts, sum(parts), bytes_of(measured, items)))
            + f"{one['core_ms']:10.3f}{work_of(measured, items):9.3f}"
            + "".join(f"{one[part]:10.0f}" for part in ("building_mib", "own_mib", "held_mib"))
        )
    return lines


def bytes_of(measured: list[dict[str, float]], items: float) -> float:
    """Of one item: rows and words as the second size had them, numbers and index by count."""
    known, vectors, halves = measured[1], 2 * SHARED * 2, 2 * WIDTH * 2
    index = vectors if items <= EXACT_UP_TO else 2 * CODE
    return known["rows"] + known["words"] + vectors + halves + index


def work_of(measured: list[dict[str, float]], items: float) -> float:
    """Core-milliseconds of one item for the generation, embedding left aside."""
    plain = measured[1]["core_ms"]
    if items <= EXACT_UP_TO:
        return plain
    first = next((one for one in measured if one["items"] > EXACT_UP_TO), None)
    if first is None:
        return math.nan
    return plain + (first["core_ms"] - plain) * math.sqrt(items / first["items"])


def carried_on(measured: list[dict[str, float]], kept: int) -> list[str]:
    """`kept` generations are kept, and one more is there while it is built."""
    embed, caption = _embedding()
    lines = [
        f"embedding, ms of a core: {embed:.2f} a photograph of 500x375, {caption:.2f} a caption",
        _TOLD,
    ]
    cached = 2 * json.loads((RESULTS / "ray.json").read_text(encoding="utf-8"))["bytes"]["cached"]
    for items in TOLD:
        hours = items * (embed + caption) / 1000 / 3600
        work = items * work_of(measured, items) / 1000 / 3600
        rows = measured[1]["rows"]
        generation = bytes_of(measured, items) - rows
        disk = rows + (kept + 1) * generation + cached
        sizes = rows, generation, cached, disk, 2 * CODE
        lines.append(
            f"{items:13,}{hours:9,.0f}{hours / CORES:9,.0f}{math.ceil(hours / 24):9,}"
            f"{work / CORES:9.2f}"
            + "".join(f"{items * size / 1e9:12,.2f}" for size in sizes)
            + "".join(
                f"{memory_of(measured, items, what) / 1024:9,.1f}"
                for what in ("building_mib", "own_mib")
            )
        )
    lines.append(f"kinds of index: {', '.join(f'{n:,} {candidates(n, SHARED)[0]}' for n in TOLD)}")
    return [*lines, *_pgvector()]


def memory_of(measured: list[dict[str, float]], items: float, what: str) -> float:
    """MiB: what each item added between the two largest sizes, carried on."""
    small, large = measured[-2:]
    each = (large[what] - small[what]) / (large["items"] - small["items"])
    return large[what] + each * (items - large["items"])


def _embedding() -> tuple[float, float]:
    throughput = json.loads((RESULTS / "throughput.json").read_text(encoding="utf-8"))
    run = json.loads((RESULTS / "scale.json").read_text(encoding="utf-8"))["runs"][-1][0]
    known = run["summary"]["core_seconds"]
    rest = run["processor"] - known["decode"] - known["inference"]
    # All that the job does but for its images, as if captions took it.
    return throughput["medians"]["pipeline_ms"], rest / run["summary"]["captions"] * 1000


def _pgvector() -> list[str]:
    file = RESULTS / "postgres.json"
    if not file.exists():
        return []
    found = json.loads(file.read_text(encoding="utf-8"))
    server, local = found["backends"]["pgvector"], found["backends"]["faiss"]
    graph = sum(index["bytes_per_item"] for index in server["index"].values())
    seconds = server["seconds"] / found["items"] * 1e6
    line = (
        f"pgvector at {found['items']:,}: {server['bytes_per_item']} bytes per item in the "
        f"database (FAISS: {local['bytes_per_item']} in files), {graph:.0f} of them graphs; "
        f"{seconds:.0f} s to build for a million at that rate"
    )
    return [line]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("sizes", nargs="*", type=int, default=list(SIZES))
    parser.add_argument("--kept", action="store_true", help="measure nothing")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        measure(given.sizes[0], Path(given.one))
        return
    measured: list[dict[str, Any]] = []
    if given.kept:
        measured = json.loads((RESULTS / "sizing.json").read_text(encoding="utf-8"))["sizes"]
    for size in () if given.kept else sorted(given.sizes):
        with tempfile.TemporaryDirectory(prefix="pairdex-") as folder:
            command = [sys.executable, "-m", "benchmarks.sizing", "--one", folder, str(size)]
            done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
        measured.append(json.loads(done.stdout) | {"day": time.strftime("%Y-%m-%d")})
        print(f"{size:,} measured", flush=True)
    index = load_settings(environment={}).index
    lines = [*checked(measured), "", *carried_on(measured, index.keep)]
    days = sorted({one.get("day", "") for one in measured} - {""})
    keep("sizing", [f"measured {', '.join(days)}", "", *lines], {"sizes": measured})


if __name__ == "__main__":
    main()

"""`index build` as a process at several sizes: time and memory of each stage, and a second run.

python -m benchmarks.scale SIZE… [--home demo/home] [--work var/bench] [--captions 2] [--left 500]

The pictures are 64 pixels wide and made of noise, and all differ; the network sees them at its own
size, so inference costs what it always does, while decoding costs less than that of photographs.
With two captions each, 100,000 items have more captions than exact search is the better deal for.

With --left N only the first N images are embedded, with all captions; the others' rows are in the
cache beforehand. For memory: what an image needs while it is embedded does not depend on how many
were before it, and 100,000 are many minutes of inference.

Memory is what the whole process group holds, sampled while it runs: all of it, and that part of it
that is not files which the system has mapped and may drop.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import threading
import time
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.homes import embed_beforehand, make_home
from benchmarks.photos import cheap
from benchmarks.results import keep
from db.home import Home
from encoder import artifact as artifacts

ROOT = Path(__file__).resolve().parent.parent
SAMPLE = 0.05  # seconds
MIB = 1 << 20
# A stage is over when its line appears; what follows is the next one's.
STAGES = {
    "scan": "images", "images": "captions", "captions": "write", "write": "words",
    "words": "words", "image index": "vectors", "caption index": "publish", "publish": "end",
}  # fmt: skip


@dataclass
class Run:
    items: int
    seconds: float = 0.0
    processor: float = 0.0  # seconds of all cores
    peak: float = 0.0  # MiB held at once
    peak_own: float = 0.0  # MiB of it that are no mapped files
    stages: dict[str, float] = field(default_factory=dict)  # stage → MiB held at most
    stages_own: dict[str, float] = field(default_factory=dict)  # likewise, without mapped files
    summary: dict[str, Any] = field(default_factory=dict)


def measured(home: Home, items: int, *flags: str) -> Run:
    """One `index build`, watched."""
    run = Run(items)
    command = [sys.executable, str(ROOT / "cli.py"), "--home", str(home.path), *flags]
    start, before = time.perf_counter(), os.times()
    process = subprocess.Popen(
        [*command, "index", "build", "--json"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    stage = ["scan"]

    def follow() -> None:
        assert process.stderr is not None
        for line in process.stderr:
            stage[0] = STAGES.get(line.partition(":")[0], stage[0])

    readers = [threading.Thread(target=follow)]
    readers[0].start()
    output: list[str] = []
    assert process.stdout is not None
    readers.append(threading.Thread(target=lambda: output.append(process.stdout.read())))  # type: ignore[union-attr]
    readers[1].start()
    while process.poll() is None:
        whole, own = _memory(process.pid)
        run.peak, run.peak_own = max(run.peak, whole), max(run.peak_own, own)
        for held, size in ((run.stages, whole), (run.stages_own, own)):
            held[stage[0]] = max(held.get(stage[0], 0.0), round(size, 1))
        time.sleep(SAMPLE)
    run.seconds = time.perf_counter() - start
    after = os.times()
    run.processor = sum(after[2:4]) - sum(before[2:4])
    for reader in readers:
        reader.join()
    if process.returncode:
        raise SystemExit(f"index build ended with {process.returncode}")
    run.summary = json.loads(output[0])
    return run


def _memory(group: int) -> tuple[float, float]:
    """MiB that the processes of a group hold, and that part which is no mapped file."""
    whole = own = 0.0
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                if os.getpgid(int(folder.name)) != group:
                    continue
                text = (folder / "status").read_text(encoding="ascii", errors="replace")
            except (ProcessLookupError, FileNotFoundError, PermissionError):
                continue
            sizes = dict(line.split(":", 1) for line in text.splitlines() if ":" in line)
            whole += int(sizes.get("VmRSS", "0 kB").split()[0]) / 1024
            own += int(sizes.get("RssAnon", "0 kB").split()[0]) / 1024
    return whole, own


def main() -> None:
    parser = argparse.ArgumentParser(description="Time and memory of the index job.")
    parser.add_argument("sizes", nargs="+", type=int)
    parser.add_argument("--home", default="demo/home", help="its model is used")
    parser.add_argument("--work", default="var/bench", help="where pictures are kept")
    parser.add_argument("--captions", type=int, default=1, choices=(1, 2), help="of each item")
    parser.add_argument("--left", type=int, help="images that are embedded; without, all")
    parser.add_argument("--name", default="scale", help="of the result files")
    parser.add_argument("--set", action="append", default=[], metavar="SECTION.KEY=VALUE")
    options = parser.parse_args()
    flags = [part for value in options.set for part in ("--set", value)]
    work = Path(options.work)
    rows: list[tuple[Run, Run]] = []
    backbone = artifacts.load(Path(options.home) / "artifact").shape["backbone"]
    embedded = "all" if options.left is None else f"the first {options.left}"
    lines = [
        f"{backbone}, captions of each item: {options.captions}; images embedded: {embedded}",
        "   items  build s  core s  ms of a core  MiB  of own  again s  again MiB",
        "                          per item",
    ]
    for size in sorted(options.sizes):
        pictures = cheap(work / "cheap", size)
        with TemporaryDirectory(dir=work) as scratch:
            model = Path(options.home) / "artifact"
            home = make_home(Path(scratch) / "home", model, pictures, options.captions)
            left = size if options.left is None else options.left
            if left < size:
                embed_beforehand(home, left)
            first, again = measured(home, size, *flags), measured(home, size, *flags)
        assert first.summary["indexed"] == left
        assert again.summary["unchanged"] == size
        assert again.summary["generation"] == first.summary["generation"]
        rows.append((first, again))
        each = first.processor / size * 1000
        lines.append(
            f"{size:8,} {first.seconds:8.1f} {first.processor:7.1f} {each:13.2f} {first.peak:4.0f} "
            f"{first.peak_own:7.0f} {again.seconds:8.1f} {again.peak:10.0f}"
        )
        print(lines[-1], flush=True)
    for first, _ in rows:
        held = ", ".join(
            f"{stage} {size:.0f} ({first.stages_own[stage]:.0f})"
            for stage, size in first.stages.items()
        )
        lines.append(f"MiB (of own) at {first.items:,}: {held}")
    for (small, _), (large, _) in pairwise(rows):
        growth = large.processor / small.processor
        more = large.items / small.items
        cost = f"{growth / more - 1:+.1%} cost per item, " if options.left is None else ""
        lines.append(
            f"{small.items:,} to {large.items:,}: {cost}"
            f"{large.peak / small.peak - 1:+.1%} memory, of own "
            f"{large.peak_own / small.peak_own - 1:+.1%}"
        )
    keep(options.name, lines, {"runs": [[asdict(run) for run in row] for row in rows]})


if __name__ == "__main__":
    main()

"""How long a user waits for an answer from a cold start, as a whole process.

python -m benchmarks.start_up HOME [--runs 9] [--items 100000 1000000] [--folder FOLDER]

Of a home, and of synthetic catalogs of the given sizes under that home's model: rows, vectors and
words as an index of so many items has them (benchmarks/synthetic.py). They stay in a named folder,
and are taken from there the next time.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from benchmarks.results import keep
from benchmarks.synthetic import Catalog, fill, publish
from db.generations import POINTER
from db.home import Home
from encoder import artifact as artifacts
from settings import load_settings

PAIRDEX = [sys.executable, str(Path(__file__).resolve().parent.parent / "cli.py")]
ANSWERED = (0, 9)  # found, or nothing matches


def seconds(arguments: list[str], runs: int) -> list[float]:
    """Wall time of each run, after two that warm the disk cache and compile the network."""
    times = []
    for run in range(runs + 2):
        start = time.perf_counter()
        done = subprocess.run([*PAIRDEX, *arguments], stdout=subprocess.DEVNULL, env=os.environ)
        if run > 1:
            times.append(time.perf_counter() - start)
        if done.returncode not in ANSWERED:
            raise SystemExit(f"pairdex {' '.join(arguments)} ended with {done.returncode}")
    return times


def synthetic(items: int, model: Path, folder: Path) -> str:
    """A home of so many items under a model; returns three words that some item holds."""
    home, catalog = Home(folder), Catalog(items)
    if not (home.generations / POINTER).is_file():
        fill(home, catalog)
        shutil.copytree(model, home.artifact)
        fingerprint = artifacts.load(home.artifact).embedding_fingerprint
        publish(home, catalog, load_settings(environment={}).index, fingerprint=fingerprint)
    return " ".join(next(catalog.captions()).split()[:3])


def main() -> None:
    parser = argparse.ArgumentParser(description="Whole processes from a cold start.")
    parser.add_argument("home", nargs="?", default="demo/home")
    parser.add_argument("--runs", type=int, default=9)
    parser.add_argument("--items", type=int, nargs="*", default=[])
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args()
    home = options.home
    image = min((Path(home).parent / "unseen" / "images").glob("*"), default=None)
    commands = [["--help"], ["--home", home, "search", "fire-type lizard"]]
    if image is not None:
        commands.append(["--home", home, "tag", str(image)])
    measured = [(f"pairdex {' '.join(c)}", seconds(c, options.runs)) for c in commands]
    for items in options.items:
        with tempfile.TemporaryDirectory(prefix="pairdex-") as temporary:
            folder = (options.folder or Path(temporary)) / str(items)
            words = synthetic(items, Path(home) / "artifact", folder)
            times = seconds(["--home", str(folder), "search", words], options.runs)
        measured.append((f"pairdex search, three words, {items:,} items", times))
    lines = [
        f"{median(times):6.3f} s  median of {len(times)} "
        f"({min(times):.3f} to {max(times):.3f})  {name}"
        for name, times in measured
    ]
    keep("start-up", lines, {"seconds": dict(measured)})


if __name__ == "__main__":
    main()

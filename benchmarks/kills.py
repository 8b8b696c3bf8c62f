"""`index build` killed at random moments, run again each time, compared with a build left in peace.

python -m benchmarks.kills [KILLS] [HOME] [--items 400] [--work var/bench]

Each round starts the real command and sends SIGKILL after a random part of the time that an
undisturbed build takes. A build that ends before its kill is compared, and then everything is
taken away again but an older generation, which must open after every kill.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from benchmarks.homes import make_home
from benchmarks.photos import cheap
from benchmarks.results import keep
from db import generations
from db.generations import Generation
from db.home import Home
from db.publishing import drop, point

ROOT = Path(__file__).resolve().parent.parent
# Which captions share a batch depends on where a job was killed, and with it the last bits.
TOLERANCE = 2e-3


@dataclass
class Outcome:
    kills: int = 0
    builds: int = 0  # that ran to their end
    items: int = 0
    captions: int = 0
    lost: int = 0  # items or captions missing from a finished build
    double: int = 0
    farthest: float = 0.0  # largest difference of any number of any vector or half
    unanswered: int = 0  # kills after which the older generation could not be opened


def build(home: Home, *flags: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, str(ROOT / "cli.py"), "--home", str(home.path), "-q", *flags]
    # A group of its own, so that nothing of it outlives the kill.
    return subprocess.Popen(
        [*command, "index", "build"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


def finish(home: Home, *flags: str) -> Generation:
    process = build(home, *flags)
    _, errors = process.communicate()
    assert process.returncode == 0, errors.decode()
    return generations.open_current(home.generations)


def run(home: Home, kills: int, seed: int = 0, flags: Sequence[str] = ()) -> Outcome:
    """Kill `kills` builds of a home that holds a catalog, a model and no index yet."""
    dice = random.Random(seed)
    # Another setting makes another generation of the same items: the one that must go on serving.
    # It compiles the networks too, so that the next build takes as long as those that are killed.
    first = finish(home, *flags, "--set", "index.recall=0.5").name
    _begin_anew(home, first)
    start = time.perf_counter()
    reference = finish(home, *flags)
    whole = time.perf_counter() - start
    outcome = Outcome(items=len(reference.images.ids), captions=len(reference.captions.ids))
    wanted = contents(reference)
    _begin_anew(home, first)
    while outcome.kills < kills:
        process = build(home, *flags)
        try:
            _, errors = process.communicate(timeout=dice.uniform(0.0, 1.05 * whole))
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            outcome.kills += 1
            outcome.unanswered += not _answers(home)
            continue
        assert process.returncode == 0, errors.decode()
        compare(outcome, wanted, generations.open_current(home.generations))
        _begin_anew(home, first)
    compare(outcome, wanted, finish(home, *flags))
    return outcome


def _begin_anew(home: Home, first: str) -> None:
    """Take away the embeddings and all generations but the first."""
    for file in home.cache.glob("embeddings.db*"):
        file.unlink()
    point(home.generations, first)
    for name in generations.names(home.generations):
        if name != first:
            drop(home.generations, name)


def contents(generation: Generation) -> dict[str, np.ndarray]:
    """All numbers of both sides by name."""
    found = {}
    for side in (generation.images, generation.captions):
        found[f"{side.name} ids"] = np.array(side.ids)
        found[f"{side.name} vectors"] = np.array(side.vectors, np.float32)
        found[f"{side.name} halves"] = np.array(side.halves, np.float32)
    return found


def compare(outcome: Outcome, wanted: dict[str, np.ndarray], built: Generation) -> None:
    """What a built generation lacks of `wanted`, has twice, or has otherwise."""
    found = contents(built)
    outcome.builds += 1
    for name in wanted:
        if name.endswith("ids"):
            outcome.lost += len(np.setdiff1d(wanted[name], found[name]))
            outcome.double += len(found[name]) - len(np.unique(found[name]))
        elif wanted[name].shape == found[name].shape:
            gap = float(np.abs(wanted[name] - found[name]).max())
            outcome.farthest = max(outcome.farthest, gap)


def _answers(home: Home) -> bool:
    generation = generations.open_current(home.generations)
    vector = np.array(generation.images.vectors[:1], np.float32)
    ids, _ = generation.images.index.search(vector, 1)
    return bool(len(ids[0]))


def main() -> None:
    parser = argparse.ArgumentParser(description="Builds killed at random moments.")
    parser.add_argument("kills", nargs="?", type=int, default=50)
    parser.add_argument("home", nargs="?", default="demo/home", help="its model is used")
    parser.add_argument("--items", type=int, default=400)
    parser.add_argument("--work", default="var/bench", help="where pictures are kept")
    options = parser.parse_args()
    work = Path(options.work)
    pictures = cheap(work / "cheap", options.items)
    with TemporaryDirectory(dir=work) as scratch:
        home = make_home(Path(scratch) / "home", Path(options.home) / "artifact", pictures)
        start = time.perf_counter()
        outcome = run(home, options.kills)
        took = time.perf_counter() - start
    good = not (outcome.lost or outcome.double or outcome.unanswered)
    lines = [
        f"{outcome.kills} builds killed, {outcome.builds} left to end, in {took:.0f} s",
        f"{outcome.items} items and {outcome.captions} captions each",
        f"{outcome.lost} lost, {outcome.double} double",
        f"{outcome.farthest:.1e} is the most by which a number differs from an undisturbed build's",
        f"{outcome.unanswered} kills after which the older generation did not answer",
    ]
    keep("kills", lines, asdict(outcome))
    sys.exit(0 if good and outcome.farthest <= TOLERANCE else 1)


if __name__ == "__main__":
    main()

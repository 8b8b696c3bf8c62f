"""Images tagged per second with sidecars, beside inference alone; and runs killed and resumed.

python -m benchmarks.tagging [HOME] [--images 10000] [--kills 10] [--work var/bench] [--name NAME]

Demo images are drawn where they are missing. They are tagged a part at a time, with JSON, text and
XMP sidecars, by the library calls of `tag`; before and after each part the network alone runs on
pixels in memory, in the same process and precision. Shares are made within a part, of the rate and
of the core-seconds; the median of the parts is told. Then the real command tags all of them again
and is killed with SIGKILL at random moments until a run comes to its end.

The reference is the network alone, from pixels in memory: decoding runs on the same cores and is
counted against tagging. Take a folder without old sidecars: for minutes after thousands of files
were deleted, ext4 is slow to make new ones, for it avoids what was freed just now.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

import numpy as np

from benchmarks.results import keep
from db.generations import open_current
from db.home import Home
from db.journal import Journal
from db.store import Store
from encoder.encoded import Encoder
from encoder.inputs import Pixels
from encoder.runtime import OpenVinoEncoder
from settings import Settings, load_settings
from tagger import Tagger, xmp
from tagger.gather import Inputs
from tagger.many import Run
from tagger.outputs import Outputs

ROOT = Path(__file__).resolve().parent.parent
KINDS = ("json", "txt", "xmp")
ALONE = 1.0  # seconds that inference alone is measured for, each time


@dataclass
class Killed:
    images: int = 0
    kills: int = 0
    lost: int = 0  # sidecars that are missing, damaged or of another image
    double: int = 0  # changes of the journal beyond one per sidecar
    left: int = 0  # unfinished files


def alone(encoder: Encoder, batch: int, seconds: float = ALONE) -> tuple[float, float]:
    """Images per second, and core-milliseconds per image."""
    size = encoder.image_size
    noise = np.random.default_rng(0).integers(0, 256, (batch, size, size, 3), dtype=np.uint8)
    start, cpu = time.perf_counter(), time.process_time()

    def until() -> Iterator[Pixels]:
        while time.perf_counter() - start < seconds:
            yield noise

    count = sum(len(encoded) for encoded in encoder.stream_images(until()))
    wall, used = time.perf_counter() - start, time.process_time() - cpu
    return count / wall, used / count * 1000


def rates(
    home: Home, settings: Settings, files: Sequence[Path], part: int
) -> list[dict[str, float]]:
    encoder = OpenVinoEncoder(home.artifact, settings.runtime, home.compiled)
    batch = settings.runtime.batch
    generation = open_current(home.generations, encoder.fingerprint, home.stamps)
    tagger = Tagger(Store.open(home.path), generation, encoder, settings.tagger, batch)
    run = Run(home, tagger, settings.tagger, Outputs(KINDS), whole=False)
    list(tagger.stream(files[:256]))  # compiles, warms the disk
    alone(encoder, batch)
    rows: list[dict[str, float]] = []
    before = alone(encoder, batch)
    for start in range(0, len(files), part):
        some = list(files[start : start + part])
        wall, cpu = time.perf_counter(), time.process_time()
        count = sum(1 for answer in run(Inputs(files=some)) if answer.status == "tagged")
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        assert count == len(some)
        after = alone(encoder, batch)
        pure, pure_ms = (before[0] + after[0]) / 2, (before[1] + after[1]) / 2
        row = {"rate": count / wall, "ms": cpu / count * 1000, "alone": pure, "alone_ms": pure_ms}
        row |= {"share": row["rate"] / pure, "core_share": pure_ms / row["ms"]}
        rows.append(row)
        before = after
    return rows


def start_tag(home: Home, folder: Path, *flags: str) -> subprocess.Popen[bytes]:
    kinds = [word for kind in KINDS for word in ("--sidecar", kind)]
    command = [sys.executable, str(ROOT / "cli.py"), "--home", str(home.path), "-q", *flags]
    return subprocess.Popen(
        [*command, "tag", str(folder), *kinds],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


def killed(
    home: Home, folder: Path, kills: int, seed: int = 0, flags: Sequence[str] = ()
) -> Killed:
    """Kill `kills` runs, then let one end. A kill falls when a random share of what is left of the
    sidecars has been written, so that each run gets somewhere."""
    dice = random.Random(seed)
    images = sorted(file for file in folder.rglob("*") if file.suffix in (".jpg", ".png"))
    found = Killed(images=len(images))
    there = count_sidecars(folder)
    while found.kills < kills:
        process = start_tag(home, folder, *flags)
        aim = there + dice.random() * (len(KINDS) * len(images) - there) / (kills - found.kills)
        while process.poll() is None and (now := count_sidecars(folder)) <= aim:
            time.sleep(0.002)
        if process.poll() is not None:  # it came to its end before its kill
            process.communicate()
            break
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        found.kills += 1
        there = now
    process = start_tag(home, folder, *flags)
    _, errors = process.communicate()
    assert process.returncode == 0, errors.decode()
    _account(found, home, images)
    found.left = sum(1 for file in folder.rglob(".pairdex-*"))
    return found


def count_sidecars(folder: Path) -> int:
    names = (name for _, _, files in os.walk(folder) for name in files)
    return sum(name.endswith((".json", ".txt", ".xmp")) for name in names)


def _account(found: Killed, home: Home, images: Sequence[Path]) -> None:
    for image in images:
        content, tags = hashlib.sha256(image.read_bytes()).hexdigest(), list[str]()
        for kind in KINDS:
            file = image.with_name(f"{image.name}.{kind}")
            whole = file.is_file()
            if whole and kind == "json":
                body = json.loads(file.read_text())
                whole, tags = body["content"] == content, [given["tag"] for given in body["tags"]]
            elif whole and kind == "txt":
                whole = file.read_text().splitlines() == tags
            elif whole:
                whole = xmp.keywords(file.read_bytes(), str(file)) == tags
            found.lost += not whole
    with Journal(home) as journal:
        assert not journal.unfinished()
        changes = [change for run in journal.runs() for change in journal.changes(run.id)]
    found.double = sum(count - 1 for count in Counter(change.path for change in changes).values())


def draw(folder: Path, count: int) -> list[Path]:
    """Demo images in folders of a thousand, drawn where they are missing."""
    for start in range(0, count, 1000):
        part, some = folder / f"{start:06d}", min(1000, count - start)
        if not (part / "images").is_dir():
            command = [sys.executable, str(ROOT / "cli.py"), "catalog", "demo", "--out", str(part)]
            subprocess.run(
                [*command, "--items", str(some), "--seed", str(5000 + start)],
                check=True,
                stdout=subprocess.DEVNULL,
            )
    return sorted(folder.glob("*/images/*"))


def clean(folder: Path) -> None:
    for kind in KINDS:
        for file in folder.glob(f"*/images/*.{kind}"):
            file.unlink()


def main() -> None:
    parser = argparse.ArgumentParser(description="Tagging with sidecars beside inference alone.")
    parser.add_argument("home", nargs="?", default="demo/home", help="its model and index are used")
    parser.add_argument("--images", type=int, default=10_000)
    parser.add_argument("--part", type=int, default=2500)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--work", default="var/bench", help="where pictures are kept")
    parser.add_argument("--name", default="tagging", help="of the result files")
    parser.add_argument("--set", action="append", default=[], metavar="SECTION.KEY=VALUE")
    options = parser.parse_args()
    folder = Path(options.work) / f"tagged-{options.images}"
    draw(folder, options.images)
    clean(folder)
    home = Home(Path(options.work) / "tagging-home")
    shutil.rmtree(home.path, ignore_errors=True)
    shutil.copytree(options.home, home.path)
    settings = load_settings(home.path, flags=options.set)
    files = sorted(folder.glob("*/images/*"))
    rows = rates(home, settings, files, options.part)
    figures = {key: median(row[key] for row in rows) for key in rows[0]}
    clean(folder)
    for file in home.path.glob("tagging.*"):
        file.unlink()
    outcome = killed(home, folder, options.kills)
    f = figures
    kills = (
        f"{outcome.kills} runs killed with SIGKILL, one let end: {outcome.lost} sidecars lost, "
        f"{outcome.double} written twice, {outcome.left} unfinished files left"
    )
    lines = [
        f"{len(files)} demo images, sidecars {', '.join(KINDS)}; medians of {len(rows)} parts",
        "",
        f"{f['rate']:8.1f} images/s  tagged, sidecars and journal written",
        f"{f['alone']:8.1f} images/s  inference alone, measured around each part",
        f"{f['share']:8.1%} of it",
        f"{f['ms']:8.2f} ms of one core  an image, all told",
        f"{f['alone_ms']:8.2f} ms of one core  its inference alone",
        f"{f['core_share']:8.1%} of the core-seconds are inference",
        "",
        kills,
    ]
    keep(options.name, lines, {"medians": figures, "parts": rows, "killed": asdict(outcome)})
    shutil.rmtree(home.path)


if __name__ == "__main__":
    main()

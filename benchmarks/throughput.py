"""Images embedded per second, end to end from JPEG files, beside two plain loops in the same run.

python -m benchmarks.throughput [HOME] [--images 512] [--runs 5] [--work var/bench] [--name NAME]

    pipeline    what `index build` runs: files → batches → asynchronous requests → cache
    keras       for each batch of 32: Pillow, then `model.predict` on the same weights
    clip        the same loop with CLIP ViT-B/32's image tower in ONNX Runtime (extra `bench`)
    decode, inference   each alone, in seconds of one core; 2 / (decode + inference) is the bound

Runs take turns, so that what else the machine does falls on all alike. Ratios are made within a
run; the median of the runs is told.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from PIL import Image

from benchmarks.homes import make_home
from benchmarks.photos import photos
from benchmarks.results import keep
from db.cache import EmbeddingCache, digests
from db.home import Home
from db.store import Store
from encoder.inputs import read_pixels
from encoder.runtime import OpenVinoEncoder
from indexer.embed import embed_images
from indexer.run import Run
from indexer.scan import scan
from progress import silent
from settings import Settings, load_settings

LOOP = 32  # images per call of the plain loops
PEERS = {
    "keras": "Pillow + Keras model.predict, same weights",
    "clip": "Pillow + CLIP ViT-B/32 in ONNX Runtime",
}
Loop = Callable[[Sequence[Path]], None]


def main() -> None:
    options = _options()
    model = Path(options.home) / "artifact"
    settings = load_settings(Path(options.home), flags=options.set)
    files = photos(Path(options.work) / "photos", options.images)
    encoder = OpenVinoEncoder(model, settings.runtime, Home(Path(options.home)).compiled)
    loops: dict[str, Loop] = {"keras": keras_loop(model)}
    if find_spec("onnxruntime") and find_spec("onnx"):
        loops["clip"] = clip_loop()
    rows: list[dict[str, float]] = []
    with TemporaryDirectory(dir=options.work) as scratch:
        home = make_home(Path(scratch) / "home", model, files)
        pipeline(home, encoder, settings, files[:64])  # compiles, warms the disk
        for loop in loops.values():
            loop(files[:LOOP])
        for _ in range(options.runs):
            row = alone(encoder, settings.runtime.batch, files)
            row |= pipeline(home, encoder, settings, files)
            for name, loop in loops.items():
                start, cpu = time.perf_counter(), time.process_time()
                loop(files)
                row[f"{name}_ms"] = (time.process_time() - cpu) / len(files) * 1000
                row[name] = len(files) / (time.perf_counter() - start)
            rows.append(row | ratios(row))
    figures = {key: median(row[key] for row in rows) for key in rows[0]}
    facts: dict[str, Any] = {
        "images": len(files), "runs": options.runs, "precision": encoder.precision,
        "batch": settings.runtime.batch, "medians": figures, "all": rows,
    }  # fmt: skip
    keep(options.name, _lines(figures, facts), facts)


def pipeline(
    home: Home, encoder: OpenVinoEncoder, settings: Settings, files: Sequence[Path]
) -> dict[str, float]:
    """The images stage of the job, into a cache that knows nothing yet."""
    with TemporaryDirectory(dir=home.path) as folder, Store.open(home.path) as store:
        nothing = digests(b"")
        rows = (row for row, _ in zip(store.index_rows(), files, strict=False))
        plan = scan(rows, len(files), nothing, nothing, silent)
        with EmbeddingCache(Path(folder), encoder.fingerprint) as cache:
            run = Run(home, store, encoder, cache, settings)
            start, cpu = time.perf_counter(), time.process_time()
            # As the job does it, but for the half second in which it measures inference alone.
            done = embed_images(run, plan, measure=False)
            wall, used = time.perf_counter() - start, time.process_time() - cpu
            assert len(cache.known("image")) == len(files) == done.count
    return {
        "pipeline": len(files) / wall,
        "pipeline_ms": used / len(files) * 1000,
        "cores_got": used / wall,
    }


def alone(encoder: OpenVinoEncoder, batch: int, files: Sequence[Path]) -> dict[str, float]:
    """Milliseconds of one core per image, decoding and inference each without the other."""
    size = encoder.image_size
    start = time.thread_time()
    for file in files:
        read_pixels(file.read_bytes(), size)
    decode = (time.thread_time() - start) / len(files)
    noise = np.random.default_rng(0).integers(0, 256, (batch, size, size, 3), dtype=np.uint8)
    count = len(files) // batch
    wall, start = time.perf_counter(), time.process_time()
    for _ in encoder.stream_images(noise for _ in range(count)):
        pass
    used, wall = time.process_time() - start, time.perf_counter() - wall
    return {
        "decode_ms": decode * 1000,
        "inference_ms": used / (count * batch) * 1000,
        "inference": count * batch / wall,
    }


def ratios(row: dict[str, float]) -> dict[str, float]:
    cost = (row["decode_ms"] + row["inference_ms"]) / 1000
    cores = len(os.sched_getaffinity(0))
    found = {
        "bound": cores / cost,
        "share": row["pipeline"] * cost / cores,
        "share_of_cores_got": row["pipeline"] * cost / row["cores_got"],
    }
    for name in PEERS:
        if name in row:
            found[f"times_{name}"] = row["pipeline"] / row[name]
            found[f"times_{name}_core"] = row[f"{name}_ms"] / row["pipeline_ms"]
    return found


def keras_loop(model: Path) -> Loop:
    import training  # noqa: F401  # loads Keras without its greeting
    from encoder import artifact as artifacts
    from encoder.network import NetworkShape, build_network, serving_graphs, set_network_weights
    from encoder.weights import read_arrays

    network = build_network(NetworkShape(**artifacts.load(model).shape))
    set_network_weights(network, read_arrays(model / "weights.npz"))
    graph, _ = serving_graphs(network)
    size = network.shape.image_size

    def loop(files: Sequence[Path]) -> None:
        for start in range(0, len(files), LOOP):
            graph.predict(_plain(files[start : start + LOOP], size), verbose=0)

    return loop


def clip_loop() -> Loop:
    from benchmarks.clip_peer import SIDE, ClipTower

    tower = ClipTower()

    def loop(files: Sequence[Path]) -> None:
        for start in range(0, len(files), LOOP):
            tower(_plain(files[start : start + LOOP], SIDE))

    return loop


def _plain(files: Sequence[Path], size: int) -> np.ndarray:
    """As anyone would read a batch of images."""
    arrays = []
    for file in files:
        with Image.open(file) as image:
            small = image.convert("RGB").resize((size, size), Image.Resampling.BICUBIC)
            arrays.append(np.asarray(small))
    return np.stack(arrays)


def _lines(figures: dict[str, float], facts: dict[str, Any]) -> list[str]:
    f = figures
    lines = [
        f"{facts['images']} JPEG files of 500x375, median of {facts['runs']} runs",
        "",
        f"{f['pipeline']:8.1f} images/s  pipeline in {facts['precision']}",
        f"{f['inference']:8.1f} images/s  its inference alone, from pixels in memory",
    ]
    for name, what in PEERS.items():
        if name in f:
            lines += [
                f"{f[name]:8.1f} images/s  {what}",
                f"{f[f'times_{name}']:8.1f} times as many from the pipeline",
                f"{f[f'times_{name}_core']:8.1f} times as many for a second of one core",
            ]
        else:
            lines.append(f"         not measured  {what}: install the extra `bench`")
    return [
        *lines,
        "",
        f"{f['decode_ms']:8.2f} ms of one core  decoding an image, alone",
        f"{f['inference_ms']:8.2f} ms of one core  its inference, alone",
        f"{f['pipeline_ms']:8.2f} ms of one core  the whole pipeline",
        f"{f['bound']:8.1f} images/s  bound: cores / (decode + inference)",
        f"{f['share']:8.1%} of the bound is reached, with all that else runs here",
        f"{f['share_of_cores_got']:8.1%} of it on the {f['cores_got']:.2f} cores that it got",
    ]


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Images per second, end to end.")
    parser.add_argument("home", nargs="?", default="demo/home", help="its model is measured")
    parser.add_argument("--images", type=int, default=512)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--work", default="var/bench", help="where pictures are kept")
    parser.add_argument("--name", default="throughput", help="of the result files")
    parser.add_argument("--set", action="append", default=[], metavar="SECTION.KEY=VALUE")
    return parser.parse_args()


if __name__ == "__main__":
    main()

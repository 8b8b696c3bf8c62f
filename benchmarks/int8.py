"""What eight bits cost and save: speed, agreement with float32, and recall on validation items.

python -m benchmarks.int8 HOME [--images N] [--runs N]

The catalog of HOME is embedded in float32, in bfloat16 where the processor has it, and in eight
bits, by the graph that `index build` would make (the extra `int8`). Recall@10 of images is the
share of the ten nearest by float32 that are still among the ten nearest; that of captions is how
often the item that a caption of validation is of comes among the ten nearest validation images.
Rates are medians over the runs, precisions taking turns.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from statistics import median

import msgspec
import numpy as np

import images
from benchmarks.results import keep
from db.home import Home
from db.store import Store
from encoder.encoded import Encoded, Floats
from encoder.inputs import Pixels, read_pixels
from encoder.runtime import OpenVinoEncoder
from settings import load_settings

NEAREST = 10


def main() -> None:
    parser = argparse.ArgumentParser(description="What eight bits cost and save.")
    parser.add_argument("home", help="with a catalog and a trained model")
    parser.add_argument("--images", type=int, default=400, help="that are embedded")
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    home = Home(Path(options.home))
    settings = load_settings(home.path, environment={}).runtime
    with Store.open(home.path) as store, tempfile.TemporaryDirectory() as folder:
        encoders = {
            name: OpenVinoEncoder(
                home.artifact, msgspec.structs.replace(settings, precision=name), Path(folder)
            )
            for name in ("f32", "auto", "int8")
        }
        size = encoders["f32"].image_size
        ids = np.asarray(store.item_ids(), np.int64)

        def sample(count: int) -> Pixels:
            return _pixels(store, ids[:: max(1, len(ids) // count)][:count], size)

        start = time.perf_counter()
        encoders["int8"].calibrate(sample)
        made = time.perf_counter() - start
        lines = [f"the graph in eight bits was made in {made:.0f} s"]
        validation = list(store.items("val"))[: options.images]
        pixels = _pixels(store, np.asarray([item.id for item in validation]), size)
        pixels = np.concatenate([pixels, sample(options.images)])[: options.images]
        texts = [item.captions[0].text if item.captions else "" for item in validation]
        queries = encoders["f32"].texts(texts).vectors
        found = {
            name: _streamed(encoder, pixels, settings.batch) for name, encoder in encoders.items()
        }
        rates: dict[str, list[float]] = {name: [] for name in encoders}
        for _ in range(options.runs):
            for name, encoder in encoders.items():
                start = time.perf_counter()
                _streamed(encoder, pixels, settings.batch)
                rates[name].append(len(pixels) / (time.perf_counter() - start))
    figures = {}
    for name, vectors in found.items():
        label = encoders[name].precision
        figures[name] = {
            "precision": label,
            "images_per_second": round(median(rates[name]), 1),
            "cosine": round(float((vectors * found["f32"]).sum(axis=1).mean()), 5),
            "images_recall": round(_same(vectors, found["f32"]), 4),
            "captions_first": round(_right(queries, vectors[: len(queries)], 1), 4),
            "captions_recall": round(_right(queries, vectors[: len(queries)], NEAREST), 4),
        }
        figure = figures[name]
        lines.append(
            f"{label:5} {figure['images_per_second']:7} images per second, mean cosine to f32 "
            f"{figure['cosine']:.4f}, recall@10 of images {figure['images_recall']:.4f}, of "
            f"{len(queries)} captions among as many images {figure['captions_recall']:.4f}, "
            f"recall@1 {figure['captions_first']:.4f}"
        )
    keep("int8", lines, {"images": len(pixels), "runs": options.runs, "figures": figures})


def _pixels(store: Store, ids: np.ndarray, size: int) -> Pixels:
    paths = store.image_paths(ids.tolist())
    return np.stack([read_pixels(images.read_file(Path(path)), size, path) for path in paths])


def _streamed(encoder: OpenVinoEncoder, pixels: Pixels, batch: int) -> Floats:
    parts = (pixels[start : start + batch] for start in range(0, len(pixels), batch))
    found = Encoded.concatenate(list(encoder.stream_images(parts)))
    # As the index has them: eight bits do not keep the length.
    length: Floats = np.linalg.norm(found.vectors, axis=1, keepdims=True)
    return np.divide(found.vectors, length)


def _nearest(queries: Floats, vectors: Floats) -> np.ndarray:
    return np.argsort(-(queries @ vectors.T), axis=1, kind="stable")[:, :NEAREST]


def _same(vectors: Floats, exact: Floats) -> float:
    pairs = zip(_nearest(vectors, vectors), _nearest(exact, exact), strict=True)
    return float(np.mean([len(set(one) & set(other)) / NEAREST for one, other in pairs]))


def _right(queries: Floats, vectors: Floats, first: int) -> float:
    return float(
        (_nearest(queries, vectors)[:, :first] == np.arange(len(queries))[:, None])
        .any(axis=1)
        .mean()
    )


if __name__ == "__main__":
    main()

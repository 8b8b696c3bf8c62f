"""Products told apart in series of photographs that training never saw: what a recipe is chosen by.

    python -m benchmarks.series CATALOG.csv [--weights FILE] [--kind category] [--epochs 30]

Photographs of one shelf on one visit look alike, and held out one by one they flatter. So those of
each product are grouped by what a frozen backbone sees, and whole groups are held out of the split
`train`; val and test are not read. The training is that of `pairdex train --products --finetune`.
"""

from __future__ import annotations

import argparse
import csv
import sys
from pathlib import Path

import keras
import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import AgglomerativeClustering
from sklearn.preprocessing import StandardScaler

from benchmarks.results import keep
from encoder.network_backbone import build_backbone
from encoder.products import asked_side, softmax
from encoder.weights import load_backbone
from training.checkpoints import Checkpoints
from training.features import decode, plain_features
from training.products_head import product_head
from training.products_tune import Tuner
from training.products_views import both_ways, query_features
from training.recipe import Pair, shipped

APART = 0.48  # cosine distance of standardised features from which two groups are two series
LEAST, MOST = 0.24, 0.7  # of a product's photographs, how many are held out
Rows = NDArray[np.intp]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("catalog", type=Path)
    parser.add_argument("--weights", default="imagenet")
    parser.add_argument("--backbone", default="mobilenetv2")
    parser.add_argument("--size", type=int, default=192)
    parser.add_argument("--product", default="product")
    parser.add_argument("--kind", default="category")
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    with asked.catalog.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["split"] == "train"]
    names, labels = np.unique([row[asked.product] for row in rows], return_inverse=True)
    kind_of = {row[asked.product]: row[asked.kind] for row in rows}
    kinds = np.unique([kind_of[name] for name in names], return_inverse=True)[1]
    pairs = [Pair(row["image"], asked.catalog.parent / row["image"], ()) for row in rows]
    sharp = decode(pairs, asked_side(asked.size), say)
    plain = decode(pairs, asked.size, say)
    keras.utils.set_random_seed(asked.seed)
    backbone = build_backbone(asked.backbone, asked.size)
    load_backbone(backbone, asked.backbone, asked.weights)
    held = series(both_ways(backbone, plain), labels, asked.seed)
    learn = np.flatnonzero(~held)
    recipe = shipped(
        seed=asked.seed,
        finetune_epochs=asked.epochs,
        finetune_batch=64,
        finetune_learning_rate=0.001,
    )
    tuner = Tuner(backbone, asked.backbone, sharp[learn], recipe, say)
    everything = np.arange(len(learn))
    made = tuner.tune(everything, labels[learn], kinds, Checkpoints(None, ""))
    seen = plain_features(made.backbone, plain[learn]).astype(np.float32)
    head = product_head(made.weight, made.bias, seen, labels[learn], len(names))
    logits = head.logits(query_features(made.backbone, sharp[held])).mean(axis=1)
    truth, shares = labels[held], softmax(logits, 1.0)
    by_kind = shares @ np.eye(kinds.max() + 1)[kinds]
    figures = {
        "learnt from": len(learn),
        "held out": int(held.sum()),
        "product, first": round(float((shares.argmax(axis=1) == truth).mean()), 4),
        f"{asked.kind}, first": round(float((by_kind.argmax(axis=1) == kinds[truth]).mean()), 4),
        "log loss": round(float(-np.log(shares[np.arange(len(truth)), truth] + 1e-9).mean()), 3),
    }
    keep("series", [f"{name:<16} {value}" for name, value in figures.items()], figures)


def say(stage: str, done: int, total: int, note: str = "") -> None:
    end = "\n" if done == total else ""
    print(f"\r{stage} {done}/{total} {note:<20}", end=end, file=sys.stderr, flush=True)


def series(features: NDArray[np.float32], labels: Rows, seed: int) -> NDArray[np.bool_]:
    """Which pictures are held out: whole groups of those that look alike, of every product."""
    even = np.clip(StandardScaler().fit_transform(features), -3, 3)
    held, dice = np.zeros(len(labels), bool), np.random.default_rng(seed)
    grouping = AgglomerativeClustering(
        n_clusters=None, distance_threshold=APART, metric="cosine", linkage="average"
    )
    for product in np.unique(labels):
        rows = np.flatnonzero(labels == product)
        groups = grouping.fit_predict(even[rows])
        for group in dice.permutation(np.unique(groups)):
            taken, more = held[rows].mean(), (groups == group).mean()
            if taken < LEAST and taken + more <= MOST:
                held[rows[groups == group]] = True
    return held


if __name__ == "__main__":
    main()

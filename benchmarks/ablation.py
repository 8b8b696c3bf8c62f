"""`python -m benchmarks.ablation HOME`: what each addition to the documented recipe brings.

Each row changes one setting of config.toml and trains anew, heads only, on the catalog of the home.
Seed k holds out the k-th fifth of the train and val items, the same for all rows, so that rows are
compared pair by pair; test items are never touched. Finished runs are kept in the result file, so a
killed run goes on where it was.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import mean
from typing import Any

import numpy as np

from benchmarks.machine import machine
from db.store import Store
from settings import Settings, load_settings
from training.fit import fit
from training.job import catalog_pairs
from training.recipe import Pair

FOLDS = 5
FIGURES = (
    "val.tags.macro_mAP",
    "val.R@10",
    "val.MRR",
    "val.match.auc",
    "val.match.mined_auc",
)
DEFAULT = "as shipped"

# What is changed, and how: the addition left out, or a choice made the other way.
ROWS: dict[str, tuple[str, ...]] = {
    DEFAULT: (),
    "no tags (match and contrast alone)": ("training.tag_weight=0",),
    "no made-up captions": ("training.made_up=false",),
    "no synonyms in them": ("training.synonyms=false",),
    "no contrast": ("training.contrast_weight=0",),
    "contrast at full weight": ("training.contrast_weight=1.0",),
    "no mined pairs": ("training.mined=0",),
    "no further images for tags": ("training.extra_images=0",),
    "rare tags not weighed up": ("training.balance=0",),
    "focal tag loss": ("training.focal=2.0",),
    "one view of each image": ("training.views=1",),
    "image dropout 0.3 as documented": ("training.image_dropout=0.3",),
    "no word dropout": ("training.word_dropout=0",),
    "head reads the branches": ('training.head_input="branch"',),
    "no palette": ("encoder.palette=false",),
    "no middle layers": ("encoder.middle=false",),
    "no attention": ("encoder.attention=false",),
    "no way past the LSTM": ("encoder.past_lstm=false",),
    "words stemmed": ('encoder.words="stem"',),
    "words lemmatised": ('encoder.words="lemma"',),
    "the documented recipe alone": (
        "training.tag_weight=0",
        "training.made_up=false",
        "training.contrast_weight=0",
        "training.mined=0",
        "training.extra_images=0",
        "training.balance=0",
        "training.image_dropout=0.3",
        "training.word_dropout=0",
        'training.head_input="branch"',
        "encoder.palette=false",
        "encoder.middle=false",
        "encoder.attention=false",
        "encoder.past_lstm=false",
    ),
}


def folded(pairs: Sequence[Pair], fold: int) -> list[Pair]:
    """The train and val items, with one fifth of them held out."""
    known = [pair for pair in pairs if pair.split != "test"]
    order = np.random.default_rng(0).permutation(len(known))
    held = set(np.array_split(order, FOLDS)[fold].tolist())
    return [
        dataclasses.replace(pair, split="val" if row in held else "train")
        for row, pair in enumerate(known)
    ]


def run(home: Path, row: str, seed: int, pairs: Sequence[Pair]) -> dict[str, float]:
    settings = changed(home, row, seed)
    began = time.monotonic()
    fitted = fit(
        folded(pairs, seed % FOLDS),
        settings.encoder,
        settings.training,
        folder=home / "cache" / "ablation",
    )
    return {name: fitted.metrics[name] for name in FIGURES} | {
        "seconds": round(time.monotonic() - began, 1)
    }


def changed(home: Path, row: str, seed: int) -> Settings:
    flags = (*ROWS[row], f"training.seed={seed}", "training.finetune=false")
    return load_settings(home, flags=flags)


def table(runs: Mapping[str, Mapping[str, Mapping[str, float]]]) -> str:
    """Means over seeds; in brackets the change against the shipped settings, seed by seed."""
    usual = runs[DEFAULT]
    lines = [
        "| change | " + " | ".join(name.removeprefix("val.") for name in FIGURES) + " | seeds |",
        "|---" * (len(FIGURES) + 2) + "|",
    ]
    for row in (name for name in ROWS if name in runs):
        cells = []
        for name in FIGURES:
            shared = [seed for seed in runs[row] if seed in usual]
            value = mean(runs[row][seed][name] for seed in shared)
            steps = [runs[row][seed][name] - usual[seed][name] for seed in shared]
            worse = sum(step < 0 for step in steps)
            note = "" if row == DEFAULT else f" ({mean(steps):+.3f}, {worse}/{len(steps)} worse)"
            cells.append(f"{value:.3f}{note}")
        lines.append(f"| {row} | " + " | ".join(cells) + f" | {len(runs[row])} |")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.ablation", description=__doc__)
    parser.add_argument("home", type=Path)
    parser.add_argument("--seeds", type=int, nargs="*", default=[0, 1, 2])
    parser.add_argument("--rows", nargs="*", default=list(ROWS), choices=list(ROWS))
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results/ablation.json"))
    options = parser.parse_args(arguments)
    with Store.open(options.home) as store:
        pairs = catalog_pairs(store)
    body: dict[str, Any] = {"machine": machine(), "runs": {}}
    if options.out.is_file():
        body = json.loads(options.out.read_text("utf-8"))
    for seed in options.seeds:
        for row in options.rows:
            done = body["runs"].setdefault(row, {})
            if str(seed) in done:
                continue
            done[str(seed)] = run(options.home, row, seed, pairs)
            options.out.parent.mkdir(parents=True, exist_ok=True)
            options.out.write_text(json.dumps(body, indent=1) + "\n", "utf-8")
            sys.stderr.write(f"seed {seed}  {row}: {done[str(seed)]}\n")
    text = f"{body['machine']}\n\n{table(body['runs'])}\n"
    options.out.with_suffix(".txt").write_text(text, "utf-8")
    sys.stdout.write(text)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

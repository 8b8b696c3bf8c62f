"""What forming words costs, and how well tags can be read from the words of a catalog's captions.

Cost: a query's first tokens from a cold start, and captions per second. What a trained model gains
or loses is a row of benchmarks.ablation.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import mean, median

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from benchmarks.ablation import folded
from benchmarks.machine import machine
from catalog.demo.creature import creature
from catalog.demo.describe import describe
from db.store import Store
from encoder.inputs import Tokenizer
from encoder.text import choose_words
from settings import load_settings
from training.batches import Material
from training.captions import label_matrix
from training.fit import choose_tags
from training.job import catalog_pairs
from training.metrics import macro_precision
from training.recipe import Pair

ROOT = Path(__file__).resolve().parent.parent
KINDS = ("plain", "stem", "lemma")
QUERY = "two fire-type lizards flying over volcanoes"
# Loaded beforehand: what any search needs. Then the tokenizer of the model and its first query.
COLD = """
import sys, time
from pathlib import Path
from encoder.inputs import Tokenizer
text = Path(sys.argv[1]).read_text(encoding="utf-8")
start = time.perf_counter()
Tokenizer.from_json(text, 48).encode([sys.argv[2]])
print(time.perf_counter() - start)
"""


def cold(file: Path, runs: int) -> list[float]:
    """Seconds of each run in a process of its own, after one that warms the disk cache."""
    command = [sys.executable, "-c", COLD, str(file), QUERY]
    return [
        float(subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout)
        for _ in range(runs + 1)
    ][1:]


def warm(tokenizer: Tokenizer, captions: list[str], runs: int) -> float:
    """Captions per second once their words have been met."""
    tokenizer.encode(captions)
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        tokenizer.encode(captions)
        times.append(time.perf_counter() - start)
    return len(captions) / median(times)


def read_tags(pairs: Sequence[Pair], kind: str, fold: int) -> tuple[float, int]:
    """Macro mAP of tags read from held-out captions by their pieces alone, and how many pieces.

    A logistic regression per tag: what the words themselves give, whatever a network makes of it.
    """
    known = folded(pairs, fold)
    learn, held = ([p for p in known if p.split == split] for split in ("train", "val"))
    tags = choose_tags(learn, load_settings(environment={}).training)
    languages = [language for pair in learn for language, _ in pair.captions]
    texts = [text for pair in learn for _, text in pair.captions]
    tokenizer = Tokenizer.fit(texts, 5000, 48, choose_words(kind, languages))

    def pieces(some: Sequence[Pair]) -> NDArray[np.float32]:
        rows = tokenizer.encode([pair.captions[0][1] for pair in some])
        return label_matrix([np.unique(row[row > 1]).tolist() for row in rows], tokenizer.size)

    seen, unseen = pieces(learn), pieces(held)
    truth = [Material(some, tags, tokenizer).labels > 0.5 for some in (learn, held)]
    scores = np.stack(
        [
            LogisticRegression(C=10, solver="liblinear", class_weight="balanced")
            .fit(seen, column)
            .decision_function(unseen)
            for column in truth[0].T
        ],
        axis=1,
    )
    return macro_precision(scores, truth[1].astype(np.float32)), int((seen.sum(axis=0) > 0).sum())


def quality(home: Path, folds: Sequence[int]) -> None:
    with Store.open(home) as store:
        pairs = catalog_pairs(store)
    print(f"\ntags read from held-out captions, folds {', '.join(map(str, folds))}")
    print("| `encoder.words` | macro mAP, mean (each) | different pieces in the captions |")
    print("|---|---|---|")
    for kind in KINDS:
        found = [read_tags(pairs, kind, fold) for fold in folds]
        each = ", ".join(f"{value:.3f}" for value, _ in found)
        print(
            f"| {kind} | {mean(v for v, _ in found):.3f} ({each}) "
            f"| {mean(n for _, n in found):,.0f} |"
        )


def speed(runs: int) -> None:
    captions = [text for number in range(1000) for text in describe(creature(7, number))]
    print(f"{len(captions):,} captions of the demo catalog, median of {runs}")
    print("| `encoder.words` | first query, cold | captions per second |\n|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for kind in KINDS:
            tokenizer = Tokenizer.fit(captions, 5000, 48, choose_words(kind, ["en"]))
            file = Path(folder) / f"{kind}.json"
            file.write_text(tokenizer.to_json(), encoding="utf-8")
            first = 1000 * median(cold(file, runs))
            print(f"| {kind} | {first:.0f} ms | {warm(tokenizer, captions, runs):,.0f} |")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.words", description=__doc__)
    parser.add_argument("home", type=Path, nargs="?", help="whose captions are judged")
    parser.add_argument("--runs", type=int, default=9)
    parser.add_argument("--folds", type=int, nargs="*", default=[0, 1, 2])
    options = parser.parse_args()
    print(machine())
    speed(options.runs)
    if options.home is not None:
        quality(options.home, options.folds)


if __name__ == "__main__":
    main()

"""How often is the product of a photograph right, and how often at least its kind?

    python -m benchmarks.recognition HOME CATALOG.csv [--split val] [--kind category]

HOME has a recogniser (`pairdex train --products`); CATALOG.csv has the columns `image` and that of
the products. The kind of a product is another column of it, and the likeliest kind of a photograph
is that whose products' probabilities add up to most, among the five that `tag --record` gives.
Everything is asked of the exported recogniser, as `tag --record` does.
"""

from __future__ import annotations

import argparse
import csv
import time
from pathlib import Path

from benchmarks.results import keep
from settings import load_settings
from tagger.record import Recogniser


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("home", type=Path)
    parser.add_argument("catalog", type=Path)
    parser.add_argument("--split", default="val")
    parser.add_argument("--kind", default="category")
    parser.add_argument("--name", default="recognition")
    asked = parser.parse_args()
    recogniser = Recogniser.open(asked.home, load_settings(asked.home))
    with asked.catalog.open(encoding="utf-8", newline="") as file:
        everything = list(csv.DictReader(file))
    kinds = {row[recogniser.column]: row.get(asked.kind, "") for row in everything}
    rows = [row for row in everything if row.get("split") == asked.split]
    start = time.perf_counter()
    records = recogniser.recognise_all([asked.catalog.parent / row["image"] for row in rows])
    seconds = time.perf_counter() - start
    pairs = list(zip(records, (row[recogniser.column] for row in rows), strict=True))
    figures = {
        "products": len(recogniser.products),
        "photographs": len(pairs),
        "product, first": share([r.product == p for r, p in pairs]),
        "product, first five": share([p in {c.product for c in r.candidates} for r, p in pairs]),
        f"{asked.kind}, first": share([r.likeliest(kinds) == kinds[p] for r, p in pairs]),
        f"{asked.kind} of the first": share([kinds.get(r.product) == kinds[p] for r, p in pairs]),
        "sure and right": share([r.known and r.product == p for r, p in pairs]),
        "sure and wrong": share([r.known and r.product != p for r, p in pairs]),
        "photographs per second": round(len(pairs) / seconds, 1),
    }
    keep(asked.name, [f"{name:<24} {value}" for name, value in figures.items()], figures)


def share(right: list[bool]) -> float:
    return round(sum(right) / max(1, len(right)), 4)


if __name__ == "__main__":
    main()

"""What rows cost in SQLite and in PostgreSQL, side by side in one run.

python -m benchmarks.rows postgresql+psycopg://user@host/EMPTY_DATABASE [--items 20000]

The catalog is drawn from a seed: two captions, four attributes and three tags an item. Both
databases get the same items and are asked the same, and must give the same answers.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import msgspec

from benchmarks.results import keep
from db.databases import open_reader, use
from db.filters import BUILTIN, Condition, Contains, Equal, Every, Field, Within
from db.home import Home
from db.judgements import Judgement
from db.records import CaptionRecord, ImageFacts, ItemRecord
from db.store import Store
from settings import DbSettings, load_settings

ROUNDS, READ = 50, 200
TYPES = "fire water grass ice rock wind metal ghost dragon light sound poison plain sea".split()
CONDITIONS: dict[str, Condition] = {
    "type=fire": Equal(Field("type", "text"), ("fire",)),
    "type=fire and height<2": Every(
        (Equal(Field("type", "text"), ("fire",)), Within(Field("height", "number"), high=2.0))
    ),
    "tag = 'tag 3'": Equal(BUILTIN["tag"], ("tag 3",)),
    "caption contains 777": Contains(BUILTIN["caption"], "777"),
    "words = 'item fire'": Equal(BUILTIN["words"], ("item fire",)),
    "words = 777": Equal(BUILTIN["words"], ("777",)),
}


def drawn(count: int) -> list[ItemRecord]:
    rng = random.Random(5)
    return [
        ItemRecord(
            key=str(number),
            image=f"/images/{number}.jpg",
            captions=(
                CaptionRecord(f"item {number} of {rng.choice(TYPES)}", "en"),
                CaptionRecord(f"{number}번 상품", "ko"),
            ),
            tags=tuple(f"tag {tag}" for tag in rng.sample(range(60), 3)),
            split="train",
            facts=ImageFacts(f"{number:064x}", "0" * 16, 1, 1, 1, 1, "JPEG", 0.5, 0.5),
            name=f"Item {number}",
            attributes={
                "type": rng.choice(TYPES), "height": round(rng.uniform(0.2, 5.0), 1),
                "code": f"{rng.randrange(10**6):06}", "since": f"20{rng.randrange(10, 26)}-05-01",
            },
            kinds={"type": "text", "height": "number", "code": "text", "since": "date"},
        )
        for number in range(count)
    ]  # fmt: skip


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def ms(work: Callable[[], object]) -> float:
    return round(1000 * median(seconds(work) for _ in range(ROUNDS)), 2)


def measured(home: Path, items: list[ItemRecord]) -> tuple[dict[str, float], list[Any]]:
    """Figures, and what was answered."""
    figures: dict[str, float] = {}
    with Store.open(home, create=True) as store:
        figures["import, items/s"] = round(
            len(items) / seconds(lambda: store.apply_import(items, []))
        )
        figures["the same again, items/s"] = round(
            len(items) / seconds(lambda: store.apply_import(items, []))
        )
        rng, reader = random.Random(6), open_reader(home)
        answers: list[Any] = []

        def read() -> None:
            answers.append(reader.details(rng.sample(range(1, len(items) + 1), READ)))

        figures[f"read of {READ} items, ms"] = ms(read)
        reader.close()
        for text, condition in CONDITIONS.items():
            figures[f"{text}, ms"] = ms(lambda condition=condition: store.matching(condition))  # type: ignore[misc]
            answers.append(store.matching(condition).tolist())
        numbers = iter(range(ROUNDS))
        figures["a judgement, ms"] = ms(
            lambda: store.judgements.add([Judgement("1", "red", True, {}, f"{next(numbers)}")])
        )
    return figures, answers


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--items", type=int, default=20_000)
    options = parser.parse_args()
    items = drawn(options.items)
    with tempfile.TemporaryDirectory() as folder:
        here, there = Path(folder) / "sqlite", Path(folder) / "postgres"
        plain = load_settings(environment={})
        use(here, plain)
        database = DbSettings(url=options.url, pool=3, timeout=0.0)
        use(there, msgspec.structs.replace(plain, db=database))
        Home(there).create()
        mine, theirs = measured(here, items), measured(there, items)
    if mine[1] != theirs[1]:
        raise SystemExit("the answers differ")
    lines = [
        f"{options.items:,} items; medians of {ROUNDS}",
        f"{'':<28} {'SQLite':>10} {'PostgreSQL':>10}",
        *(f"{name:<28} {mine[0][name]:>10,} {theirs[0][name]:>10,}" for name in mine[0]),
    ]
    keep("rows", lines, {"items": options.items, "sqlite": mine[0], "postgres": theirs[0]})


if __name__ == "__main__":
    main()

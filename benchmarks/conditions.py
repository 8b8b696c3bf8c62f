"""What a filter over attributes and tags costs, from its text to the ids of the items.

python -m benchmarks.conditions [ITEMS…] [--search]

The catalog is drawn from a seed: a name, a caption, seven or eight attributes and five tags an
item. Each filter is asked in turn with all others, so that none finds its own pages just read.
"""

from __future__ import annotations

import argparse
import datetime as dt
import tempfile
import time
from collections.abc import Callable
from functools import partial
from itertools import cycle, islice
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from sqlalchemy import insert

from benchmarks.results import keep
from benchmarks.synthetic import SLICE, Catalog, answering, fill, publish
from db import sqlite
from db.filters import Every, Ids
from db.folding import fold
from db.home import Home
from db.store import Store
from db.tables import Attribute, ItemTag, Tag
from search import Request, Searcher
from search.where import parse
from search.where_fields import bind
from settings import load_settings

ROUNDS, QUERIES = 7, 200
TYPES = "fire water grass ice rock wind metal ghost dragon light sound poison plain sea".split()
RARITY = ("common", "uncommon", "rare", "legendary")
TAGS = [f"tag {number}" for number in range(60)]
FILTERS = (
    "type=fire",
    "type=fire and height<2 and rarity in (rare,legendary)",
    "height between 1..1.1",
    "height < 3",
    "discovered >= 2024-05",
    "type != fire",
    'tag = "tag 3" and not tag = "tag 4"',
    "code contains 77",
    "caption contains bad",
    "missing second_type or rarity = legendary",
    "id = 77",
    "(type=fire or type=water) and (height<1 or height>4) and not rarity=common",
)


def add_attributes(home: Home, count: int, seed: int = 5) -> None:
    engine = sqlite.engine(home.database)
    with engine.begin() as connection:
        connection.execute(insert(Tag), [{"id": i, "name": n} for i, n in enumerate(TAGS, 1)])
        for start in range(0, count, SLICE):
            ids = range(start + 1, min(start + SLICE, count) + 1)
            rng = np.random.default_rng([seed, start])
            connection.execute(insert(Attribute), [row for i in ids for row in _rows(i, rng)])
            held = [rng.choice(len(TAGS), 5, replace=False) + 1 for _ in ids]
            pairs = [(i, int(tag)) for i, tags in zip(ids, held, strict=True) for tag in tags]
            connection.execute(insert(ItemTag), [{"item_id": i, "tag_id": t} for i, t in pairs])
    engine.dispose()


def _rows(item: int, rng: np.random.Generator) -> list[dict[str, Any]]:
    day = dt.date(1998, 1, 1) + dt.timedelta(days=int(rng.integers(10_000)))
    values: list[tuple[str, str, str | float]] = [
        ("type", "text", TYPES[int(rng.integers(len(TYPES)))]),
        ("rarity", "text", RARITY[min(3, int(rng.exponential()))]),
        ("height", "number", round(float(rng.uniform(0.1, 5)), 1)),
        ("weight", "number", round(float(rng.uniform(0.1, 500)), 2)),
        ("discovered", "date", day.isoformat()),
        ("code", "text", f"Item-{item:08d}"),
        ("habitat", "list", "Forest"),
    ]
    if rng.random() < 0.3:
        values.append(("second_type", "text", TYPES[int(rng.integers(len(TYPES)))]))
    return [
        {
            "item_id": item,
            "name": name,
            "kind": kind,
            "text": str(value),
            "folded": fold(str(value)),
            "number": value if isinstance(value, float) else None,
        }
        for name, kind, value in values
    ]


def milliseconds(calls: dict[str, Callable[[], object]]) -> dict[str, float]:
    """Processor time: the median of each call, in turn with all others, after a round of warming.

    Not by the clock, since one thread does the work and others may keep the processor busy.
    """
    times: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(ROUNDS + 1):
        for name, call in calls.items():
            start = time.process_time()
            call()
            times[name].append(time.process_time() - start)
    return {name: median(spent[1:]) * 1000 for name, spent in times.items()}


def found(store: Store, text: str) -> Ids:
    parts = bind(text, parse(text), store.field_kinds())
    return store.matching(Every(tuple(part.condition for part in parts)))


def measured(count: int, home: Home) -> tuple[list[str], dict[str, Any]]:
    fill(home, Catalog(count))
    add_attributes(home, count)
    with Store.open(home.path) as store:
        times = milliseconds({text: partial(found, store, text) for text in FILTERS})
        matching = {text: len(found(store, text)) for text in FILTERS}
    lines = [
        f"{count:,} items, from a filter's text to ids, ms of processor time",
        f"{'ms':>9} {'matching':>10}  filter",
    ]
    lines += [f"{times[text]:9.1f} {matching[text]:10,}  {text}" for text in FILTERS]
    return [*lines, ""], {"ms": times, "matching": matching}


def searched(count: int, home: Home) -> tuple[list[str], dict[str, Any]]:
    """Searches with filters that were asked before, as in a shell, beside those without any."""
    settings, catalog = load_settings(environment={}), Catalog(count)
    generation = publish(home, catalog, settings.index)
    texts = list(islice(catalog.captions(), QUERIES))
    encoder = answering(texts, catalog.queries(QUERIES))
    with Store.open(home.path) as store:
        search = Searcher(store, generation, encoder, settings.search).search
        turn = cycle(texts)

        def ask(where: str) -> object:
            return search(Request(next(turn), where=where))

        times = milliseconds({where: partial(ask, where) for where in ("", *FILTERS)})
    lines = [
        f"{count:,} items, whole searches, filters asked before, ms of processor time",
        f"{'ms':>9}  filter",
    ]
    return [*lines, *(f"{times[w]:9.1f}  {w or '(none)'}" for w in times), ""], {"search ms": times}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("items", type=int, nargs="*", default=[100_000])
    parser.add_argument("--search", action="store_true", help="whole searches too: builds an index")
    parser.add_argument("--name", default="conditions", help="of the files of results")
    options = parser.parse_args()
    lines: list[str] = []
    figures: dict[str, Any] = {}
    for count in options.items:
        with tempfile.TemporaryDirectory() as folder:
            home = Home(Path(folder))
            told, figures[str(count)] = measured(count, home)
            lines += told
            if options.search:
                told, more = searched(count, home)
                lines += told
                figures[str(count)] |= more
    keep(options.name, lines, {"items": figures})


if __name__ == "__main__":
    main()

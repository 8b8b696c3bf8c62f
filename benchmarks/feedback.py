"""What `--good` and `--bad` do for the rest of the results: nDCG@10 before and after.

python -m benchmarks.feedback HOME FIELD FIELD [--queries 40] [--name NAME]

Who searches wants items with two values, one of each attribute, such as a blue lizard.

    said        the query names both. The first six results are called what they are
    unsaid      it names the second alone. The first two results that are wanted are called good,
                the first three others bad

Results that were judged do not count, before and after.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from itertools import product
from pathlib import Path

import numpy as np

from benchmarks.results import keep
from db.records import ItemRecord
from db.store import Store
from search import Request, Searcher
from settings import load_settings

DEPTH = 60  # results that judgements are chosen from, and that are put in order
FEWEST, MOST = 8, 80  # items that answer a query
Need = tuple[str, ...]


def main() -> None:
    options = _options()
    home = Path(options.home)
    searcher = Searcher.open(home, load_settings(home))
    with Store.open(home) as store:
        items = list(store.items())
    needs = wanted(items, options.fields, options.queries)
    lines = [
        f"{' and '.join(options.fields)}: {len(needs)} needs",
        "",
        "            before   after",
    ]
    figures: dict[str, object] = {}
    for kind in ("said", "unsaid"):
        pairs = []
        for need, truth in needs.items():
            found = _judged(searcher, need, truth, kind == "said")
            if found is not None:
                pairs.append(found)
        before, after = np.mean(pairs, axis=0)
        lines.append(f"{kind:<10} {before:>7.3f} {after:>7.3f}   ({len(pairs)} queries)")
        figures[kind] = {"before": before, "after": after, "queries": len(pairs)}
    keep(options.name, lines, figures)


def wanted(items: Sequence[ItemRecord], fields: Sequence[str], count: int) -> dict[Need, set[str]]:
    """Some pairs of values that a handful of items have, with these items."""
    holders: dict[Need, set[str]] = {}
    for item in items:
        for need in product(*(_values(item, field) for field in fields)):
            holders.setdefault(need, set()).add(item.key)
    usable = sorted(need for need, keys in holders.items() if FEWEST <= len(keys) <= MOST)
    chosen = np.random.default_rng(1).permutation(len(usable))[:count]
    return {usable[place]: holders[usable[place]] for place in chosen}


def _values(item: ItemRecord, field: str) -> list[str]:
    value = item.attributes.get(field, [])
    values = value if isinstance(value, list) else [str(value)]
    return list(dict.fromkeys(values))


def _judged(
    searcher: Searcher, need: Need, truth: set[str], said: bool
) -> tuple[float, float] | None:
    """nDCG before and after; None where nothing is left to find."""
    text = " ".join(need) if said else need[-1]
    before = _keys(searcher, Request(text))
    first = before[:6] if said else before
    good = [key for key in first if key in truth][: 6 if said else 2]
    bad = [key for key in first if key not in truth][: 6 if said else 3]
    left = truth.difference(good, bad)
    if not left:
        return None
    after = _keys(searcher, Request(text, good=tuple(good), bad=tuple(bad)))
    done = {*good, *bad}
    old, new = ([key for key in keys if key not in done] for keys in (before, after))
    return _ndcg(old, left), _ndcg(new, left)


def _keys(searcher: Searcher, request: Request) -> list[str]:
    bare = Request(request.text, good=request.good, bad=request.bad, top=DEPTH, group=False)
    return [hit.id for hit in searcher.search(bare).results]


def _ndcg(keys: Sequence[str], truth: set[str], count: int = 10) -> float:
    gains = 1.0 / np.log2(np.arange(count) + 2)
    hits = np.asarray([key in truth for key in keys[:count]], float)
    return float(hits @ gains[: len(hits)] / gains[: min(count, len(truth))].sum())


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("home")
    parser.add_argument("fields", nargs=2, metavar="FIELD")
    parser.add_argument("--queries", type=int, default=40)
    parser.add_argument("--name", default="feedback")
    return parser.parse_args()


if __name__ == "__main__":
    main()

"""`python -m benchmarks.queries HOME --set demo`: queries by hand, what they should find, and what
they find, as a Markdown table. Where fewer items than are shown fit, finding those is all there is.

What is expected is written in terms that the catalog can be asked about: tags that a hit must bear,
tags that it must not, an attribute, a name. So the verdict is counted, not felt. A few queries were
put in other words after a first run: the table shows what to expect, it is no test set. Queries
that nothing answers should be told so.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from db.records import ItemRecord
from db.store import Store
from search import Hit, Request, Searcher, SearchResult
from settings import load_settings

SHOWN = 5


@dataclass(frozen=True)
class Expected:
    """What each of the first hits should be; nothing at all where `nothing`."""

    query: str
    tags: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    attributes: dict[str, float | str] = field(default_factory=dict)
    name: str = ""  # of the first hit alone
    nothing: bool = False

    @property
    def told(self) -> str:
        if self.nothing:
            return "nothing matches"
        if self.name:
            return f"{self.name} first"
        parts = [*self.tags, *(f"not {tag}" for tag in self.without)]
        return ", ".join([*parts, *(f"{key} {value}" for key, value in self.attributes.items())])

    def right(self, hit: Hit | ItemRecord) -> bool:
        return (
            set(self.tags) <= set(hit.tags)
            and not set(self.without) & set(hit.tags)
            and all(hit.attributes.get(key) == value for key, value in self.attributes.items())
        )


NONSENSE = (
    Expected("xkqv bzzrt", nothing=True),
    Expected("quarterly tax return of a limited partnership", nothing=True),
    Expected("지하철 정기 승차권 환불", nothing=True),
)
SETS: dict[str, tuple[Expected, ...]] = {
    "demo": (
        Expected("fire-type lizard", ("fire", "lizard")),
        Expected("불 속성 도마뱀", ("fire", "lizard")),
        Expected("a blue fish", ("blue", "fish")),
        Expected("파란 물고기", ("blue", "fish")),
        Expected("sleeping ghost", ("asleep", "ghost")),
        Expected("자고 있는 고양이", ("asleep", "cat")),
        Expected("a small horned dragon in a cave", ("small", "dragon", "horned", "cave")),
        Expected("초록 frog with spots", ("green", "frog", "spotted")),
        Expected("winged rabbit in the snow", ("winged", "rabbit", "snow")),
        Expected("lizrd fire", ("fire", "lizard")),
        Expected("turquoise turtle", ("teal", "turtle")),
        Expected("lizard -fire", ("lizard",), ("fire",)),
        Expected('snake -"striped"', ("snake",), ("striped",)),
        Expected("Cobaltpaton", name="Cobaltpaton"),
        Expected("Scorchlotax", name="Scorchlotax"),
        *NONSENSE,
    ),
    "pokemon": (
        Expected("fire-type lizard", ("fire", "lizard")),
        Expected("불꽃 타입 도마뱀", ("fire", "lizard")),
        Expected("a blue fish with big fins", ("blue", "fish")),
        Expected("파란 물고기", ("blue", "fish")),
        Expected("a pink fairy", ("pink", "fairy")),
        Expected("노란 전기 쥐", ("yellow", "electric", "mouse")),
        Expected("purple poison snake", ("purple", "poison", "snake")),
        Expected("red bug with wings", ("red", "bug")),
        Expected("얼음 타입 flying bird", ("ice", "flying")),
        Expected("small legendary", attributes={"legendary": 1.0}),
        Expected("dragon -flying", ("dragon",), ("flying",)),
        Expected("yelow electrc mouse", ("yellow", "electric", "mouse")),
        Expected("Charmander", name="Charmander"),
        Expected("리자몽", name="Charizard"),
        Expected("Bulbasaur", name="Bulbasaur"),
        *NONSENSE,
    ),
}  # fmt: skip


def verdict(expected: Expected, result: SearchResult, fitting: int) -> str:
    if expected.nothing:
        return "yes" if result.no_match else "no"
    if result.no_match:
        return "no: nothing is said to match"
    if expected.name:
        return "yes" if result.results[0].name == expected.name else "no"
    right = sum(map(expected.right, result.results))
    return f"{right} of {min(fitting, SHOWN)}"


def rows(
    searcher: Searcher, items: Sequence[ItemRecord], asked: Sequence[Expected]
) -> Iterator[tuple[str, ...]]:
    for one in asked:
        result = searcher.search(Request(one.query, top=SHOWN))
        names = [f"{hit.name or hit.id} {hit.score:.2f}" for hit in result.results]
        hits = ", ".join(names)
        if result.no_match:
            hits = f"nothing matches (nearest: {names[0]})" if names else "nothing matches"
        if result.corrected:
            hits += f"; read as “{result.corrected}”"
        if result.suggestion:
            hits += f"; did you mean “{result.suggestion}”"
        fitting = sum(map(one.right, items))
        yield f"`{one.query}`", one.told, hits, verdict(one, result, fitting)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.queries", description=__doc__)
    parser.add_argument("home", type=Path)
    parser.add_argument("--set", choices=sorted(SETS), default="demo", dest="name")
    options = parser.parse_args(arguments)
    searcher = Searcher.open(options.home, load_settings(options.home))
    with Store.open(options.home) as store:
        items = list(store.items())
    write = sys.stdout.write
    write("| query | expected of the first five | first five, with their scores | as expected |\n")
    write("|---|---|---|---|\n")
    for row in rows(searcher, items, SETS[options.name]):
        write("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

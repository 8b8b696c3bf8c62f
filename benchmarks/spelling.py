"""How often a misspelt word is righted, and how often a right one is taken for another.

python -m benchmarks.spelling HOME OTHER [--name NAME]

Misspelt words are those of HOME's catalog with one letter changed, dropped, doubled or swapped, the
first one left alone. Right ones are the words of OTHER's catalog that HOME does not know: whatever
they are taken for is wrong.
"""

from __future__ import annotations

import argparse
import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from benchmarks.results import keep
from db.generations import Generation, open_current
from db.home import Home
from encoder.known import FILE, KnownWords
from search.spelling import correction, suggestion

LETTERS = "abcdefghijklmnopqrstuvwxyz"
LEAST = 5  # letters


def misspelt(word: str, dice: random.Random) -> str:
    place = dice.randrange(1, len(word))
    before, letter, after = word[:place], word[place], word[place + 1 :]
    kind = dice.randrange(4)
    if kind == 0:
        return before + dice.choice(LETTERS) + after
    if kind == 1:
        return before + after
    if kind == 2:
        return before + letter + letter + after
    return before + after[:1] + letter + after[1:]


def words_of(generation: Generation) -> list[str]:
    """Written in the letters a to z, in an order of their own."""
    some = [word for word, _ in generation.words.vocabulary if len(word) >= LEAST]
    return sorted(word for word in some if set(word) <= set(LETTERS))


class Reader:
    """What a search of one home makes of a word."""

    def __init__(self, home: Home) -> None:
        self.generation = open_current(home.generations, stamps=home.stamps)
        self._known = KnownWords.read(home.artifact / FILE)

    def unknown(self, word: str) -> bool:
        return bool(self.generation.words.unknown(word) and self._known.unknown(word))

    def righted(self, word: str) -> str:
        words, known = self.generation.words, self._known
        return correction(word, [word], words, lambda one: not known.unknown(one))

    def offered(self, word: str) -> str:
        return suggestion(word, [word], self.generation.words)


def told(pairs: list[tuple[str, str]], reader: Reader) -> Iterator[str]:
    """Of (as written, as meant)."""
    for way, name in ((reader.righted, "answered as meant"), (reader.offered, "suggested")):
        found = Counter[str]()
        for written, meant in pairs:
            given = way(written)
            found["left alone" if not given else "right" if given == meant else "wrong"] += 1
        kinds = ("right", "wrong", "left alone")
        shares = ", ".join(f"{kind} {found[kind] / len(pairs):.3f}" for kind in kinds)
        yield f"  {name}: {shares}"


def main() -> None:
    parser = argparse.ArgumentParser(description="Misspelt words and right ones.")
    parser.add_argument("home", type=Path)
    parser.add_argument("other", type=Path)
    parser.add_argument("--name", default="", help="of the kept results")
    options = parser.parse_args()
    reader, other = Reader(Home(options.home)), Reader(Home(options.other))
    dice = random.Random(1)
    mine = words_of(reader.generation)
    wrong = [(misspelt(word, dice), word) for word in mine]
    wrong = [(written, word) for written, word in wrong if reader.unknown(written)]
    strange = [(word, "") for word in words_of(other.generation) if reader.unknown(word)]
    taken = [f"{word} for {reader.righted(word)}" for word, _ in strange if reader.righted(word)]
    lines = [
        f"{len(wrong)} misspelt words of {len(mine)} of the catalog",
        *told(wrong, reader),
        f"{len(strange)} words of another catalog that this one does not know",
        *told(strange, reader),
    ]
    name = f"spelling-{options.name}" if options.name else "spelling"
    keep(name, lines, {"misspelt": len(wrong), "strange": len(strange), "taken": len(taken)})
    # Not kept: they are the words of somebody's catalog.
    print("answered as another word: " + (", ".join(taken) or "none"))


if __name__ == "__main__":
    main()

"""The language of a query line: words, exact words, weights, and what is not wanted.

    fire-type lizard          bare words together are one text that the model reads
    "Ember"  "fire lizard"    exact: results must hold these words, side by side
    -"wings"                  exact: results must not hold them
    -wings                    judged: the less a result shows of it, the better
    2:fire  2:"fire"          counts twice; weights go from 0.1 to 10
    -2:wings                  likewise for what is not wanted

    line   = { [ "-" ] [ weight ":" ] ( quoted | word ) }

A minus or a weight counts only at the head of a word: `fire-type` and `a:b` are plain words, and
so is `16:9`. A quote or a backslash inside of quotes is written with a backslash before it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from errors import Pointer, QueryError

LEAST, MOST = 0.1, 10.0
_OPENING = {'"': '"', "“": "”", "„": "“", "«": "»", "「": "」", "『": "』"}
_MINUS = "-−–"
_WEIGHT = re.compile(r"(\d+(?:\.\d+)?):")
_BARE = re.compile(r"\S+")


@dataclass(frozen=True)
class Term:
    text: str
    weight: float = 1.0  # below 0 for what is not wanted
    exact: bool = False
    at: int = 0  # where it begins in the line


@dataclass(frozen=True)
class Query:
    """A line taken apart. `text` is what the model reads with weight 1."""

    terms: tuple[Term, ...] = ()

    @property
    def text(self) -> str:
        return " ".join(term.text for term in self.terms if term.weight == 1.0)

    @property
    def weighted(self) -> tuple[Term, ...]:
        """Terms that are judged each by itself, wanted ones first."""
        terms = [t for t in self.terms if t.weight != 1.0 and not (t.exact and t.weight < 0)]
        return tuple(sorted(terms, key=lambda term: -term.weight))

    @property
    def words(self) -> str:
        """All that is wanted, for the channel of exact words."""
        return " ".join(term.text for term in self.terms if term.weight > 0)

    @property
    def must(self) -> tuple[str, ...]:
        return tuple(term.text for term in self.terms if term.exact and term.weight > 0)

    @property
    def must_not(self) -> tuple[str, ...]:
        return tuple(term.text for term in self.terms if term.exact and term.weight < 0)


def parse(line: str) -> Query:
    """Raises a QueryError that points at the character where the line cannot be read."""
    terms: list[Term] = []
    place = 0
    while place < len(line):
        if line[place].isspace():
            place += 1
            continue
        term, place = _term(line, place)
        if term is not None:
            terms.append(term)
    return Query(tuple(terms))


def _term(line: str, start: int) -> tuple[Term | None, int]:
    place, weight = start, 1.0
    unwanted = line[place] in _MINUS
    if unwanted:
        place += 1
        if place == len(line) or line[place].isspace():
            return None, place  # a dash between words
    found = _WEIGHT.match(line, place)
    if found and LEAST <= float(found[1]) <= MOST:
        weight, place = float(found[1]), found.end()
        if place == len(line) or line[place].isspace():
            raise _error(line, place, f"a word after the weight {found[1]}")
    elif found and _opens(line, found.end()):
        raise _error(line, found.start(1), f"a weight from {LEAST} to {MOST:.0f}")
    if _opens(line, place):
        text, end = _quoted(line, place)
        exact = True
        if not any(char.isalnum() for char in text):
            raise _error(line, place + 1, "words between the quotes")
    else:
        match = _BARE.match(line, place)
        assert match is not None
        text, end, exact = match[0], match.end(), False
    return Term(text, -weight if unwanted else weight, exact, start), end


def _opens(line: str, place: int) -> bool:
    return place < len(line) and line[place] in _OPENING


def _quoted(line: str, start: int) -> tuple[str, int]:
    closing = _OPENING[line[start]]
    text, place = "", start + 1
    while place < len(line):
        char = line[place]
        if char == "\\" and place + 1 < len(line):
            text, place = text + line[place + 1], place + 2
        elif char == closing:
            return " ".join(text.split()), place + 1
        else:
            text, place = text + char, place + 1
    raise _error(line, start, f"a closing {closing} for the quote that opens here")


def _error(line: str, place: int, wanted: str) -> QueryError:
    return QueryError(
        f"the query cannot be read at character {place + 1}",
        f"{wanted} is expected",
        "see docs/search.md",
        Pointer(line, place, place + 1),
    )

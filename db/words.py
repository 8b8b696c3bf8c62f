"""The exact words of a generation: which items hold what a query says, and what it says of them.

Row i is the generation's image row i. A query is cut like the catalog (words_text.py) and finds
the same items, in the same order, as comparing it with every item would; see words_ranking.py.

    words.hits("fire lizard", 200)     ids and relevance, best first
    words.holding("fire lizard")       rows of the items that hold just these words side by side
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from functools import cached_property, lru_cache
from typing import Any, TypeVar
from weakref import WeakMethod

import numpy as np
from numpy.typing import NDArray

from db import words_text
from db.places import rows_of
from db.words_phrases import Sequences
from db.words_ranking import Ranker, located
from db.words_strings import Strings
from db.words_vocabulary import Vocabulary
from db.words_weights import impact, rarity

Ids = NDArray[np.int64]
Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]
Known = TypeVar("Known")
REMEMBERED = 16  # queries whose terms are kept: a search asks for them several times


@dataclass(frozen=True)
class WordArrays:
    """What a word index consists of; each is a file `words.NAME.npy`."""

    forms: NDArray[np.uint8]  # words as written, see words_strings.py
    form_starts: Ids
    form_terms: NDArray[np.int32]  # the term that a form is found by; -1: by its pairs
    form_items: NDArray[np.int32]  # how many items hold it
    terms: NDArray[np.uint8]  # stems, and pairs of runs
    term_starts: Ids
    term_best: Floats  # the greatest impact of each
    postings: Ids  # where the items of each term begin in `rows` and `impacts`
    rows: NDArray[np.int32]
    impacts: Floats
    sequence: NDArray[np.int32]  # the forms of all items in order, with marks; see words_weights.py
    starts: Ids  # where each item begins in it
    norms: Floats  # of each item

    @classmethod
    def read(cls, array: Callable[[str], NDArray[Any]]) -> WordArrays:
        """`array` gives the one of a name."""
        return cls(**{part.name: array(part.name) for part in fields(cls)})


@dataclass(frozen=True)
class Term:
    """One word of a query with the items that hold it."""

    typed: str
    rows: NDArray[np.int32]  # ascending
    impacts: Floats
    best: float  # the greatest of them
    rarity: float


@dataclass(frozen=True)
class Reach:
    """How relevant items can be to a query."""

    highest: float  # of the most relevant item
    possible: float  # of one that would hold each word where it says most
    known: float  # share of the query's words that any item holds


def _remembered(method: Callable[[str], Known]) -> Callable[[str], Known]:
    """Its last answers. They do not hold its object: the files of a generation are closed when the
    last search of it has ended, not when Python next looks for rings."""
    weak = WeakMethod(method)

    def answer(query: str) -> Known:
        found = weak()
        assert found is not None, "an answer is asked of an object that is there"
        return found(query)

    return lru_cache(REMEMBERED)(answer)


class Words:
    """Safe to be used by any number of threads."""

    def __init__(self, ids: Ids, arrays: WordArrays) -> None:
        self.ids, self.arrays = ids, arrays
        self._forms = Strings(arrays.forms, arrays.form_starts)
        self._terms = Strings(arrays.terms, arrays.term_starts)
        self._sequences = Sequences(arrays.sequence, arrays.starts)
        self._ranker = Ranker(len(ids))
        self.terms = _remembered(self._understood)
        self.reach = _remembered(self._reached)

    def __len__(self) -> int:
        return len(self.ids)

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """The words of the catalog as they are written, but for case and accents."""
        return Vocabulary(self._forms, self.arrays.form_items)

    def hits(self, query: str, count: int, allowed: Mask | None = None) -> tuple[Ids, Floats]:
        """Ids and relevance (BM25) of items that hold any word of the query, best first.

        `allowed` says of each row whether it may be found.
        """
        rows, relevance = self._ranker.best(self.terms(query), count, allowed)
        return self.ids[rows], relevance

    def coverage(self, query: str, items: Ids) -> Floats:
        """The share of the query's words that each item holds, rare words counting more.

        A word that no item holds counts like the average of the others: it is missed, but it does
        not drown what was found.
        """
        terms = self.terms(query)
        known = [term for term in terms if len(term.rows)]
        held = np.zeros(len(items))
        if not known:
            return held.astype(np.float32)
        rows, whole = self._rows(items), 0.0
        for term in known:
            weight = float(np.log1p(len(self) / len(term.rows)))
            held += weight * located(term.rows, rows)[1]
            whole += weight
        return (held / (whole * len(terms) / len(known))).astype(np.float32)

    def relevance(self, query: str, items: Ids) -> Floats:
        """What `hits` would say of these items, 0 for those without any of the words."""
        rows = self._rows(items)
        total = np.zeros(len(items), np.float32)
        for term in self.terms(query):
            places, held = located(term.rows, rows)
            if len(term.rows):
                total[held] += np.float32(term.rarity) * term.impacts[places[held]]
        return total

    def _reached(self, query: str) -> Reach:
        terms = self.terms(query)
        known = [term for term in terms if len(term.rows)]
        _, best = self._ranker.best(terms, 1, None)
        return Reach(
            highest=float(best.max(initial=0.0)),
            possible=sum(term.rarity * term.best for term in known),
            known=len(known) / max(1, len(terms)),
        )

    def matched(self, query: str, items: Ids) -> list[tuple[str, ...]]:
        """The words of the query, as typed, that each item holds."""
        rows = self._rows(items)
        each = [(term.typed, located(term.rows, rows)[1]) for term in self.terms(query)]
        return [tuple(typed for typed, held in each if held[i]) for i in range(len(rows))]

    def unknown(self, query: str) -> tuple[str, ...]:
        """The words of the query, as typed, that no item holds."""
        return tuple(term.typed for term in self.terms(query) if not len(term.rows))

    def holding(self, phrase: str) -> NDArray[np.int64]:
        """The rows, ascending, of items in which just these words stand side by side.

        Words are compared as written, not by their stem. A Korean word may have particles behind
        it; words of Chinese and Japanese signs may stand inside others.
        """
        words = words_text.marked_words(words_text.unmarked(phrase))
        forms = [self._exact(word) for word in words]
        if not words or not all(map(len, forms)):
            return np.empty(0, np.int64)
        if len(words) == 1 and len(forms[0]) == 1:
            number = int(self.arrays.form_terms[forms[0][0]])
            rows, _ = self._posted(number, number + 1)
            # Where the term is found in no other form, the items need not be looked into.
            if number >= 0 and len(rows) == self.arrays.form_items[forms[0][0]]:
                return rows.astype(np.int64)
        return self._sequences.holding(forms, self._common(words))

    def _understood(self, query: str) -> tuple[Term, ...]:
        return tuple(self._term(typed, words) for typed, words in words_text.chunks(query))

    def _term(self, typed: str, words: tuple[str, ...]) -> Term:
        if len(words) == 1 and words_text.is_run(words[0]) and len(words[0]) == 1:
            rows, impacts = self._beginning(words[0])
        elif len(words) == 1 and len(found := self._numbers(words[0])) == 1:
            rows, impacts = self._posted(found[0], found[0] + 1)
            best = float(self.arrays.term_best[found[0]])
            return Term(typed, rows, impacts, best, rarity(len(rows), len(self)))
        else:
            rows, impacts = self._side_by_side(words)
        best = float(impacts.max(initial=0.0))
        return Term(typed, rows, impacts, best, rarity(len(rows), len(self)))

    def _posted(self, begin: int, end: int) -> tuple[NDArray[np.int32], Floats]:
        """The rows of some terms, and what the terms say of them."""
        part = slice(self.arrays.postings[begin], self.arrays.postings[end])
        return self.arrays.rows[part], self.arrays.impacts[part]

    def _beginning(self, sign: str) -> tuple[NDArray[np.int32], Floats]:
        """A single sign: what any term that begins with it says most."""
        some = self._terms.beginning(sign)
        rows, impacts = self._posted(some.start, some.stop)
        order = np.argsort(rows, kind="stable")
        rows, impacts = rows[order], impacts[order]
        heads = np.flatnonzero(np.diff(rows, prepend=-1))
        return rows[heads], np.maximum.reduceat(impacts, heads) if len(heads) else impacts

    def _side_by_side(self, words: Sequence[str]) -> tuple[NDArray[np.int32], Floats]:
        """Several words that were typed as one, or a run of more than two signs."""
        if not all(self._numbers(word) for word in words if len(word) > 1):
            return np.empty(0, np.int32), np.empty(0, np.float32)
        forms = [self._alike(word) for word in words]
        if not all(map(len, forms)):
            return np.empty(0, np.int32), np.empty(0, np.float32)
        rows, weight = self._sequences.weighed(forms, self._common(words))
        return rows.astype(np.int32), impact(weight, self.arrays.norms[rows])

    def _numbers(self, word: str) -> list[int]:
        """The terms that a word is found by; empty where one of them is in no item."""
        if words_text.is_run(word):
            found = [self._terms.find(pair) for pair in words_text.pairs(word)]
        else:
            form = self._forms.find(word)
            # A form that the catalog knows has been stemmed when the index was built.
            found = [
                self._terms.find(words_text.stem(word))
                if form is None
                else int(self.arrays.form_terms[form])
            ]
        return [] if None in found else [number for number in found if number is not None]

    def _alike(self, word: str) -> NDArray[np.int64]:
        """The forms that a word of an unquoted query finds."""
        if words_text.is_run(word):
            return self._forms.containing(word)
        return np.flatnonzero(np.isin(self.arrays.form_terms, self._numbers(word)))

    def _exact(self, word: str) -> NDArray[np.int64]:
        """The forms that a quoted word finds."""
        if words_text.is_hangul(word):
            return np.asarray(self._forms.beginning(word), np.int64)
        if words_text.is_run(word):
            return self._forms.containing(word)
        form = self._forms.find(word)
        return np.asarray([] if form is None else [form], np.int64)

    def _common(self, words: Sequence[str]) -> NDArray[np.int64] | None:
        """Rows of items that hold all terms of the words; None where any item may."""
        # A single sign is no term where it stands inside a longer run.
        told = [word for word in words if not (words_text.is_run(word) and len(word) == 1)]
        if not told:
            return None
        starts = self.arrays.postings
        numbers = {number for word in told for number in self._numbers(word)}
        terms = sorted(numbers, key=lambda number: int(starts[number + 1] - starts[number]))
        each = [self.arrays.rows[starts[number] : starts[number + 1]] for number in terms]
        rows = each[0]
        for others in each[1:]:
            rows = rows[located(others, rows)[1]]
        return rows.astype(np.int64)

    def _rows(self, items: Ids) -> NDArray[np.int32]:
        """The rows of items, which must be in the generation."""
        return rows_of(self.ids, items).astype(np.int32)

"""Making the word index of a generation from the words of its items, in the order of its rows.

Two passes over numbers follow one over the text. What is held in memory meanwhile is the index
itself, four bytes a word and eight for each item that a term is found in, and the vocabulary.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from db import words_text
from db.home import writing
from db.publishing import write_array
from db.records import WordsRecord
from db.words import Ids, WordArrays, Words
from db.words_weights import BOUND, TAGGED, impact, norms, weights
from progress import Progress, silent

TOGETHER = 500  # items whose text is cut at once
ROWS = 1 << 13  # items that are counted at once
_SLICE = 1 << 18  # words that are renumbered at once
_WEIGHT_BITS = 3
_MARKS = (words_text.PART, words_text.TAGS, words_text.END)


def build(ids: Ids, items: Iterable[WordsRecord], progress: Progress = silent) -> Words:
    """The index of items, which come in the order of `ids`; these ascend."""
    known, sequence, starts = _read(items, len(ids), progress)
    assert len(starts) == len(ids) + 1
    forms = sorted(word for word in known if word not in _MARKS)
    places = np.empty(len(known), np.int32)
    places[[known[word] for word in forms]] = np.arange(len(forms), dtype=np.int32)
    places[[known[mark] for mark in _MARKS]] = BOUND, TAGGED, BOUND
    for start in range(0, len(sequence), _SLICE):  # in place: a copy would be half as much again
        some = sequence[start : start + _SLICE]
        some[:] = places[some]
    del known, places
    terms, first, of_form = _terms(forms)
    stems = np.where([words_text.is_run(form) for form in forms], -1, of_form[first[:-1]])
    tokens = _Tokens(sequence, starts, first, of_form)
    norm = norms(tokens.lengths())
    postings, rows, impacts = _postings(tokens, len(terms), norm)
    every = np.arange(len(forms) + 1)
    plain = _Tokens(sequence, starts, every, every[:-1])
    # Every term is of a word that an item holds, so no stretch of postings is empty.
    best = np.maximum.reduceat(impacts, postings[:-1]) if terms else impacts
    form_text, form_starts = _packed(forms)
    term_text, term_starts = _packed(terms)
    return Words(
        ids,
        WordArrays(
            forms=form_text,
            form_starts=form_starts,
            form_terms=stems.astype(np.int32),
            form_items=_holders(plain, len(forms)).astype(np.int32),
            terms=term_text,
            term_starts=term_starts,
            term_best=best,
            postings=postings,
            rows=rows,
            impacts=impacts,
            sequence=sequence,
            starts=starts,
            norms=norm,
        ),
    )


def write(folder: Path, words: Words) -> None:
    with writing(folder):
        for part in fields(WordArrays):
            write_array(folder / f"words.{part.name}.npy", getattr(words.arrays, part.name))


class _Numbers(dict[str, int]):
    """A number for each word, in the order in which they are met."""

    def __missing__(self, word: str) -> int:
        number = self[word] = len(self)
        return number


def _read(
    items: Iterable[WordsRecord], total: int, progress: Progress
) -> tuple[dict[str, int], NDArray[np.int32], NDArray[np.int64]]:
    """The numbers of all words, those of each item one after the other, and where each begins."""
    part, tags, end = _MARKS
    known = _Numbers((mark, number) for number, mark in enumerate(_MARKS))
    sequence = array("i")
    number = known.__getitem__
    done = 0
    for some in _together(items):
        text = end.join(
            words_text.unmarked(item.name)
            + "".join(part + words_text.unmarked(caption) for caption in item.captions)
            + tags
            + part.join(map(words_text.unmarked, item.tags))
            for item in some
        )
        sequence.extend(map(number, words_text.marked_words(text + end)))
        done += len(some)
        progress("words", done, total)
    numbers = np.frombuffer(sequence, np.int32) if sequence else np.empty(0, np.int32)
    ends = np.flatnonzero(numbers == known[end]) + 1
    return dict(known), numbers, np.concatenate([[0], ends]).astype(np.int64)


def _together(items: Iterable[WordsRecord]) -> Iterator[list[WordsRecord]]:
    iterator = iter(items)
    while some := list(islice(iterator, TOGETHER)):
        yield some


def _terms(forms: Sequence[str]) -> tuple[list[str], NDArray[np.int64], NDArray[np.int64]]:
    """All terms, sorted, and those of each form as numbers: `of_form[first[i]:first[i + 1]]`."""
    known, numbers, ends = _Numbers(), array("i"), array("q", [0])
    for form in forms:
        if words_text.is_run(form):
            numbers.extend(map(known.__getitem__, words_text.pairs(form)))
        else:
            numbers.append(known[words_text.stem(form)])
        ends.append(len(numbers))
    terms = sorted(known)
    places = np.empty(len(terms), np.int64)
    places[[known[term] for term in terms]] = np.arange(len(terms))
    of_form = places[np.asarray(numbers, np.int32)]
    return terms, np.asarray(ends, np.int64), of_form


class _Tokens:
    """The terms of all items, cut from their words some rows at a time."""

    def __init__(
        self,
        sequence: NDArray[np.int32],
        starts: NDArray[np.int64],
        first: NDArray[np.int64],
        of_form: NDArray[np.int64],
    ) -> None:
        self._sequence, self._starts = sequence, starts
        self._first, self._of_form = first, of_form
        # Behind all forms, where their negative numbers point: the marks, of no term.
        self._sizes = np.concatenate([np.diff(first), [0, 0]])

    def lengths(self) -> NDArray[np.int64]:
        """How many terms each item has."""
        held = [np.empty(0, np.int64)]
        for words, starts in self._slices():
            # No item is empty: it has its marks.
            held.append(np.add.reduceat(self._sizes[words], starts[:-1]))
        return np.concatenate(held)

    def __iter__(self) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]]:
        """(term, row, weight) of each term in each item, a term's rows ascending.

        The weight is the sum of those of all places where it stands.
        """
        for number, (words, starts) in enumerate(self._slices()):
            weight = weights(words, starts)
            row = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
            kept = words >= 0
            words, weight, row = words[kept], weight[kept], row[kept]
            count = self._sizes[words]
            within = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
            term = self._of_form[np.repeat(self._first[words], count) + within]
            # One number for each place, so that one quick sort brings together what belongs so.
            key = (term * ROWS + np.repeat(row, count)) << _WEIGHT_BITS
            key = np.sort(key | np.repeat(weight, count))
            place = key >> _WEIGHT_BITS
            heads = np.flatnonzero(np.diff(place, prepend=-1))
            summed = (
                np.add.reduceat(key & ((1 << _WEIGHT_BITS) - 1), heads) if len(heads) else heads
            )
            yield place[heads] // ROWS, place[heads] % ROWS + number * ROWS, summed

    def _slices(self) -> Iterator[tuple[NDArray[np.int32], NDArray[np.int64]]]:
        for begin in range(0, len(self._starts) - 1, ROWS):
            starts = self._starts[begin : begin + ROWS + 1]
            yield self._sequence[starts[0] : starts[-1]], starts - starts[0]


def _holders(tokens: _Tokens, count: int) -> NDArray[np.int64]:
    """How many items each term is found in."""
    held = np.zeros(count, np.int64)
    for term, _, _ in tokens:
        held += np.bincount(term, minlength=count)
    return held


def _packed(words: Sequence[str]) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Sorted words as one text, and where each begins in it; see words_strings.py."""
    each = [word.encode() + b"\n" for word in words]
    starts = np.cumsum([0, *map(len, each)], dtype=np.int64)
    return np.frombuffer(b"".join(each), np.uint8), starts


def _postings(
    tokens: _Tokens, count: int, norm: NDArray[np.float32]
) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.float32]]:
    """Where each term's items begin, the rows of all items, and what the term says of each."""
    held = _holders(tokens, count)
    starts = np.concatenate([[0], np.cumsum(held)]).astype(np.int64)
    rows, impacts = np.empty(starts[-1], np.int32), np.empty(starts[-1], np.float32)
    filled = starts[:-1].copy()
    for term, row, weight in tokens:
        found = np.bincount(term, minlength=count)
        within = np.arange(len(term)) - (np.cumsum(found) - found)[term]
        places = filled[term] + within
        rows[places] = row
        impacts[places] = impact(weight, norm[row])
        filled += found
    return starts, rows, impacts

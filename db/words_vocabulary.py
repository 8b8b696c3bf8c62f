"""The words of a catalog with how many items hold each: what spelling and completion go by."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from db import words_text
from db.words_strings import Strings

_SETS = 64  # letters are told apart by this many bits, so that few of a script share one


def letters(word: str) -> str:
    """What a word is typed with: a Hangul syllable is two or three letters."""
    return unicodedata.normalize("NFD", words_text.folded(word))


class Vocabulary:
    """Words as they are written, but for case and accents; in the order of their characters."""

    def __init__(self, forms: Strings, items: NDArray[np.int32]) -> None:
        self._forms, self._items = forms, items

    def __len__(self) -> int:
        return len(self._forms)

    def __iter__(self) -> Iterator[tuple[str, int]]:
        """(word, items that hold it)."""
        return zip(self._forms, self._items.tolist(), strict=True)

    def __contains__(self, word: str) -> bool:
        return self._forms.find(words_text.folded(word)) is not None

    def count(self, word: str) -> int:
        """How many items hold just this word."""
        number = self._forms.find(words_text.folded(word))
        return 0 if number is None else int(self._items[number])

    def beginning(self, prefix: str, most: int) -> list[tuple[str, int]]:
        """Words that begin so and the items that hold each, most frequent first."""
        some = self._forms.beginning(words_text.folded(prefix))
        items = self._items[some.start : some.stop]
        order = np.argsort(-items, kind="stable")[:most]
        return [(self._forms[some.start + int(place)], int(items[place])) for place in order]

    def alike(self, word: str, wrong: int) -> Iterator[tuple[str, int]]:
        """All words that may come from this one by so many wrong letters, and some more.

        A letter too many, too few, another one, or two that changed places. Numbers are not
        misspelt words: what has a digit is like nothing.
        """
        sizes, sets = self._typed
        (size, *_), (own, *_) = _sized(letters(word) + "\n")
        apart = np.abs(sizes - size) <= wrong
        apart &= np.bitwise_count(sets ^ own) <= 2 * wrong
        for number in np.flatnonzero(apart & (sizes > 0)).tolist() if size else ():
            yield self._forms[number], int(self._items[number])

    @cached_property
    def _typed(self) -> tuple[NDArray[np.int64], NDArray[np.uint64]]:
        """How many letters each word has, and which ones; none where it has a digit."""
        return _sized(unicodedata.normalize("NFD", self._forms.text))


def _sized(lines: str) -> tuple[NDArray[np.int64], NDArray[np.uint64]]:
    """Of lines of letters, each with its end."""
    signs = np.frombuffer(lines.encode("utf-32-le"), np.uint32)
    ends = np.flatnonzero(signs == ord("\n"))
    if not len(ends):
        return np.empty(0, np.int64), np.empty(0, np.uint64)
    starts = np.concatenate([[0], ends[:-1] + 1])
    digits = np.logical_or.reduceat((signs >= ord("0")) & (signs <= ord("9")), starts)
    sets = np.bitwise_or.reduceat(np.uint64(1) << (signs % _SETS).astype(np.uint64), starts)
    return np.where(digits, 0, ends - starts), sets

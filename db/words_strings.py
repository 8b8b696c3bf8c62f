"""Sorted strings as one array of bytes: a million of them are open at once and cost no loading."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

_LAST = b"\xff"  # behind every character of UTF-8


class Strings:
    """Each ends with a newline, which none contains; number i begins at `starts[i]`."""

    def __init__(self, text: NDArray[np.uint8], starts: NDArray[np.int64]) -> None:
        self._text, self._starts = memoryview(text), starts  # type: ignore[arg-type]  # any array is a buffer

    def __len__(self) -> int:
        return len(self._starts) - 1

    def __getitem__(self, number: int) -> str:
        return self._bytes(number).decode()

    def __iter__(self) -> Iterator[str]:
        return map(self.__getitem__, range(len(self)))

    @property
    def text(self) -> str:
        """All of them, each with its newline."""
        return str(self._text, "utf-8")

    def find(self, word: str) -> int | None:
        """The number of a string, None where it is not among them."""
        sought = word.encode()
        place = self._place(sought)
        return place if place < len(self) and self._bytes(place) == sought else None

    def beginning(self, prefix: str) -> range:
        """The numbers of all strings that begin so."""
        sought = prefix.encode()
        return range(self._place(sought), self._place(sought + _LAST))

    def containing(self, part: str) -> NDArray[np.int64]:
        """The numbers of all strings in which the part stands, ascending."""
        matches = re.finditer(re.escape(part.encode()), self._text)
        found = np.fromiter((match.start() for match in matches), np.int64)
        return np.unique(np.searchsorted(self._starts, found, side="right") - 1)

    def _place(self, sought: bytes) -> int:
        low, high = 0, len(self)
        while low < high:
            middle = (low + high) // 2
            if self._bytes(middle) < sought:
                low = middle + 1
            else:
                high = middle
        return low

    def _bytes(self, number: int) -> bytes:
        return bytes(self._text[self._starts[number] : self._starts[number + 1] - 1])

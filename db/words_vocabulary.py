"""The words of a catalog with how many items hold each: what spelling and completion go by."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from db import words_text
from db.words_strings import Strings


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

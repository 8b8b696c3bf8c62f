"""The words that a model has met in training: of all others its opinion is guesswork.

Pieces let the tokenizer read any word, so nothing is refused; but "Zorblax" read as pieces of
other words lands somewhere in the shared space. Search says so and trusts exact words instead.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from stems import Stemmer

FILE = "words.txt"
_WORD = re.compile(r"[^\W_]+")
_HANGUL = re.compile(r"[\uac00-\ud7a3]")
# A Korean word carries its particles: its first two syllables stand for it.
_SYLLABLES = 2
_LEARNT = 2  # items of which a word must be said
_stemmed = Stemmer("porter")


class KnownWords:
    """Stems of words. Without any, every word counts as known: nothing was recorded."""

    def __init__(self, stems: Iterable[str] = ()) -> None:
        self._stems = frozenset(stems)

    @classmethod
    def of(cls, items: Iterable[Iterable[str]]) -> KnownWords:
        """Of the texts of each item: what only one of them says, a name say, is not learnt."""
        said = Counter(stem for texts in items for stem in _stems(texts))
        return cls(stem for stem, count in said.items() if count >= _LEARNT)

    @classmethod
    def read(cls, file: Path) -> KnownWords:
        try:
            return cls(file.read_text(encoding="utf-8").split())
        except FileNotFoundError:  # a model from before words were kept
            return cls()

    def write(self, file: Path) -> None:
        file.write_text("".join(f"{stem}\n" for stem in sorted(self._stems)), encoding="utf-8")

    def __len__(self) -> int:
        return len(self._stems)

    def unknown(self, text: str) -> list[str]:
        """The words of a text that the model has not met, as they are written there."""
        if not self._stems:
            return []
        words = dict.fromkeys(words_of(text))
        return [w for w in words if not w.isdigit() and _stem(w) not in self._stems]


def _stems(texts: Iterable[str]) -> set[str]:
    return {_stem(word) for text in texts for word in words_of(text)} - {""}


def words_of(text: str) -> list[str]:
    return _WORD.findall(unicodedata.normalize("NFKC", text).casefold())


def _stem(word: str) -> str:
    if _HANGUL.match(word):
        return word[:_SYLLABLES]
    return _stemmed(word) if word.isascii() else word

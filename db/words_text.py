"""How text becomes words: the same for catalog and query, so that one finds the other.

A word is written in letters and digits of any script. It is compared in one form: composed,
without case, without the accents of Latin, Greek and Cyrillic letters. Words of the letters a to z
are found by their stem (Porter's), others as they are.

Korean particles stick to their nouns, and Chinese and Japanese put no spaces. So a run of their
signs is one word, and is found by its overlapping pairs: "불꽃" finds "불꽃은".
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from itertools import chain

from stems import Stemmer

# Hangul and its letters, kana, Han.
_RUN = (
    r"\u1100-\u11ff\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff\u3400-\u9fff\uac00-\ud7af"
)
_WORD = re.compile(rf"[{_RUN}]+|[^\W_{_RUN}]+")
# Between the parts of an item, before its tags, and behind it: see words_build.py.
PART, TAGS, END = "\x01", "\x02", "\x03"
_MARKS = PART + TAGS + END
_MARK = re.compile(f"[{_MARKS}]")
_MARKED = re.compile(rf"[{_MARKS}]|{_WORD.pattern}")
_NO_MARKS = dict.fromkeys(map(ord, _MARKS), " ")
_CHUNK = re.compile(r"\w+")
_SYLLABIC = re.compile(rf"[{_RUN}]")
_HANGUL = re.compile(r"[\u1100-\u11ff\uac00-\ud7af]+")
_LATIN = re.compile(r"[a-z]+")
_ACCENTED = re.compile(r"[\u00c0-\u024f\u0300-\u052f\u1e00-\u1fff]")
_ACCENT = re.compile(r"[\u0300-\u036f]")
_stemmed = Stemmer("porter")  # a query whose words the catalog holds needs none


def folded(text: str) -> str:
    """Text in the form in which words are compared."""
    if text.isascii():
        return text.lower()
    # Hangul that was typed as its letters, full-width Latin and the like in their usual form.
    text = unicodedata.normalize("NFKC", text).casefold()
    if _ACCENTED.search(text):
        bare = _ACCENT.sub("", unicodedata.normalize("NFD", text))
        text = unicodedata.normalize("NFC", bare)
    return text


def chunks(query: str) -> list[tuple[str, tuple[str, ...]]]:
    """The query's words as they were typed, each once, with the words of the index in it.

    Mostly one; "fire_lizard" and "lizard불꽃" are two that must stand side by side.
    """
    found: dict[tuple[str, ...], str] = {}
    for typed in _CHUNK.findall(unicodedata.normalize("NFKC", query)):
        words = tuple(_WORD.findall(folded(typed)))
        if words:
            found.setdefault(words, typed)
    return [(typed, words) for words, typed in found.items()]


def marked_words(text: str) -> list[str]:
    """The words of a text and the marks in it, in order, as they are compared."""
    return _MARKED.findall(folded(text))


def terms(texts: Iterable[str]) -> list[str]:
    """What texts are found by, each once: stems, and pairs of runs."""
    words = dict.fromkeys(word for text in texts for word in _WORD.findall(folded(text)))
    # Of a lone "s", as in "dragon's", Porter leaves nothing.
    each = (pairs(word) if is_run(word) else (stem(word) or word,) for word in words)
    return list(dict.fromkeys(chain.from_iterable(each)))


def unmarked(text: str) -> str:
    """Text without characters that would be taken for marks."""
    return text.translate(_NO_MARKS) if _MARK.search(text) else text


def is_run(word: str) -> bool:
    """Whether a word is a run of signs that is found by pairs."""
    return _SYLLABIC.match(word) is not None


def is_hangul(word: str) -> bool:
    """Whether a run is Korean, whose words have spaces between them and particles behind."""
    return _HANGUL.fullmatch(word) is not None


def pairs(run: str) -> list[str]:
    """A run of one sign is its own."""
    return [run[i : i + 2] for i in range(max(1, len(run) - 1))]


@lru_cache(1 << 16)  # a catalog says the same words again and again
def stem(word: str) -> str:
    """What a word that is no run is found by."""
    return _stemmed(word) if _LATIN.fullmatch(word) else word

"""The query as it may have been meant, in the catalog's own words."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from db.words import Words

# Words shorter than this may have so many letters wrong: near a short word lies everything.
_WRONG = ((4, 0), (6, 1))
_MOST_WRONG = 2
_WORD = re.compile(r"[^\W_]+")
_HANGUL = re.compile(r"[\uac00-\ud7a3]")


def suggestion(line: str, doubted: Iterable[str], words: Words) -> str:
    """The line with each doubted word in the nearest spelling that the catalog has; else empty.

    Of equally near ones the word that more items hold. Korean is compared by its letters.
    """
    meant: dict[str, str] = {}
    for word in doubted:
        near = _nearest(word, words)
        if near:
            meant[_folded(word)] = near
    if not meant:
        return ""
    return _WORD.sub(lambda match: meant.get(_folded(match[0]), match[0]), line)


def _nearest(word: str, words: Words) -> str:
    from rapidfuzz import process  # only for words that nobody knows
    from rapidfuzz.distance import OSA

    letters = _letters(word)
    wrong = next((most for length, most in _WRONG if len(letters) < length), _MOST_WRONG)
    if not wrong:
        return ""
    known = {_letters(near): (near, count) for near, count in words.vocabulary.alike(word, wrong)}
    found = process.extract(
        letters, list(known), scorer=OSA.distance, processor=None, score_cutoff=wrong, limit=20
    )
    if not found:
        return ""
    _, _, best = min((distance, -known[near][1], near) for near, distance, _ in found)
    return known[best][0]


def _letters(word: str) -> str:
    """A Hangul syllable as the two or three letters that it is typed with."""
    word = _folded(word)
    return unicodedata.normalize("NFD", word) if _HANGUL.search(word) else word


def _folded(word: str) -> str:
    return unicodedata.normalize("NFKC", word).casefold()

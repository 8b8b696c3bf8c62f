"""The query as it may have been meant, in the catalog's own words.

correction   what is answered in the place of the line: misspellings that leave no doubt
suggestion   what is offered beside the answer
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable
from typing import TypeAlias

from db.words import Words

Steps: TypeAlias = tuple[tuple[int, int], ...]
# Words shorter than this may have so many letters wrong: near a short word lies everything.
_WRONG = ((4, 0), (6, 1))
_MOST_WRONG = 2
_SURELY_WRONG = ((5, 0), (9, 1))
# From so many letters on a word is like few others, so that a name is meant even if it is rare.
_LONG = 6
_WORD = re.compile(r"[^\W_]+")
_HANGUL = re.compile(r"[\uac00-\ud7a3]")


def suggestion(line: str, doubted: Iterable[str], words: Words) -> str:
    """The line with each doubted word in the nearest spelling that the catalog has; else empty.

    Of equally near ones the word that more items hold. Korean is compared by its letters.
    """
    return _put(line, {word: _nearest(word, words) for word in doubted})


def correction(
    line: str, doubted: Iterable[str], words: Words, learnt: Callable[[str], bool]
) -> str:
    """The line with those doubted words righted of which one word alone can be meant; else empty.

    They begin with the same letter and differ in one, long ones in two. Of several words as near,
    the one that is meant must be the only one that the model has `learnt`; of a short word so must
    be what it is taken for. A line of which most words stay unknown is about something else: then
    a likeness is chance.
    """
    meant = {word: _surely(word, words, learnt) for word in doubted}
    strange = sum(not near for near in meant.values())
    told = {_folded(word) for word in _WORD.findall(line)}
    return _put(line, meant) if 2 * strange <= len(told) else ""


def _put(line: str, meant: dict[str, str]) -> str:
    meant = {_folded(word): near for word, near in meant.items() if near}
    if not meant:
        return ""
    return _WORD.sub(lambda match: meant.get(_folded(match[0]), match[0]), line)


def _nearest(word: str, words: Words) -> str:
    near = _near(word, words, _WRONG)
    return min(near)[2] if near else ""


def _surely(word: str, words: Words, learnt: Callable[[str], bool]) -> str:
    letters = _letters(word)
    near = [one for one in _near(word, words, _SURELY_WRONG) if _letters(one[2])[0] == letters[0]]
    nearest = [one for one in near if one[0] == min(near)[0]]
    if len(nearest) > 1 or len(letters) < _LONG:
        nearest = [one for one in nearest if learnt(one[2])]
    return nearest[0][2] if len(nearest) == 1 else ""


def _near(
    word: str, words: Words, steps: tuple[tuple[int, int], ...]
) -> list[tuple[int, int, str]]:
    """(letters wrong, less the items that hold it, word) of what a word may be a misspelling of."""
    from rapidfuzz import process  # only for words that nobody knows
    from rapidfuzz.distance import OSA

    letters = _letters(word)
    wrong = next((most for length, most in steps if len(letters) < length), _MOST_WRONG)
    if not wrong:
        return []
    known = {_letters(near): (near, count) for near, count in words.vocabulary.alike(word, wrong)}
    found = process.extract(
        letters, list(known), scorer=OSA.distance, processor=None, score_cutoff=wrong, limit=20
    )
    return [(int(distance), -known[near][1], known[near][0]) for near, distance, _ in found]


def _letters(word: str) -> str:
    """A Hangul syllable as the two or three letters that it is typed with."""
    word = _folded(word)
    return unicodedata.normalize("NFD", word) if _HANGUL.search(word) else word


def _folded(word: str) -> str:
    return unicodedata.normalize("NFKC", word).casefold()

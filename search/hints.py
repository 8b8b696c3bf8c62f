"""What a line says in words that a search does not take in that sense, and how it is written."""

from __future__ import annotations

import re

from search.query import Query

# "not blue", "without wings"; "날개 없는", "빨강 말고": the word beside is what is not wanted.
_BEFORE = re.compile(
    r"\b(not|without|except)\s+(?:(?:in|on|at|of|with|near|very)\s+)?(?:(?:a|an|the|any)\s+)?"
    r"([^\W\d_]+)",
    re.IGNORECASE,
)
_BEHIND = re.compile(r"([가-힣]+)\s+(없는|없이|말고|아닌)(?!\S)")


def hint(query: Query) -> str:
    """A note for who reads the results; empty where nothing is to be said."""
    text = " ".join(term.text for term in query.terms if term.weight > 0 and not term.exact)
    found = _BEFORE.search(text)
    word, unwanted = (found[1], found[2]) if found else ("", "")
    if not found and (behind := _BEHIND.search(text)):
        word, unwanted = behind[2], behind[1]
    if not word:
        return ""
    return f"{word!r} is read as any other word; -{unwanted} leaves out what shows {unwanted!r}"

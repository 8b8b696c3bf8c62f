"""Tags → a line of hashtags for a post."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from typing import Literal

Style = Literal["camel", "joined"]


def hashtags(tags: Iterable[str], limit: int, style: Style = "camel") -> str:
    """At most `limit`, each once whatever its case: `sea lion` is #SeaLion, or joined #sealion."""
    found: dict[str, str] = {}
    for tag in tags:
        if len(found) == limit:
            break
        words = _words(unicodedata.normalize("NFC", tag))
        if style == "joined":
            words = [word.lower() for word in words]
        elif len(words) > 1:
            words = [word[:1].upper() + word[1:] for word in words]
        name = "".join(words)
        # No network takes digits alone for a hashtag.
        if any(not char.isdecimal() for char in name):
            found.setdefault(name.casefold(), f"#{name}")
    return " ".join(found.values())


def _words(text: str) -> list[str]:
    """Runs of letters, digits and the marks that belong to letters; an apostrophe parts nothing."""
    kept = []
    for char in text:
        if char in "'’":
            continue
        kept.append(char if unicodedata.category(char)[0] in "LNM" else " ")
    return "".join(kept).split()

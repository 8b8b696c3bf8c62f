"""How texts are compared: without regard to case, and to how a character was typed."""

from __future__ import annotations

import unicodedata


def fold(text: str) -> str:
    """Full-width letters, Hangul typed as its letters and the like in one form, in lower case."""
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())

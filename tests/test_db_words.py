"""Exact words are found however a keyboard or a file system composed them."""

from __future__ import annotations

import dataclasses
import unicodedata

import numpy as np
import pytest

from db.records import CaptionRecord
from db.store import Store
from tests.words_samples import words_of


def wide(text: str) -> str:
    """Latin letters as East Asian keyboards may type them."""
    return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text)


@pytest.mark.parametrize("text", ["빨강 네모", "불꽃", "lantern", "빨강 lantern"])
def test_words_are_found_however_query_and_caption_are_composed(store: Store, text: str) -> None:
    first = next(store.items())
    forms = (text, unicodedata.normalize("NFD", text), wide(text))
    for written in forms:
        caption = CaptionRecord(f"{written} 불꽃은 {wide('lantern')}", "ko")
        store.apply_import([dataclasses.replace(first, captions=(caption,))], [])
        words = words_of(store)
        for query in forms:
            assert first.id in words.hits(query, 50)[0], (written, query)
            assert words.coverage(query, np.array([first.id])) == pytest.approx([1.0])

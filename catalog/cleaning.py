"""Text of a source made safe and regular: NFC, one space between words, nothing unprintable."""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple

from catalog.rows import Value, as_list, as_text

MAX_TAG = 256
_SURROGATES = re.compile("[\ud800-\udfff]")
# Controls, and the byte-order mark that concatenated files leave inside a text.
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\ufeff\u2028\u2029]")
_SPACES = re.compile(r"\s+")
_TAG_SEPARATORS = ("|", ";", ",")


class Cleaned(NamedTuple):
    text: str
    faults: tuple[str, ...]  # what had to be changed that the writer would want to know


def clean(text: str, limit: int) -> Cleaned:
    """The text with NUL removed, controls as spaces, NFC, at most `limit` characters."""
    faults = []
    if "\0" in text:
        text = text.replace("\0", "")
        faults.append("nul")
    if _SURROGATES.search(text):
        text = _SURROGATES.sub("\ufffd", text)
        faults.append("surrogate")
    text = unicodedata.normalize("NFC", _CONTROLS.sub(" ", text))
    text = _SPACES.sub(" ", text).strip()
    if len(text) > limit:
        text = text[:limit].rstrip()
        faults.append("cut")
    return Cleaned(text, tuple(faults))


def is_blank(text: str) -> bool:
    """Whether nothing in the text can be seen: spaces, joiners, marks of direction."""
    return all(unicodedata.category(char) in ("Cf", "Cc", "Zs", "Zl", "Zp") for char in text)


def split_tags(value: Value) -> list[str]:
    """The raw tags of a value: a list, a JSON list, or text with `|`, `;` or `,` between them."""
    entries = as_list(value)
    if entries is not None:
        return entries
    text = as_text(value)
    for separator in _TAG_SEPARATORS:
        if separator in text:
            return text.split(separator)
    return [text]


def clean_tag(text: str) -> str:
    """A tag as it is stored: lower case, so that `Red` and `red` are one."""
    return clean(text, MAX_TAG).text.lower()

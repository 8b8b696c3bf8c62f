"""One raw row read as an item: texts cleaned, captions gathered, problems noted; no file opened."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from catalog.attributes import MAX_NAME, typed
from catalog.cleaning import MAX_TAG, clean, clean_tag, is_blank, split_tags
from catalog.columns import Columns
from catalog.rows import Row, as_text
from catalog.splits import split_of
from db.records import (
    AttributeKind,
    AttributeValue,
    CaptionRecord,
    ProblemRecord,
    Split,
)
from errors import printable

MAX_KEY = 512
MAX_ITEM_NAME = 1024
_URL = re.compile(r"(?!file:)[a-z][a-z0-9+.-]+://|data:|//[\w-]+\.\w", re.IGNORECASE)
_FAULTS = {"nul": "nul-removed", "surrogate": "bad-characters"}
_WORDS = {
    "nul": "NUL characters were removed",
    "surrogate": "broken Unicode was replaced",
    "cut": "cut to {limit:,} characters",
}


@dataclass(slots=True)
class Draft:
    number: int
    id: str  # "" where the source has no ids
    image: str  # as the source writes it
    captions: list[CaptionRecord] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    split: Split | None = None
    name: str = ""
    attributes: dict[str, AttributeValue] = field(default_factory=dict)
    rejected: ProblemRecord | None = None
    notes: list[ProblemRecord] = field(default_factory=list)  # the row is kept all the same

    def reject(self, code: str, detail: str) -> None:
        if self.rejected is None:
            self.rejected = self._problem(code, detail, kept=False)

    def note(self, code: str, detail: str) -> None:
        self.notes.append(self._problem(code, detail, kept=True))

    def note_faults(self, column: str, faults: Iterable[str], limit: int, cut: str) -> None:
        for fault in faults:
            words = _WORDS[fault].format(limit=limit)
            self.note(_FAULTS.get(fault, cut), f"{column}: {words}")

    def _problem(self, code: str, detail: str, kept: bool) -> ProblemRecord:
        key = printable(self.id or self.image[:MAX_KEY])
        return ProblemRecord(self.number, key, code, printable(detail), kept)


def read_draft(row: Row, columns: Columns, limit: int) -> Draft:
    """What a row says, or why it cannot be taken."""
    values = row.values
    raw_id = as_text(values.get(columns.id)) if columns.id else ""
    image = as_text(values.get(columns.image))
    draft = Draft(row.number, clean(raw_id, MAX_KEY + 1).text, image)
    if row.fault:
        draft.reject("bad-row", row.fault)
        return draft
    if len(draft.id) > MAX_KEY:
        draft.reject("bad-id", f"longer than {MAX_KEY} characters")
    _read_image(draft)
    _read_captions(draft, row, columns, limit)
    if columns.tags:
        _read_tags(draft, row, columns.tags)
    if columns.split:
        name = as_text(values.get(columns.split)).strip()
        draft.split = split_of(name)
        if name and not draft.split:
            draft.note("bad-split", f"{name[:60]!r} is neither train, val nor test")
    if columns.name:
        cleaned = clean(as_text(values.get(columns.name)), MAX_ITEM_NAME)
        draft.name = cleaned.text
        draft.note_faults(columns.name, cleaned.faults, MAX_ITEM_NAME, "field-cut")
    return draft


def read_attributes(
    draft: Draft, row: Row, kinds: dict[str, AttributeKind], limit: int
) -> dict[str, AttributeKind]:
    """Add the row's attributes; returns the kinds of those that it has."""
    found: dict[str, AttributeKind] = {}
    for column, kind in kinds.items():
        value, faults = typed(row.values.get(column), kind, limit)
        draft.note_faults(column, faults, limit, "field-cut")
        if value is not None:
            name = clean(column, MAX_NAME).text
            draft.attributes[name] = value
            found[name] = kind
    return found


def _read_image(draft: Draft) -> None:
    if not draft.image.strip():
        draft.reject("missing-image-name", "the row names no image")
    elif _URL.match(draft.image.strip()):
        draft.reject("url", "images are not downloaded: fetch it and give its path")


def _read_captions(draft: Draft, row: Row, columns: Columns, limit: int) -> None:
    seen: set[tuple[str, str]] = set()
    for column, language in columns.captions:
        value = row.values.get(column)
        for entry in value if isinstance(value, list) else [value]:
            cleaned = clean(as_text(entry), limit)
            if is_blank(cleaned.text) or (language, cleaned.text) in seen:
                continue
            seen.add((language, cleaned.text))
            draft.captions.append(CaptionRecord(cleaned.text, language))
            draft.note_faults(column, cleaned.faults, limit, "caption-cut")
    if not draft.captions:
        names = ", ".join(column for column, _ in columns.captions)
        draft.reject("empty-caption", f"nothing in {names}")


def _read_tags(draft: Draft, row: Row, column: str) -> None:
    raw = split_tags(row.values.get(column))
    draft.tags = [tag for tag in dict.fromkeys(map(clean_tag, raw)) if not is_blank(tag)]
    if any(len(tag) > MAX_TAG for tag in raw):
        draft.note("field-cut", f"{column}: a tag was cut to {MAX_TAG} characters")

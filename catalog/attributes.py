"""Columns without a role become attributes, typed once per column over all of its values.

number   every value is a finite number; "007" and 20-digit codes are text, they would change
date     every value is an ISO date or time
list     values are lists, JSON lists, or short entries with `|` between them
text     everything else
"""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Iterable, Mapping

from catalog.cleaning import clean
from catalog.rows import Value, as_list, as_text
from db.records import AttributeKind, AttributeValue

_NUMBER = re.compile(r"[+-]?(0|[1-9]\d*)?(\.\d+)?([eE][+-]?\d{1,3})?")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}([T ].+)?")
_EXACT = 2**53  # above this a float no longer tells neighbouring whole numbers apart
_LONGEST_ENTRY = 80  # a `|` between longer parts stands in running text
MAX_NAME = 256


class AttributeTypes:
    """Learns the kind of each column from value after value."""

    def __init__(self, columns: Iterable[str]) -> None:
        self._possible: dict[str, set[AttributeKind]] = {
            column: {"number", "date"} for column in columns
        }
        self._lists: set[str] = set()
        self._seen: set[str] = set()

    def learn(self, values: Mapping[str, Value]) -> None:
        for column, possible in self._possible.items():
            value = values.get(column)
            text = as_text(value).strip()
            if not text:
                continue
            self._seen.add(column)
            if "number" in possible and (isinstance(value, bool) or as_number(text) is None):
                possible.discard("number")
            if "date" in possible and as_date(text) is None:
                possible.discard("date")
            if column not in self._lists and not possible and _is_list(value):
                self._lists.add(column)

    def kinds(self) -> dict[str, AttributeKind]:
        """The kind of each column that holds any value."""
        kinds: dict[str, AttributeKind] = {}
        for column, possible in self._possible.items():
            if column not in self._seen:
                continue
            if "number" in possible:
                kinds[column] = "number"
            elif "date" in possible:
                kinds[column] = "date"
            else:
                kinds[column] = "list" if column in self._lists else "text"
        return kinds


def typed(
    value: Value, kind: AttributeKind, limit: int
) -> tuple[AttributeValue | None, tuple[str, ...]]:
    """The value as its column's kind says, None for an empty one, and what had to be changed."""
    text = as_text(value).strip()
    if not text:
        return None, ()
    if kind == "number":
        return as_number(text), ()
    if kind == "date":
        return as_date(text), ()
    if kind == "text":
        cleaned = clean(text, limit)
        return cleaned.text or None, cleaned.faults
    entries = as_list(value)
    cleaned_entries = [clean(e, limit) for e in (text.split("|") if entries is None else entries)]
    faults = tuple(dict.fromkeys(fault for entry in cleaned_entries for fault in entry.faults))
    return [entry.text for entry in cleaned_entries if entry.text] or None, faults


def as_number(text: str) -> float | None:
    if not any(char.isdigit() for char in text) or not _NUMBER.fullmatch(text):
        return None
    number = float(text)
    return number if math.isfinite(number) and abs(number) <= _EXACT else None


def as_date(text: str) -> str | None:
    """The date in the one form in which the order of texts is the order of times."""
    if not _DATE.fullmatch(text):
        return None
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError:
        return None
    if moment.tzinfo:
        try:
            moment = moment.astimezone(dt.UTC).replace(tzinfo=None)
        except OverflowError:
            return None
    return moment.date().isoformat() if len(text) == 10 else moment.isoformat()


def _is_list(value: Value) -> bool:
    if as_list(value) is not None:
        return True
    parts = value.split("|") if isinstance(value, str) else []
    return len(parts) > 1 and all(len(part) <= _LONGEST_ENTRY for part in parts)

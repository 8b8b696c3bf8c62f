"""Raw rows, as every reader yields them, and the source that they come from."""

from __future__ import annotations

import datetime as dt
import json
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

Value = object  # str, int, float, bool, None, date, list or dict: what the format can say


@dataclass(frozen=True, slots=True)
class Row:
    """One row or file of a source; `fault` says why it could not be read."""

    number: int  # from 1, without the header
    values: dict[str, Value] = field(default_factory=dict)
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Source:
    """An opened source: its columns are known, its rows can be read as often as needed."""

    path: Path
    folder: Path  # relative image paths start here
    columns: tuple[str, ...]
    total: int
    read: Callable[[], Iterator[Row]]
    notes: tuple[str, ...] = ()


def as_text(value: Value) -> str:
    """A raw value as the text that a CSV file would hold for it; nothing is the empty string."""
    match value:
        case str():
            return value
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case float():
            if math.isnan(value):
                return ""
            return str(int(value)) if value.is_integer() and abs(value) < 2**53 else repr(value)
        case dt.datetime():
            # A column of days comes out of Parquet as midnights.
            text = value.isoformat()
            return text.removesuffix("T00:00:00")
        case dt.date():
            return value.isoformat()
        case list() | dict():
            return json.dumps(value, ensure_ascii=False, default=as_text)
        case bytes():
            return ""
        case _:
            return str(value)


def as_list(value: Value) -> list[str] | None:
    """The entries of a value that is a list, or a JSON list in text; None when it is neither."""
    if isinstance(value, list):
        return [as_text(entry) for entry in value]
    if isinstance(value, str) and value.startswith("[") and value.rstrip().endswith("]"):
        try:
            parsed = json.loads(value)
        except (ValueError, RecursionError):
            return None
        if isinstance(parsed, list):
            return [as_text(entry) for entry in parsed]
    return None

"""JSONL, one object a line, and JSON, a list of objects."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from catalog.encodings import find_encoding
from catalog.rows import Row, Source
from errors import CatalogError


def open_jsonlines(path: Path, encoding: str | None = None) -> Source:
    name = find_encoding(path, encoding)

    def read() -> Iterator[Row]:
        # Only "\n" ends a line: U+2028 and its like may stand inside a JSON string.
        with path.open(encoding=name, newline="\n") as file:
            lines = (line for line in file if line.strip())
            for number, line in enumerate(lines, start=1):
                yield _parsed(number, line)

    columns, total = _scan(read())
    return Source(path, path.parent, columns, total, read)


def open_json(path: Path, encoding: str | None = None) -> Source:
    """A JSON document is one value, so it is held in memory whole; JSONL is not."""
    name = find_encoding(path, encoding)
    try:
        document = json.loads(path.read_text(encoding=name))
    except (ValueError, RecursionError) as error:
        raise CatalogError(f"{path} is not valid JSON", str(error), "mend the file") from None
    if isinstance(document, dict):
        # {"images": [...]} and its like: the one list of objects that the document holds.
        lists = [value for value in document.values() if isinstance(value, list)]
        document = lists[0] if len(lists) == 1 else None
    if not isinstance(document, list):
        raise CatalogError(f"{path} holds no list of objects", "", "write a list of objects")
    records: list[object] = document

    def read() -> Iterator[Row]:
        for number, value in enumerate(records, start=1):
            yield _row(number, value)

    columns, total = _scan(read())
    return Source(path, path.parent, columns, total, read)


def _parsed(number: int, line: str) -> Row:
    try:
        return _row(number, json.loads(line))
    except (ValueError, RecursionError) as error:
        return Row(number, fault=f"no valid JSON: {error}")


def _row(number: int, value: object) -> Row:
    if not isinstance(value, dict):
        return Row(number, fault=f"a JSON {type(value).__name__}, not an object")
    return Row(number, {str(key).strip(): entry for key, entry in value.items()})


def _scan(rows: Iterator[Row]) -> tuple[tuple[str, ...], int]:
    """All keys in the order in which they first occur: objects need not have the same ones."""
    columns: dict[str, None] = {}
    total = 0
    for row in rows:
        columns.update(dict.fromkeys(row.values))
        total += 1
    return tuple(columns), total

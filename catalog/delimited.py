"""CSV and TSV: quoted fields may hold newlines, rows may be ragged, and none is lost in silence.

Python's `csv` and not pandas, because pandas drops a ragged row or refuses the whole file, while
here each row is read or listed.
"""

from __future__ import annotations

import csv
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from catalog.encodings import find_encoding
from catalog.rows import Row, Source
from errors import CatalogError

_SAMPLE = 1 << 16


def open_delimited(path: Path, encoding: str | None = None) -> Source:
    # The default of 128 KiB would refuse a long caption before it can be cut and listed.
    csv.field_size_limit(sys.maxsize)
    name = find_encoding(path, encoding)
    delimiter = "\t" if path.suffix.lower() in (".tsv", ".tab") else _sniff(path, name)
    total = sum(1 for _ in _records(path, name, delimiter))
    columns = _columns(path, name, delimiter)
    notes = [f"{path.name} was read as {name}"] if name not in ("utf-8", "utf-8-sig") else []
    if delimiter == ";":
        notes.append(f"{path.name} is separated by semicolons")

    def read() -> Iterator[Row]:
        records = _records(path, name, delimiter)
        for number, record in enumerate(records, start=1):
            if len(record) > len(columns) and any(record[len(columns) :]):
                yield Row(number, fault=f"{len(record)} fields for {len(columns)} columns")
            else:
                # A short row lacks its last fields, as spreadsheets write it.
                yield Row(number, dict(zip(columns, record, strict=False)))

    return Source(path, path.parent, columns, total, read, tuple(notes))


def _records(path: Path, encoding: str, delimiter: str) -> Iterator[list[str]]:
    """The records after the header; blank lines are none."""
    lines = _Lines(path, encoding)
    reader = csv.reader(lines, delimiter=delimiter)
    start = 1
    try:
        for place, record in enumerate(reader):
            if lines.ended:
                raise CatalogError(
                    f"{path} ends inside a quoted field",
                    f"the row that begins in line {start} has an unclosed quote",
                    "close the quote",
                )
            start = reader.line_num + 1
            if place and record:
                yield record
    except csv.Error as error:
        raise CatalogError(f"{path} cannot be read", str(error), "check that it is CSV") from None
    finally:
        lines.close()


class _Lines:
    """The lines of a file, which remember whether the reader has asked for one too many.

    The reader hands out a record after the last line only where a quote was never closed.
    """

    def __init__(self, path: Path, encoding: str) -> None:
        self._file = path.open(encoding=encoding, newline="")
        self.ended = False

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = self._file.readline()
        if not line:
            self.ended = True
            raise StopIteration
        return line

    def close(self) -> None:
        self._file.close()


def _columns(path: Path, encoding: str, delimiter: str) -> tuple[str, ...]:
    """The header, with a name for the nameless and a number for the repeated."""
    with path.open(encoding=encoding, newline="") as file:
        try:
            header = next(csv.reader(file, delimiter=delimiter), [])
        except csv.Error as error:
            raise CatalogError(
                f"{path} has no header", str(error), "check that it is CSV"
            ) from None
    if not any(header):
        raise CatalogError(f"{path} has no header", "its first line is empty", "name the columns")
    names = [
        name.strip("\ufeff \t\r\n") or f"column {place}"
        for place, name in enumerate(header, start=1)
    ]
    seen: Counter[str] = Counter()
    for place, name in enumerate(names):
        seen[name] += 1
        if seen[name] > 1:
            names[place] = f"{name} ({seen[name]})"
    return tuple(names)


def _sniff(path: Path, encoding: str) -> str:
    """A comma, unless the header has none and has semicolons or tabs."""
    with path.open(encoding=encoding, newline="") as file:
        header = file.readline(_SAMPLE)
    if "," not in header:
        for delimiter in (";", "\t"):
            if delimiter in header:
                return delimiter
    return ","

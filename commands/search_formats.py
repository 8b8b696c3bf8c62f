"""Results for pipes: JSON, JSON Lines, CSV, paths. Nothing else goes to stdout beside them."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

from commands.context import json_text, print_json
from errors import QueryError

if TYPE_CHECKING:
    from search import Hit, SearchResult

_COLUMNS = ("rank", "id", "score", "name", "image", "caption", "tags")


def chosen(null: bool = False, **flags: bool) -> str:
    """The one format that was asked for, empty for people; raises where several are."""
    given = [name for name, wanted in flags.items() if wanted]
    if len(given) > 1:
        names = " and ".join(f"--{name}" for name in given)
        raise QueryError(f"{names} do not go together", "stdout holds one format", "give one")
    if null and given != ["paths"]:
        raise QueryError("-0 ends paths with NUL", "", "give --paths with it")
    return given[0] if given else ""


def write(form: str, result: SearchResult, null: bool = False) -> None:
    """`json` says everything; the others hold what matches, nothing where nothing does."""
    hits = () if result.no_match else result.results
    if form == "json":
        print_json(document(result))
        return
    if form == "jsonl":
        import msgspec

        text = "".join(json_text(msgspec.to_builtins(hit)) + "\n" for hit in hits).encode()
    elif form == "csv":
        text = csv_text(hits).encode("utf-8", "surrogateescape")
    else:
        # As the file system has them, so that the next program finds the files.
        text = b"".join(os.fsencode(hit.image) + (b"\0" if null else b"\n") for hit in hits)
    sys.stdout.buffer.write(text)
    sys.stdout.flush()


def document(result: SearchResult) -> dict[str, Any]:
    import msgspec

    from search.results import SCHEMA

    said: dict[str, Any] = msgspec.to_builtins(result)
    return {"schema": SCHEMA} | said


def csv_text(hits: tuple[Hit, ...]) -> str:
    """A header and a line per hit; each attribute that any of them has is a column."""
    import csv
    import io

    names = list(dict.fromkeys(name for hit in hits for name in hit.attributes))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*_COLUMNS, *(f"attribute.{name}" for name in names)])
    for hit in hits:
        fixed = (hit.rank, hit.id, round(hit.score, 6), hit.name, hit.image, hit.caption)
        values = (hit.attributes.get(name, "") for name in names)
        writer.writerow([*fixed, "; ".join(hit.tags), *map(_cell, values)])
    return text.getvalue()


def _cell(value: object) -> str:
    return "; ".join(map(str, value)) if isinstance(value, list) else str(value)

"""Answers from a file: JSON Lines or CSV, by the ids of questions or without having been asked.

    {"question": "9f…", "answer": "no"}
    {"item": "c000015", "tag": "fire", "answer": "yes"}
    {"image": "new.png", "query": "a small lizard", "answer": "no"}

CSV has the same words in its first line. Other columns are passed over, so what `--json` and
`--export` print can be given back with answers filled in.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from errors import PairdexError, QueryError
from review.answers import Answers

KNOWN = ("question", "item", "image", "tag", "query", "answer")


@dataclass
class Taken:
    """Every row of the file is in exactly one of these."""

    new: int = 0
    same: int = 0  # answered so before
    blank: int = 0  # no answer in it
    wrong: list[tuple[int, str]] = field(default_factory=list)  # line, why


def take(answers: Answers, data: bytes, name: str, source: str = "file") -> Taken:
    """Each row on its own: one that cannot be taken leaves the others as they are."""
    taken = Taken()
    standing = {one.id: one.answer for one in answers.all()}
    for line, row in _rows(data, name):
        try:
            if isinstance(row, QueryError):
                raise row
            verdict = row.get("answer", "").strip().lower()
            if not verdict:
                taken.blank += 1
                continue
            told = _told(answers, row, verdict, source)
        except PairdexError as error:
            taken.wrong.append((line, str(error)))
            continue
        if standing.get(told.id) == told.answer:
            taken.same += 1
        else:
            taken.new += 1
            standing[told.id] = told.answer
    return taken


def _told(answers: Answers, row: dict[str, str], verdict: str, source: str) -> Any:
    if row.get("question"):
        return answers.answer(row["question"], verdict, source)
    item = row.get("item", "")
    image = None if item or not row.get("image") else Path(row["image"])
    if row.get("tag"):
        return answers.tell_tag(row["tag"], verdict, item=item, image=image, source=source)
    if row.get("query"):
        return answers.tell_match(row["query"], verdict, item=item, image=image, source=source)
    raise QueryError("it names neither a question, nor a tag, nor a query", "", "see --json")


def _rows(data: bytes, name: str) -> Iterator[tuple[int, dict[str, str] | QueryError]]:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise QueryError(f"{name} is not UTF-8", str(error), "save it as UTF-8") from None
    if text.lstrip()[:1] in ("{", "["):
        for line, one in enumerate(text.splitlines(), start=1):
            if one.strip():
                yield line, _json(one)
        return
    rows = csv.DictReader(io.StringIO(text, newline=""))
    if "answer" not in (rows.fieldnames or ()):
        raise QueryError(
            f"{name} holds no answers", "its first line has no column `answer`",
            "give JSON Lines, or CSV with the columns question and answer",
        )  # fmt: skip
    try:
        for row in rows:
            yield rows.line_num, {key: row.get(key) or "" for key in KNOWN}
    except csv.Error as error:
        yield rows.line_num, QueryError("it is no CSV", str(error))


def _json(line: str) -> dict[str, str] | QueryError:
    try:
        row = msgspec.json.decode(line.encode("utf-8", "surrogateescape"))
    except (msgspec.DecodeError, UnicodeError) as error:
        return QueryError("it is no JSON", str(error))
    if not isinstance(row, dict):
        return QueryError("it is no JSON object", "", "an object a line")
    if any(not isinstance(row.get(key, ""), str | int | None) for key in KNOWN):
        return QueryError("its values are no texts")
    return {key: "" if row.get(key) is None else str(row[key]) for key in KNOWN}

"""Rows of a linked table → what is kept of them, and the reason for each one that is left out."""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from catalog.cleaning import clean
from catalog.feeds.days import day_of
from catalog.rows import Source, as_text
from db.folding import fold
from db.links import Link, Linked
from db.records import ProblemRecord
from errors import CatalogError, printable

MOST_TEXT = 4000  # characters of one value
_NAMES: Mapping[str, Sequence[str]] = {
    "brand": ("brand", "maker", "manufacturer"),
    "starts": ("starts", "start", "start_date", "from", "valid_from", "begin"),
    "ends": ("ends", "end", "end_date", "until", "to", "valid_to", "valid_until"),
    "price": ("price", "promotion_price", "sale_price"),
    "id": ("id", "store_id", "code", "store"),
    "latitude": ("latitude", "lat"),
    "longitude": ("longitude", "lon", "lng", "long"),
}
_DIGIT = re.compile(r"\d")


@dataclass(frozen=True)
class Checked:
    rows: list[Linked]
    problems: list[ProblemRecord]


@dataclass(frozen=True)
class _RowError(Exception):
    code: str
    detail: str


def check(table: Source, link: Link, name: str, zone: dt.tzinfo, most_bad: float) -> Checked:
    """A table of which too much is bad is refused whole: what was there is better.

    `name` is what errors call the source.
    """
    columns = _columns(table, link, name)
    rows: list[Linked] = []
    problems: list[ProblemRecord] = []
    seen: dict[str, int] = {}
    for raw in table.read():
        values = {c: clean(as_text(v), MOST_TEXT).text for c, v in raw.values.items()}
        shown = values.get(columns.get("key", columns.get("id", "")), "")
        try:
            if raw.fault:
                raise _RowError("unreadable-row", raw.fault)
            row, sign = _KINDS[link.kind](values, columns, zone)
            if sign in seen:
                raise _RowError("duplicate", f"row {seen[sign]} has it already")
        except _RowError as error:
            problems.append(ProblemRecord(raw.number, shown, error.code, error.detail))
            continue
        seen[sign] = raw.number
        rows.append(row)
    if not rows and not problems:
        raise CatalogError(f"{name} has no rows", "there is a header and nothing under it")
    bad = len(problems) / (len(rows) + len(problems))
    if not rows or bad > most_bad:
        first = problems[0]
        raise CatalogError(
            f"{name} cannot be used",
            f"{len(problems):,} of {len(rows) + len(problems):,} rows are bad; "
            f"row {first.row}: {first.code}: {first.detail}",
        )
    return Checked(rows, problems)


def _columns(table: Source, link: Link, name: str) -> dict[str, str]:
    """The column of each role; those that a kind cannot do without must be there."""
    lower = {column.lower(): column for column in reversed(table.columns)}
    found = {
        role: next((lower[n] for n in names if n in lower), "") for role, names in _NAMES.items()
    }
    needed = ["latitude", "longitude"] if link.kind == "stores" else []
    if link.key:
        found["key"] = lower.get(link.key.lower(), "")
        needed.append("key")
    for role in needed:
        if not found[role]:
            wanted = link.key if role == "key" else role
            columns = ", ".join(printable(column[:40]) for column in table.columns[:20])
            remedy = "say which one it is with --key COLUMN" if role == "key" else "add it"
            raise CatalogError(
                f"{name}: no column `{wanted}`", f"its columns are {columns}", remedy
            )
    return {role: column for role, column in found.items() if column}


Values = Mapping[str, str]


def _promotion(values: Values, columns: Values, zone: dt.tzinfo) -> tuple[Linked, str]:
    get = _getter(values, columns)
    if not get("key") and not get("brand"):
        raise _RowError("no-key", f"neither `{columns['key']}` nor a brand")
    days = []
    for role in ("starts", "ends"):
        text = get(role)
        day = day_of(text, zone) if text else None
        if text and day is None:
            raise _RowError("bad-date", f"`{text[:40]}` is no day such as 2026-11-20")
        days.append(day)
    starts, ends = days
    if starts and ends and ends < starts:
        raise _RowError("ends-before-start", f"{starts} to {ends}")
    price = get("price")
    if price and (not _DIGIT.search(price) or price.startswith("-")):
        raise _RowError("bad-price", f"`{price[:40]}`")
    row = Linked(dict(values), get("key"), get("brand"), starts, ends)
    return row, repr(sorted(values.items()))


def _store(values: Values, columns: Values, _zone: dt.tzinfo) -> tuple[Linked, str]:
    get = _getter(values, columns)
    place = []
    for role, most in (("latitude", 90.0), ("longitude", 180.0)):
        text = get(role)
        try:
            degrees = float(text)
        except ValueError:
            degrees = math.nan
        if not abs(degrees) <= most:
            raise _RowError("bad-coordinates", f"{role} `{text[:40]}`")
        place.append(degrees)
    if place == [0.0, 0.0]:
        # What an address becomes that could not be found on the map.
        raise _RowError("bad-coordinates", "0, 0 is a place in the sea")
    row = Linked(dict(values), get("key"), latitude=place[0], longitude=place[1])
    sign = fold(get("id")) if get("id") else repr(sorted(values.items()))
    return row, sign


def _entry(values: Values, columns: Values, _zone: dt.tzinfo) -> tuple[Linked, str]:
    key = values.get(columns["key"], "")
    if not key:
        raise _RowError("no-key", f"`{columns['key']}` is empty")
    return Linked(dict(values), key), fold(key)


_KINDS: Mapping[str, Callable[[Values, Values, dt.tzinfo], tuple[Linked, str]]] = {
    "promotions": _promotion,
    "stores": _store,
    "table": _entry,
}


def _getter(values: Values, columns: Values) -> Callable[[str], str]:
    return lambda role: values.get(columns.get(role, ""), "")

"""Numbers and dates as a filter writes them.

number   2  2.0  -1.5  1e3
date     2024  2024-05  2024-05-01  2024-05-01T10:30  and with seconds or a zone
         today  yesterday  -30d  -2w  -6m  -1y    by the clock of this machine; m is months

A date means all the time that it names: `= 2024-05` is any moment of that month, `> 2024-05` is
after its end.
"""

from __future__ import annotations

import calendar
import datetime as dt
import math
import re
from collections.abc import Callable
from dataclasses import dataclass

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)
_DATE = re.compile(r"(\d{4})(?:-(\d\d?))?(?:-(\d\d?))?", re.ASCII)
_TIME = re.compile(
    r"(\d{4}-\d\d-\d\d)[T ](\d\d)(:\d\d)?(:\d\d)?(\.\d{1,6})?(Z|[+-]\d\d:?\d\d)?",
    re.ASCII | re.IGNORECASE,
)
_AGO = re.compile(r"([+-])(\d{1,6})([dwmy])", re.ASCII | re.IGNORECASE)
_DAYS = {"today": 0, "yesterday": -1, "tomorrow": 1}


@dataclass(frozen=True, slots=True)
class Period:
    """From the first moment to just before the end, as texts in the catalog's form."""

    start: str
    end: str | None  # None: to the end of time


def as_number(word: str) -> float | None:
    word = word.strip().replace("−", "-")
    number = float(word) if _NUMBER.fullmatch(word) else math.inf
    return number if math.isfinite(number) else None


def as_period(word: str, today: dt.date) -> Period | None:
    """The time that the word names; None where it names none, be it February 30."""
    word = word.strip().replace("−", "-")
    try:
        if found := _DATE.fullmatch(word):
            return _calendar(*(int(part) if part else 0 for part in found.groups()))
        if found := _TIME.fullmatch(word):
            return _clock(word, found)
        if word.lower() in _DAYS:
            return _day(today + dt.timedelta(days=_DAYS[word.lower()]))
        if found := _AGO.fullmatch(word):
            count = int(found[2]) * (-1 if found[1] == "-" else 1)
            return _day(_moved(today, count, found[3].lower()))
    except (ValueError, OverflowError):
        pass
    return None


def _calendar(year: int, month: int, day: int) -> Period:
    first = dt.date(year, month or 1, day or 1)
    if day:
        return _day(first)
    months = 1 if month else 12
    return _period(first, lambda: _moved(first, months, "m"))


def _day(day: dt.date) -> Period:
    return _period(day, lambda: day + dt.timedelta(days=1))


def _period(first: dt.date, after: Callable[[], dt.date]) -> Period:
    try:
        return Period(first.isoformat(), after().isoformat())
    except (ValueError, OverflowError):  # the last day that a calendar has
        return Period(first.isoformat(), None)


def _clock(word: str, found: re.Match[str]) -> Period:
    start = dt.datetime.fromisoformat(word.upper().replace(" ", "T"))
    if start.tzinfo:  # the catalog keeps such times in UTC
        start = start.astimezone(dt.UTC).replace(tzinfo=None)
    if found[5]:
        length = dt.timedelta(microseconds=1)
    elif found[4]:
        length = dt.timedelta(seconds=1)
    else:
        length = dt.timedelta(minutes=1) if found[3] else dt.timedelta(hours=1)
    return Period(_text(start), _text(start + length))


def _text(moment: dt.datetime) -> str:
    """Midnight is the day itself, since many catalogs write only days."""
    return (moment.date() if moment.time() == dt.time() else moment).isoformat()


def _moved(day: dt.date, count: int, unit: str) -> dt.date:
    if unit in "dw":
        return day + dt.timedelta(days=count * (7 if unit == "w" else 1))
    months = day.year * 12 + day.month - 1 + count * (12 if unit == "y" else 1)
    year, month = months // 12, months % 12 + 1
    return dt.date(year, month, min(day.day, calendar.monthrange(year, month)[1]))

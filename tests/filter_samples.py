"""Filters drawn at random over the catalog of filter_catalog.py, with what they mean.

Each comes as its text and as a plain Python function over an item, which knows nothing of the
parser or of SQL.
"""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from db.records import ItemRecord
from tests.filter_catalog import DAYS, LISTS, NAMES, SPELT, TAGS, fold, held

Holds = Callable[[ItemRecord], bool]


@dataclass(frozen=True)
class Drawn:
    text: str
    holds: Holds
    binds: int  # 0 "or", 1 "and", 2 tighter: when brackets are needed around it


class Draw:
    """Filters from a seed."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)

    def filter(self, depth: int = 2) -> Drawn:
        kind = self.rng.random()
        if depth == 0 or kind < 0.3:
            return self.leaf()
        if kind < 0.45:
            part = self.filter(depth - 1)
            inner = self._bracketed(part, 2)
            return Drawn(f"{self._word('not')} {inner}", lambda item: not part.holds(item), 2)
        parts = [self.filter(depth - 1) for _ in range(self.rng.randint(2, 3))]
        if kind < 0.65:
            text = f" {self._word('and')} ".join(self._bracketed(part, 2) for part in parts)
            return Drawn(text, lambda item: all(part.holds(item) for part in parts), 1)
        text = f" {self._word('or')} ".join(self._bracketed(part, 1) for part in parts)
        return Drawn(text, lambda item: any(part.holds(item) for part in parts), 0)

    def _bracketed(self, part: Drawn, needed: int) -> str:
        if part.binds < needed or self.rng.random() < 0.15:
            return f"({part.text})" if self.rng.random() < 0.5 else f"( {part.text}\t)"
        return part.text

    def _word(self, word: str) -> str:
        return self.rng.choice((word, word, word.upper(), word.title()))

    def leaf(self) -> Drawn:
        rng = self.rng
        name = rng.choice(list(NAMES))
        written = rng.choice(NAMES[name])
        if rng.random() < 0.1:
            form, present = rng.choice(
                (
                    ("{0} exists", True),
                    ("has {0}", True),
                    ("{0} missing", False),
                    ("missing {0}", False),
                )
            )
            return Drawn(form.format(written), lambda item: bool(held(item, name)) == present, 2)
        if name in ("높이", "offset", "in", "image.width"):
            return self._ordered(name, written, self._number)
        if name in ("discovered", "seen"):
            return self._ordered(name, written, self._date)
        return self._texts(name, written)

    # -- texts ------------------------------------------------------------------------------

    def _texts(self, name: str, written: str) -> Drawn:
        rng = self.rng
        choices: Sequence[str] = {
            "tag": (*TAGS, "BLUE", "none"),
            "sizes": (*LISTS, "xl"),
            "item.caption": ("a red fox", "A_B", "붉은 여우"),
            "caption": ("A TITLE", "x"),
            "name": ("fox", "고래", "nobody"),
            "id": ("Key3", "Key17", "key3", "?"),
            "split": ("train", "VAL"),
            "image.format": ("png", "webp"),
            "mixed": ("1", "two", "3", "fire"),
        }.get(name, SPELT)
        exact = name == "id"
        same = (lambda a, b: a == b) if exact else (lambda a, b: fold(a) == fold(b))

        def equal(kind: str, value: Any, wanted: str) -> bool:
            if kind == "number":
                return wanted.replace(".", "", 1).isdigit() and value == float(wanted)
            return bool(same(value, wanted))

        operator = rng.choice(
            ("=", "==", "!=", "<>", "in", "not in", "~", "contains", "not contains")
        )
        if operator in ("~", "contains", "not contains"):
            part = rng.choice(
                ("1", "fi", "R", "불", "%", "_", "&", "a", "key1", "\\", '"', "x", "ß")
            )
            text = f"{written}{self._gap(operator)}{self._quoted(part)}"

            def contains(item: ItemRecord) -> bool:
                found = any(
                    fold(part) in fold(value)
                    for kind, value in held(item, name)
                    if kind in ("text", "list")
                )
                return found != operator.startswith("not")

            return Drawn(text, contains, 2)
        if "in" in operator:
            wanted = [rng.choice(choices) for _ in range(rng.randint(1, 3))]
            listed = rng.choice((",", ", ", " , ")).join(map(self._quoted, wanted))
            text = f"{written} {self._word(operator)} ({listed})"
        else:
            wanted = [rng.choice(choices)]
            text = f"{written}{self._gap(operator)}{self._quoted(wanted[0])}"
        denied = operator in ("!=", "<>", "not in")
        return Drawn(
            text,
            lambda item: (
                denied
                != any(equal(kind, value, w) for kind, value in held(item, name) for w in wanted)
            ),
            2,
        )

    def _gap(self, operator: str) -> str:
        if operator[0].isalpha():
            return f" {self._word(operator)} "
        return self.rng.choice((operator, f" {operator} ", f"  {operator}"))

    def _quoted(self, text: str) -> str:
        bare = all(char.isalnum() or char in "_%&?:|" for char in text)
        if bare and text != "and" and self.rng.random() < 0.7:
            return text
        mark = self.rng.choice("\"'")
        escaped = text.replace("\\", "\\\\").replace(mark, "\\" + mark)
        return f"{mark}{escaped}{mark}"

    # -- numbers and dates ------------------------------------------------------------------

    def _number(self) -> tuple[str, Any, Any]:
        text = self.rng.choice(
            "0 1 1.0 -1.5 2 2.50 .5 1e3 1E+6 +0.25 -2 640 64.0 1.1 2.3 −2 0.3e1".split()
        )
        value = float(text.replace("−", "-"))
        return self._maybe_quoted(text), value, value

    def _date(self) -> tuple[str, Any, Any]:
        """A date's text, its first moment, and the first moment after it."""
        day = dt.datetime.combine(self.rng.choice(DAYS), dt.time())
        match self.rng.randint(0, 4):
            case 0:
                start, end, text = (
                    dt.datetime(day.year, 1, 1),
                    dt.datetime(day.year + 1, 1, 1),
                    "%Y",
                )
            case 1:
                start = day.replace(day=1)
                end, text = (start + dt.timedelta(days=32)).replace(day=1), "%Y-%m"
            case 2:
                start, end, text = day, day + dt.timedelta(days=1), "%Y-%m-%d"
            case 3:
                start = day.replace(hour=10, minute=self.rng.choice((0, 30)))
                end, text = start + dt.timedelta(minutes=1), "%Y-%m-%dT%H:%M"
            case _:
                start = day.replace(hour=self.rng.choice((0, 23)), minute=59, second=7)
                end, text = start + dt.timedelta(seconds=1), "%Y-%m-%d %H:%M:%S"
        written = start.strftime(text)
        return (f'"{written}"' if " " in written else self._maybe_quoted(written)), start, end

    def _maybe_quoted(self, text: str) -> str:
        return self.rng.choice((text, text, f'"{text}"'))

    def _ordered(self, name: str, written: str, draw: Callable[[], tuple[str, Any, Any]]) -> Drawn:
        """Of a value `start` and `end`: a number is both, a date goes from one to the other."""
        operator = self.rng.choice(
            ("=", "!=", "<", "<=", ">", ">=", "in", "not in", "between", "not between")
        )
        drawn = [draw() for _ in range({"n": 2, "b": 2, "i": 2}.get(operator[0], 1))]
        if "between" in operator:
            drawn.sort(key=lambda one: one[1])
            if drawn[0][1] >= drawn[1][2] and drawn[0][1] != drawn[1][1]:
                drawn = [drawn[0], drawn[0]]
            link = self.rng.choice(("..", " .. ", f" {self._word('and')} "))
            text = f"{written} {self._word(operator)} {drawn[0][0]}{link}{drawn[1][0]}"
        elif "in" in operator:
            text = f"{written} {self._word(operator)} ({', '.join(one[0] for one in drawn)})"
        else:
            text = f"{written}{self._gap(operator)}{drawn[0][0]}"

        def one_holds(value: Any) -> bool:
            if isinstance(value, str):
                value = dt.datetime.fromisoformat(value)
            (_, start, end), (_, _, last) = drawn[0], drawn[-1]

            def within(start: Any, end: Any) -> bool:
                return bool(start <= value < end or value == start == end)

            match operator.removeprefix("not "):
                case "<":
                    return bool(value < start)
                case "<=":
                    return bool(value < end or value == start)
                case ">":
                    return bool(value >= end and value != start)
                case ">=":
                    return bool(value >= start)
                case "between":
                    return bool(start <= value and (value < last or value == drawn[-1][1]))
                case _:
                    return any(within(*ends) for _, *ends in drawn)

        denied = operator == "!=" or operator.startswith("not")
        return Drawn(
            text, lambda item: denied != any(one_holds(value) for _, value in held(item, name)), 2
        )

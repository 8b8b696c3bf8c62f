"""A catalog with awkward attributes, and filters over it drawn at random with what they mean.

Each filter comes as its text and as a plain Python function over an item, which knows nothing of
the parser or of SQL.
"""

from __future__ import annotations

import datetime as dt
import random
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from db.records import AttributeKind, AttributeValue, CaptionRecord, ImageFacts, ItemRecord

Holds = Callable[[ItemRecord], bool]
TYPES = ("fire", "Fire", "ＦＩＲＥ", "water", "불꽃", "rock & roll", "and", "2", "1.50", "STRASSE")
SPELT = ("fire", "FIRE", "water", "불꽃", "rock & roll", "and", "2", "1.5", "straße", "none such")
TAGS = (
    "red",
    "Blue",
    "big cat",
    "파랑",
    'a "quoted" one',
    "c:\\path",
    "50%",
    "under_score",
    "O'Neil",
)
LISTS = ("x", "XL", "a, b", "새", "x|y")
DAYS = [dt.date(2023, 11, 1) + dt.timedelta(days=17 * step) for step in range(24)]
# A name as the catalog writes it → ways to write it in a filter.
NAMES = {
    "type": ("type", "TYPE", '"type"'),
    "second type": ('"second type"', "'Second Type'", "“second type”"),
    "높이": ("높이", unicodedata.normalize("NFD", "높이")),
    "offset": ("offset",),
    "discovered": ("discovered", "Discovered"),
    "seen": ("seen",),
    "sizes": ("sizes",),
    "mixed": ("mixed",),
    "in": ('"in"',),
    'o"dd \\': ('"o\\"dd \\\\"', "'o\"dd \\\\'"),
    "caption": ("caption",),  # an attribute that hides what every item has
    "item.caption": ("item.caption", "ITEM.captions"),
    "tag": ("tag", "tags", "Item.Tag"),
    "name": ("name",),
    "id": ("id",),
    "split": ("split",),
    "image.width": ("image.width", "IMAGE.WIDTH"),
    "image.format": ("image.format",),
}


def items(count: int, seed: int) -> list[ItemRecord]:
    rng = random.Random(seed)
    return [_item(number, rng) for number in range(count)]


def _item(number: int, rng: random.Random) -> ItemRecord:
    attributes: dict[str, AttributeValue] = {}
    kinds: dict[str, AttributeKind] = {}

    def give(name: str, kind: AttributeKind, share: float, value: Callable[[], Any]) -> None:
        if rng.random() < share:
            attributes[name], kinds[name] = value(), kind

    give("type", "text", 0.9, lambda: rng.choice(TYPES))
    give("second type", "text", 0.4, lambda: rng.choice(TYPES))
    give("높이", "number", 0.8, lambda: round(rng.uniform(0, 3), 1))
    give("offset", "number", 0.8, lambda: float(rng.choice((-2, -1.5, 0, 0.25, 1000, 1e6))))
    give("discovered", "date", 0.8, lambda: rng.choice(DAYS).isoformat())
    give("seen", "date", 0.6, lambda: _moment(rng).isoformat())
    give("sizes", "list", 0.7, lambda: rng.sample(LISTS, rng.randint(1, 3)))
    if number % 2:
        give("mixed", "number", 0.9, lambda: float(rng.randint(0, 3)))
    else:
        give("mixed", "text", 0.9, lambda: rng.choice(("1", "two", "Fire")))
    give("in", "number", 0.5, lambda: float(rng.randint(0, 2)))
    give('o"dd \\', "text", 0.5, lambda: rng.choice(TYPES))
    give("caption", "text", 0.5, lambda: rng.choice(("a title", "another")))
    width = rng.choice((32, 64, 640))
    facts = ImageFacts("", "0" * 16, 1, 1, width, 48, rng.choice(("PNG", "JPEG")), 0.5, 0.1)
    captions = rng.sample(("A Red fox", "the BLUE sea 50%", "붉은 여우", "a_b"), rng.randint(1, 2))
    return ItemRecord(
        key=f"Key{number}",
        image=f"/pictures/{number}.png",
        captions=tuple(CaptionRecord(text, "en") for text in captions),
        tags=tuple(rng.sample(TAGS, rng.randint(0, 4))),
        split=rng.choice(("train", "val", "test")),
        facts=facts,
        name=rng.choice(("Fox", "FOX", "Whale", "고래", "")),
        attributes=attributes,
        kinds=kinds,
    )


def _moment(rng: random.Random) -> dt.datetime:
    """Midnight among others, which is written as a moment here and as a day elsewhere."""
    hour, minute = rng.choice(((0, 0), (10, 0), (10, 30), (23, 59)))
    return dt.datetime.combine(rng.choice(DAYS), dt.time(hour, minute, rng.choice((0, 7))))


# -- what an item has -----------------------------------------------------------------------


def fold(text: str) -> str:
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def held(item: ItemRecord, name: str) -> list[tuple[AttributeKind, Any]]:
    """The values of a field, each with its kind."""
    if name == "tag":
        return [("list", tag) for tag in item.tags]
    if name == "item.caption":
        return [("list", caption.text) for caption in item.captions]
    if name == "image.width":
        return [("number", float(item.facts.width))]
    if name in ("name", "id", "split", "image.format"):
        text = {"name": item.name, "id": item.key, "split": item.split}.get(name, item.facts.format)
        return [("text", text)] if text else []
    if name not in item.attributes:
        return []
    value = item.attributes[name]
    entries: Sequence[Any] = value if isinstance(value, list) else [value]
    return [(item.kinds[name], entry) for entry in entries]


# -- filters at random ----------------------------------------------------------------------


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
            part = rng.choice(("1", "fi", "R", "불", "%", "_", "&", "a", "key1", "\\", '"', "x", "ß"))
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

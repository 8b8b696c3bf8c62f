"""A catalog whose attributes are awkward to filter by: odd names, mixed kinds, many spellings."""

from __future__ import annotations

import datetime as dt
import random
import unicodedata
from collections.abc import Callable, Sequence
from typing import Any

from db.records import AttributeKind, AttributeValue, CaptionRecord, ImageFacts, ItemRecord

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

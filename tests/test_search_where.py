"""The language of --where: what it understands, and where it points when it does not."""

from __future__ import annotations

import datetime as dt
import random
import re
import textwrap
from pathlib import Path

import pytest

from commands.wording import worded
from db.filters import BUILTIN, Condition, Contains, Equal, Every, Exists, Field, Not, Some, Within
from errors import QueryError
from search import where
from search.where import MAX_CONDITIONS, MAX_DEPTH, parse
from search.where_fields import Kinds, bind
from search.where_tokens import MAX_LENGTH
from tests.filter_catalog import NAMES
from tests.filter_samples import Draw

KINDS: Kinds = {
    "type": ("text",),
    "second type": ("text",),
    "height": ("number",),
    "discovered": ("date",),
    "sizes": ("list",),
    "mixed": ("number", "text"),
    "Shelf": ("text",),
    "shelf": ("number",),
    "타입": ("text",),
    "split by": ("text",),
}
TODAY = dt.date(2024, 5, 31)
TYPE, HEIGHT, DAY = Field("type", "text"), Field("height", "number"), Field("discovered", "date")
FIRE = Equal(TYPE, ("fire",))
LOW = Within(HEIGHT, high=2.0, high_counts=False)


def condition(text: str) -> Condition:
    parts = bind(text, parse(text), KINDS, TODAY)
    return parts[0].condition if len(parts) == 1 else Every(tuple(p.condition for p in parts))


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("type=fire", FIRE),
        ("TYPE = 'fire'", FIRE),
        ("(((type=fire)))", FIRE),
        ("not type=fire", Not(FIRE)),
        ("type!=fire", Not(FIRE)),
        ("not not type=fire", Not(Not(FIRE))),
        ("type=fire and height<2", Every((FIRE, LOW))),
        ("type=fire or height<2", Some((FIRE, LOW))),
        # `and` binds tighter than `or`, `not` tighter than `and`.
        ("type=fire or type=fire and height<2", Some((FIRE, Every((FIRE, LOW))))),
        ("not type=fire and height<2", Every((Not(FIRE), LOW))),
        ("not (type=fire and height<2)", Not(Every((FIRE, LOW)))),
        ("type in (fire, 'rock & roll')", Equal(TYPE, ("fire", "rock & roll"))),
        ("type not in (fire)", Not(FIRE)),
        ("type ~ fi", Contains(TYPE, "fi")),
        ("type NOT CONTAINS fi", Not(Contains(TYPE, "fi"))),
        ("has type", Exists(TYPE)),
        ("type missing", Not(Exists(TYPE))),
        ('"second type" = "O\\"Neil\\\\"', Equal(Field("second type", "text"), ('O"Neil\\',))),
        ("type=Farfetch'd", Equal(TYPE, ("Farfetch'd",))),
        ("type = “big cat”", Equal(TYPE, ("big cat",))),
        ("타입=불", Equal(Field("타입", "text"), ("불",))),
        ("height >= -1.5e3", Within(HEIGHT, low=-1500.0)),
        ("height between 1..2", Within(HEIGHT, 1.0, 2.0)),
        ("height between 1 and 2 and type=fire", Every((Within(HEIGHT, 1.0, 2.0), FIRE))),
        ("height = 2.0", Equal(HEIGHT, (2.0,))),
        ("type = 2.0", Equal(TYPE, ("2.0",))),
        ("shelf = 3", Equal(Field("shelf", "number"), (3.0,))),
        ("Shelf = 3", Equal(Field("Shelf", "text"), ("3",))),
        ("tag=red", Equal(BUILTIN["tag"], ("red",))),
        ("item.tags=red", Equal(BUILTIN["tag"], ("red",))),
        ("image.width > 100", Within(BUILTIN["image.width"], low=100.0, low_counts=False)),
        ("split=TRAIN", Equal(BUILTIN["split"], ("train",))),
    ],
)
def test_a_filter_means_what_is_written(text: str, meaning: Condition) -> None:
    assert condition(text) == meaning


@pytest.mark.parametrize(
    ("written", "start", "end"),
    [
        ("2024", "2024-01-01", "2025-01-01"),
        ("2024-05", "2024-05-01", "2024-06-01"),
        ("2024-12", "2024-12-01", "2025-01-01"),
        ("2024-02-29", "2024-02-29", "2024-03-01"),
        ("2024-05-01T23", "2024-05-01T23:00:00", "2024-05-02"),
        ("2024-05-01T10:30", "2024-05-01T10:30:00", "2024-05-01T10:31:00"),
        ("2024-05-01T10:30:07", "2024-05-01T10:30:07", "2024-05-01T10:30:08"),
        ("2024-05-01T09:00+09:00", "2024-05-01", "2024-05-01T00:01:00"),
        ("today", "2024-05-31", "2024-06-01"),
        ("yesterday", "2024-05-30", "2024-05-31"),
        ("-30d", "2024-05-01", "2024-05-02"),
        ("-2w", "2024-05-17", "2024-05-18"),
        ("-3m", "2024-02-29", "2024-03-01"),
        ("-1y", "2023-05-31", "2023-06-01"),
        ("9999", "9999-01-01", None),
    ],
)
def test_a_date_is_all_the_time_that_it_names(written: str, start: str, end: str | None) -> None:
    assert condition(f"discovered = {written}") == Within(DAY, start, end, high_counts=False)
    assert condition(f"discovered < {written}") == Within(DAY, high=start, high_counts=False)
    assert condition(f"discovered >= {written}") == Within(DAY, low=start)
    if end is not None:
        assert condition(f"discovered > {written}") == Within(DAY, low=end)


def test_a_column_of_numbers_and_texts_is_compared_as_both() -> None:
    number, text = Field("mixed", "number"), Field("mixed", "text")
    assert condition("mixed = 2") == Some((Equal(number, (2.0,)), Equal(text, ("2",))))
    assert condition("mixed = two") == Equal(text, ("two",))
    assert condition("mixed < 2") == Within(number, high=2.0, high_counts=False)
    assert condition("mixed ~ two") == Contains(text, "two")


@pytest.mark.parametrize(
    ("text", "place", "says"),
    [
        ("type=", "type=|", "expected a value after '='"),
        ("type= and height<2", "type= |and", "expected a value after '='"),
        ("type=fire height<2", "type=fire |height", "expected 'and', 'or' or the end"),
        ("second type=fire", "second |type", 'needs quotes: "second type"'),
        ("type", "type|", "a tag: tag=type"),
        ("(type=fire", "|(", "never closed"),
        ("type in (fire", "type in |(", "never closed"),
        ("type=fire)", "type=fire|)", "no ( is open"),
        ('type="fire', 'type=|"', "never closed"),
        ("type in fire", "type in |fire", "write the values as in (a, b)"),
        ("type in (fire,)", "type in (fire,|)", "a value after the comma"),
        ("height between 1", "height between 1|", "'..' and a second value"),
        ("height between 2..1", "height between |2", "2 comes after 1"),
        ("type=fire and", "type=fire and|", "expected a field"),
        ("! type=fire", "|!", "write != or not"),
        ("type=a\x00b", "type=a|\x00", "cannot be printed"),
        ("heigth<2", "|heigth", "did you mean height?"),
        ("secondtype=x", "|secondtype", 'did you mean "second type"?'),
        ("SHELF=3", "|SHELF", "Shelf or shelf"),
        ("height<tall", "height<|tall", "holds numbers"),
        ("height<2m", "height<|2m", "without a unit"),
        ("height in (1, tall)", "height in (1, |tall", "holds numbers"),
        ("type<2", "type|<", "has no order"),
        ("sizes between a..b", "sizes |between", "has no order"),
        ("height~2", "height|~", "holds numbers"),
        ("discovered=2024-02-30", "discovered=|2024-02-30", "is no date"),
        ("discovered>soon", "discovered>|soon", "is no date"),
        ("split=training", "split=|training", "train, val, test"),
    ],
)
def test_an_error_points_at_the_place_and_says_what_to_do(text: str, place: str, says: str) -> None:
    with pytest.raises(QueryError) as caught:
        condition(text)
    before, _, marked = place.partition("|")
    pointer = caught.value.pointer
    assert pointer is not None
    assert pointer.text == text
    assert (pointer.start, text[pointer.start : pointer.end]) == (len(before), marked)
    line = str(caught.value)
    assert f"at character {len(before) + 1}" in line
    assert says in line
    assert "\n" not in line


def test_what_is_too_much_is_refused_where_it_becomes_too_much() -> None:
    deep = "(" * (MAX_DEPTH + 1) + "type=fire" + ")" * (MAX_DEPTH + 1)
    assert condition(deep[1:-1]) == FIRE
    for text, start in (
        (deep, MAX_DEPTH),
        ("not " * 10_000 + "type=fire", MAX_LENGTH),
        ("not " * 2000 + "type=fire", 4 * MAX_DEPTH),
        ("(" * 10_000, MAX_DEPTH),
        (" or ".join(["type=fire"] * (MAX_CONDITIONS + 1)), MAX_CONDITIONS * len("type=fire or ")),
        ("type=" + "x" * 501, 5),
    ):
        with pytest.raises(QueryError) as caught:
            condition(text)
        assert caught.value.pointer is not None
        assert caught.value.pointer.start == start


# -- malformed filters, by the hundred --------------------------------------------------------

STRAY = (
    *"( ) , = < ! .. \" ' “ \\ and or not in between == ~ ; 불 ﷽ 🦎 0x1 1e999".split(),
    *("\x00", "\ud800", "\x1b[31m", "\u202e", "\n"),
)


def mutated(rng: random.Random, draw: Draw) -> str:
    text = draw.filter().text
    for _ in range(rng.randint(1, 3)):
        place = rng.randrange(len(text) + 1)
        words = text.split(" ")
        word = rng.randrange(len(words))
        match rng.randint(0, 7):
            case 0:
                del words[word]
                text = " ".join(words)
            case 1:
                words.insert(word, words[word])
                text = " ".join(words)
            case 2 | 3:
                text = text[:place] + rng.choice(STRAY) + text[place:]
            case 4:
                text = text[:place]
            case 5:
                text = text[:place] + text[place + 1 :]
            case 6:
                text = text.replace(rng.choice("()\"'=,"), "", 1)
            case _:
                text = text.replace(rng.choice(list(NAMES)), rng.choice(["hight", "한글", ""]), 1)
    return text


def test_malformed_filters_give_an_error_that_points_into_them_and_nothing_else() -> None:
    rng, draw = random.Random(7), Draw(seed=8)
    kinds: Kinds = {
        name: ("number",) if name in ("높이", "offset", "in") else ("text",)
        for name in NAMES
        if not name.startswith(("item.", "image."))
    } | {"discovered": ("date",), "seen": ("date",), "mixed": ("number", "text")}
    pointers: list[tuple[str, QueryError]] = []
    for _ in range(1200):
        text = mutated(rng, draw)
        try:
            bind(text, parse(text), kinds, TODAY)
        except QueryError as error:
            pointers.append((text, error))
    assert len(pointers) >= 600
    for text, found in pointers:
        assert found.pointer is not None
        # A place just behind the end is where something is missing.
        assert 0 <= found.pointer.start <= len(text), text
        assert found.pointer.start < found.pointer.end, text
        assert all(line.isprintable() for line in (str(found), *found.pointer.lines())), text


# -- the manual -----------------------------------------------------------------------------

MANUAL = (Path(__file__).resolve().parent.parent / "docs" / "search.md").read_text(encoding="utf-8")
FILTERS = re.search(r"^## Filters\n(.*?)(?=^## )", MANUAL, re.MULTILINE | re.DOTALL)


def blocks(kind: str) -> list[str]:
    assert FILTERS
    found = re.findall(r"^```(\w*)\n(.*?)^```", FILTERS[1], re.MULTILINE | re.DOTALL)
    return [text for name, text in found if name == kind]


def test_every_filter_of_the_manual_is_understood_in_the_built_in_catalog() -> None:
    kinds: Kinds = dict.fromkeys(
        ("type", "second_type", "rarity", "habitat", "body", "colour"), ("text",)
    ) | {"height": ("number",), "discovered": ("date",)}
    filters = blocks("")[0].splitlines()
    assert len(filters) > 10
    for text in filters:
        assert bind(text, parse(text), kinds, TODAY)


def test_the_manual_has_the_grammar_that_the_parser_documents() -> None:
    assert where.__doc__ is not None
    assert textwrap.indent(blocks("ebnf")[0], "    ") in where.__doc__


def test_the_manual_shows_the_error_as_it_is() -> None:
    shown, text, carets = blocks("")[1].splitlines()
    names = "body colour discovered habitat height rarity second_type type".split()
    kinds: Kinds = dict.fromkeys(names, ("text",))
    with pytest.raises(QueryError) as caught:
        bind(text, parse(text), kinds)
    assert caught.value.pointer is not None
    assert (shown, text, carets) == (
        f"error: {worded(caught.value)}",
        *caught.value.pointer.lines(),
    )

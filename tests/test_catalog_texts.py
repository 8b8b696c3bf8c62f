"""Values of a source: cleaned texts, tags, and attributes typed over their whole column."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.attributes import AttributeTypes, as_date, as_number, typed
from catalog.cleaning import clean, clean_tag, is_blank, split_tags
from catalog.rows import Value
from db.records import AttributeKind


def kind_of(*values: Value) -> AttributeKind | None:
    types = AttributeTypes(["x"])
    for value in values:
        types.learn({"x": value})
    return types.kinds().get("x")


@settings(deadline=None)
@given(st.text(st.characters(), max_size=60))
def test_cleaned_text_is_regular_and_can_be_stored(text: str) -> None:
    cleaned = clean(text, 40).text
    cleaned.encode("utf-8")
    assert len(cleaned) <= 40
    assert cleaned == cleaned.strip() == clean(cleaned, 40).text
    assert not any(unicodedata.category(char) == "Cc" for char in cleaned)


def test_what_was_changed_is_told() -> None:
    assert clean("a\0b\ud800c", 3) == ("ab\ufffd", ("nul", "surrogate", "cut"))


def test_spaces_and_joiners_are_blank_but_emoji_are_not() -> None:
    assert is_blank(" \u200b\u2060\t")
    assert not is_blank("\U0001f98e")


def test_decomposed_korean_is_composed() -> None:
    assert clean(unicodedata.normalize("NFD", "불꽃"), 10).text == "불꽃"


@pytest.mark.parametrize(
    ("value", "tags"),
    [
        ("fire|red, round", ["fire", "red, round"]),
        ("fire; red", ["fire", "red"]),
        ("fire,red", ["fire", "red"]),
        ('["fire", "red, round"]', ["fire", "red, round"]),
        (["Fire", 3], ["fire", "3"]),
        ("Fire", ["fire"]),
        ("[not json", ["[not json"]),
    ],
)
def test_tags_are_split_at_the_strongest_separator(value: Value, tags: list[str]) -> None:
    assert [clean_tag(tag) for tag in split_tags(value)] == tags


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (("1", "-2.5", "", "3e4"), "number"),
        ((1, 2.5, None), "number"),
        (("007", "12"), "text"),
        (("12345678901234567890",), "text"),
        (("1", "n/a"), "text"),
        ((True, False), "text"),
        (("2024-02-29", "2025-01-01T10:00"), "date"),
        (("2023-02-29",), "text"),
        (("2024",), "number"),
        (("red", "red|blue"), "list"),
        (('["a"]', "b"), "list"),
        ((["a", "b"],), "list"),
        (("a sentence " * 9 + "| another",), "text"),
        (("", None), None),
    ],
)
def test_a_column_is_typed_over_all_its_values(
    values: tuple[Value, ...], kind: AttributeKind | None
) -> None:
    assert kind_of(*values) == kind


def test_values_follow_the_kind_of_their_column() -> None:
    assert typed("3", "number", 99)[0] == 3.0
    assert typed("2024-02-29T12:00:00+02:00", "date", 99)[0] == "2024-02-29T10:00:00"
    assert typed("a | b|", "list", 99)[0] == ["a", "b"]
    assert typed(" ", "text", 99)[0] is None
    assert typed("long text", "text", 4) == ("long", ("cut",))


@settings(deadline=None)
@given(st.floats(-(2**53), 2**53))
def test_a_float_is_read_back_exactly(number: float) -> None:
    assert as_number(repr(number)) == number


@settings(deadline=None)
@given(st.datetimes())
def test_dates_keep_their_order_as_text(moment: object) -> None:
    assert as_date(str(moment)) is not None

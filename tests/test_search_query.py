"""The language of a query line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from errors import QueryError
from search.query import Term, parse


def plain(line: str) -> list[tuple[str, float, bool]]:
    return [(term.text, term.weight, term.exact) for term in parse(line).terms]


def test_bare_words_together_are_one_text() -> None:
    query = parse("  a fire-type   lizard ")
    assert query.text == query.words == "a fire-type lizard"
    assert (query.weighted, query.must, query.must_not) == ((), (), ())


def test_quotes_ask_for_exact_words_and_the_model_reads_them_too() -> None:
    query = parse('small "fire  lizard" blue')
    assert query.must == ("fire lizard",)
    assert query.text == "small fire lizard blue"


def test_weights_and_what_is_not_wanted_in_one_line() -> None:
    query = parse('"lizard" -"wings" 2:"fire" -tail 0.5:blue -3:horns')
    assert query.must == ("lizard", "fire")
    assert query.must_not == ("wings",)
    assert query.text == "lizard"
    assert [(term.text, term.weight) for term in query.weighted] == [
        ("fire", 2.0), ("blue", 0.5), ("tail", -1.0), ("horns", -3.0),
    ]  # fmt: skip
    assert query.words == "lizard fire blue"


@pytest.mark.parametrize(
    "line", ["fire-type", "a:b", "16:9", "0.01:x", '5" screen', "rock'n'roll", "x-", "a - b", "-"]
)
def test_signs_inside_of_words_mean_nothing(line: str) -> None:
    assert all(term.weight == 1.0 and not term.exact for term in parse(line).terms)


def test_a_dash_between_words_is_left_out() -> None:
    assert parse("red – blue - green").text == "red blue green"


@pytest.mark.parametrize(
    "line", ["“fire lizard”", "„fire lizard“", "「fire lizard」", "«fire lizard»"]
)
def test_quotes_of_any_language(line: str) -> None:
    assert plain(line) == [("fire lizard", 1.0, True)]


def test_a_quote_inside_of_quotes_is_written_with_a_backslash() -> None:
    assert plain(r'"a \"big\" one \\"') == [('a "big" one \\', 1.0, True)]


def test_korean_and_english_mix() -> None:
    query = parse('파란 fish -"날개" 2:불꽃')
    assert (query.text, query.must_not) == ("파란 fish", ("날개",))
    assert query.weighted == (Term("불꽃", 2.0, False, 14),)


@pytest.mark.parametrize(
    ("line", "place"),
    [('red "lizard', 4), ('""', 1), ('"!?"', 1), ("2:", 2), ("red 2: blue", 6), ('99:"x"', 0),
     ('-"x', 1), ('0:"x"', 0)],
)  # fmt: skip
def test_what_cannot_be_read_is_pointed_at(line: str, place: int) -> None:
    with pytest.raises(QueryError) as raised:
        parse(line)
    assert raised.value.pointer is not None
    assert raised.value.pointer.start == place
    assert f"character {place + 1}" in str(raised.value)


def read_or_refused(line: str) -> None:
    """Nothing but terms or a pointing error comes of a line, whatever it is."""
    try:
        terms = parse(line).terms
    except QueryError as error:
        place = error.pointer.start if error.pointer else -1
    else:
        place = 0
        assert all(0.1 <= abs(term.weight) <= 10 and term.text for term in terms)
    assert 0 <= place <= len(line)


@given(st.text(max_size=60))
def test_any_line_is_read_or_refused_at_a_place_inside_of_it(line: str) -> None:
    read_or_refused(line)


@given(st.lists(st.sampled_from(['"', "-", "2:", "fire", " ", "\\", "“", "”", "불", "0.5:", ":"])))
def test_any_order_of_signs_too(parts: list[str]) -> None:
    read_or_refused("".join(parts))

from __future__ import annotations

import re

import pytest

import errors
from errors import ImageError, PairdexError, Pointer, printable


def test_every_branch_has_its_own_exit_code_and_the_tree_shows_it() -> None:
    kinds = PairdexError.__subclasses__()
    codes = [kind.exit_code for kind in kinds]
    assert len(set(codes)) == len(codes)
    assert errors.__doc__ is not None
    every: list[type[PairdexError]] = [PairdexError, *kinds]
    leaves = [leaf for kind in kinds for leaf in kind.__subclasses__()]  # of the same code
    every += [leaf for leaf in leaves if leaf.__module__ == errors.__name__]
    shown = dict(re.findall(r"(\w+Error)\s+(\d)\s", errors.__doc__))
    assert shown == {kind.__name__: str(kind.exit_code) for kind in every}


def test_an_error_is_one_line_even_of_a_file_name_with_a_newline() -> None:
    error = ImageError("a\nb.png is empty", "zero bytes", "copy it again")
    assert str(error) == "a\\nb.png is empty: zero bytes (copy it again)"


def test_broken_unicode_can_be_printed() -> None:
    printable("name\udcff\x1b[31m").encode("utf-8")


@pytest.mark.parametrize(
    ("text", "at", "lines"),
    [
        ("type=", (5, 5), ("type=", "     ^")),
        ("type=fire", (5, 9), ("type=fire", "     ^^^^")),
        ("타입=불 x", (3, 4), ("타입=불 x", "     ^^")),  # Hangul is two columns wide
        ("a\x00b=1", (2, 3), ("a\\x00b=1", "     ^")),
        ("x" * 30 + "!" + "y" * 300, (30, 31), ("x" * 30 + "!" + "y" * 41 + "…", " " * 30 + "^")),
        ("x" * 300 + "!", (300, 301), ("…" + "x" * 71 + "!", " " * 72 + "^")),
    ],
)
def test_a_pointer_stands_under_its_place(
    text: str, at: tuple[int, int], lines: tuple[str, str]
) -> None:
    assert Pointer(text, *at).lines() == lines


def test_a_pointer_to_very_much_stays_on_a_line() -> None:
    excerpt, carets = Pointer("불" * 5000, 10, 4000).lines()
    assert len(carets) < 100
    assert len(excerpt) < 100

from __future__ import annotations

import re

import errors
from errors import ImageError, PairdexError, printable


def test_every_branch_has_its_own_exit_code_and_the_tree_shows_it() -> None:
    kinds = PairdexError.__subclasses__()
    codes = [kind.exit_code for kind in kinds]
    assert len(set(codes)) == len(codes)
    assert errors.__doc__ is not None
    every: list[type[PairdexError]] = [PairdexError, *kinds]
    shown = dict(re.findall(r"(\w+Error)\s+(\d)\s", errors.__doc__))
    assert shown == {kind.__name__: str(kind.exit_code) for kind in every}


def test_an_error_is_one_line_even_of_a_file_name_with_a_newline() -> None:
    error = ImageError("a\nb.png is empty", "zero bytes", "copy it again")
    assert str(error) == "a\\nb.png is empty: zero bytes (copy it again)"


def test_broken_unicode_can_be_printed() -> None:
    printable("name\udcff\x1b[31m").encode("utf-8")

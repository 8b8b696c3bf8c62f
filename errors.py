"""Every error a user can cause, as one tree with one exit code per branch.

    PairdexError                 1   anything below; never raised itself
    ├── QueryError               2   a query or an option that cannot be answered
    ├── SettingsError            3   config.toml, environment or flag: unknown key, wrong value
    ├── CatalogError             4   the source or its columns; an empty catalog
    ├── ImageError               5   an image that cannot be read
    ├── ModelError               6   weights or artifact: missing, damaged, foreign
    ├── IndexStateError          7   no index yet, damaged, or of another model
    └── HomeError                8   the home folder: missing, no permission, disk full
        └── LockedError          8   another job writes to it

    and no error, but told to scripts as grep does:
        NOTHING_MATCHES          9   a search that was answered: nothing matches

Third-party errors are translated into these where they enter, once. Each one says what
happened, why, and what to do, on one line; `cli.py` prints that line and exits with the code.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import ClassVar

NOTHING_MATCHES = 9  # exit code
_WIDEST = 72  # columns of a pointer's excerpt


class PairdexError(Exception):
    exit_code: ClassVar[int] = 1
    field = ""  # of the request that is wrong, as `Request` and HTTP call it

    def __init__(self, what: str, why: str = "", remedy: str = "") -> None:
        self.what, self.why, self.remedy = what, why, remedy
        super().__init__(what, why, remedy)

    def __str__(self) -> str:
        return self.line(self.field)

    def line(self, field: str) -> str:
        """One line, whatever the parts hold: a file name may contain a newline.

        `field` is the name by which whoever reads it knows the field: `where`, `--where`.
        """
        line = f"{field}: {self.what}" if field else self.what
        if self.why:
            line += f": {self.why}"
        if self.remedy:
            line += f" ({self.remedy})"
        return printable(line)


class QueryError(PairdexError):
    """`field` says which part of the request is wrong, `pointer` where in its text."""

    exit_code = 2

    def __init__(
        self,
        what: str,
        why: str = "",
        remedy: str = "",
        pointer: Pointer | None = None,
        field: str = "",
    ) -> None:
        super().__init__(what, why, remedy)
        self.pointer, self.field = pointer, field


class SettingsError(PairdexError):
    exit_code = 3


class CatalogError(PairdexError):
    exit_code = 4


class ImageError(PairdexError):
    exit_code = 5


class ModelError(PairdexError):
    exit_code = 6


class IndexStateError(PairdexError):
    exit_code = 7


class HomeError(PairdexError):
    exit_code = 8


class LockedError(HomeError):
    """Waiting helps."""


@dataclass(frozen=True)
class Pointer:
    """Characters `start` to `end` of `text`; `start == len(text)` is where something is missing."""

    text: str
    start: int
    end: int

    def lines(self) -> tuple[str, str]:
        """The text, or as much of it as a line holds, and carets under the place."""
        cells = [_cell(char) for char in self.text]
        first = min(self.start, len(cells))
        left, right = first, min(max(self.end, first), first + _WIDEST // 2, len(cells))
        last = right
        width = sum(columns for _, columns in cells[left:right])
        # Grows to both sides while there is room, so that the place stands among its neighbours.
        while width < _WIDEST and (left > 0 or right < len(cells)):
            if left > 0:
                left -= 1
                width += cells[left][1]
            if right < len(cells):
                width += cells[right][1]
                right += 1
        head, tail = "…" * (left > 0), "…" * (right < len(cells))
        margin = len(head) + sum(columns for _, columns in cells[left:first])
        carets = max(1, sum(columns for _, columns in cells[first:last]))
        excerpt = "".join(shown for shown, _ in cells[left:right])
        return head + excerpt + tail, " " * margin + "^" * carets


def _cell(char: str) -> tuple[str, int]:
    """A character as it is printed, and how many columns of a terminal that takes."""
    shown = printable(char)
    if shown != char:
        return shown, len(shown)
    if unicodedata.east_asian_width(char) in "WF":
        return shown, 2
    return shown, 0 if unicodedata.combining(char) else 1


def printable(text: str) -> str:
    """Text that is safe to print on one line: control characters and lone surrogates escaped."""
    if text.isprintable():
        return text
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode("ascii")
        for char in text
    )

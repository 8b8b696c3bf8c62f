"""Every error a user can cause, as one tree with one exit code per branch.

    PairdexError                 1   anything below; never raised itself
    ├── QueryError               2   a query or an option that cannot be answered
    ├── SettingsError            3   config.toml, environment or flag: unknown key, wrong value
    ├── CatalogError             4   the source or its columns; an empty catalog
    ├── ImageError               5   an image that cannot be read
    ├── ModelError               6   weights or artifact: missing, damaged, foreign
    ├── IndexStateError          7   no index yet, damaged, or of another model
    └── HomeError                8   the home folder: missing, locked, no permission, disk full

Third-party errors are translated into these where they enter, once. Each one says what
happened, why, and what to do, on one line; `cli.py` prints that line and exits with the code.
"""

from __future__ import annotations

from typing import ClassVar


class PairdexError(Exception):
    exit_code: ClassVar[int] = 1

    def __init__(self, what: str, why: str = "", remedy: str = "") -> None:
        self.what, self.why, self.remedy = what, why, remedy
        super().__init__(what, why, remedy)

    def __str__(self) -> str:
        """One line, whatever the parts hold: a file name may contain a newline."""
        line = self.what
        if self.why:
            line += f": {self.why}"
        if self.remedy:
            line += f" ({self.remedy})"
        return printable(line)


class QueryError(PairdexError):
    exit_code = 2


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


def printable(text: str) -> str:
    """Text that is safe to print on one line: control characters and lone surrogates escaped."""
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode("ascii")
        for char in text
    )

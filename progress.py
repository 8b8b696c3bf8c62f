"""How long work reports on itself: library code calls, `commands/` draws the bar."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    def __call__(self, stage: str, done: int, total: int, note: str = "") -> None:
        """`done` of `total` steps of `stage` are finished; `total` 0 means not known yet."""


def silent(stage: str, done: int, total: int, note: str = "") -> None:
    """The progress of a caller that does not want any."""

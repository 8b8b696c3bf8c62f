"""How long the stages of a search take, told to whoever wants to know."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeAlias

Timed: TypeAlias = Callable[[str, float], None]  # stage, seconds; called from several threads


def untimed(stage: str, seconds: float) -> None:
    """Nobody wants to know."""
    del stage, seconds


@contextmanager
def timing(timed: Timed, stage: str) -> Iterator[None]:
    start = time.perf_counter()
    try:
        yield
    finally:
        timed(stage, time.perf_counter() - start)

"""Waiting for what becomes true by itself, in a thread or another process."""

from __future__ import annotations

import time
from collections.abc import Callable

PATIENCE = 300.0  # seconds; a busy machine is no mistake in the program


def until(condition: Callable[[], object], seconds: float = PATIENCE) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)

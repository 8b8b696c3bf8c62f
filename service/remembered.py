"""What is dear to make and right until the catalog changes."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import Generic, TypeVar

Made = TypeVar("Made")


class Remembered(Generic[Made]):
    """Made once for each state of the catalog, whoever asks first."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._held: tuple[object, Made] | None = None

    def at(self, state: object, make: Callable[[], Made]) -> Made:
        """What was made for this state."""
        with self._lock:
            if self._held is None or self._held[0] != state:
                self._held = (state, make())
            return self._held[1]

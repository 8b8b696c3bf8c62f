"""Word about progress, not more often than is of use, and never a last word held back.

What comes too soon after the word before waits for the end of the interval, and is told then unless
something newer was said: a stage that stands still after its first step is seen to be at that step.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


class Paced:
    """`progress` for a job; `tell` is called by the job or by a thread, by one at a time."""

    def __init__(self, tell: Callable[[str, int, int, str], None], each: float) -> None:
        self._tell, self._each = tell, each
        self._stage, self._last = "", 0.0
        self._held: tuple[str, int, int, str] | None = None
        self._change = threading.Condition()
        threading.Thread(target=self._late, name="paced", daemon=True).start()

    def __call__(self, stage: str, done: int, total: int, note: str = "") -> None:
        with self._change:
            self._held = stage, done, total, note
            # The begin of a stage and its end are told at once.
            if stage != self._stage or done >= total or self._left() <= 0:
                self._told()
            else:
                self._change.notify()

    def drop(self) -> None:
        """The job is over: its outcome says more than what is held back."""
        with self._change:
            self._held = None
            self._stage = ""

    def _left(self) -> float:
        return self._last + self._each - time.monotonic()

    def _told(self) -> None:
        assert self._held is not None
        held, self._held = self._held, None
        self._stage, self._last = held[0], time.monotonic()
        self._tell(*held)

    def _late(self) -> None:
        with self._change:
            while True:
                if self._held is None:
                    self._change.wait()
                elif (left := self._left()) > 0:
                    self._change.wait(left)
                else:
                    self._told()

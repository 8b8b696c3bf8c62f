"""Memory that a stage has freed goes back to the system, for the next one needs it otherwise."""

from __future__ import annotations

import ctypes
import gc
from contextlib import suppress

FEW = 5000  # items of which the memory is not worth the time that it takes to find it


def give_back(items: int) -> None:
    """Between two stages."""
    if items >= FEW:
        gc.collect()
        trim()


def trim() -> None:
    """Within a stage: what was freed in small pieces would stay with the process."""
    with suppress(AttributeError, OSError):  # only the GNU C library has it
        ctypes.CDLL(None).malloc_trim(0)

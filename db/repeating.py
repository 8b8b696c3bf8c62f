"""Doing a transaction again, whole, where its database says that this may help.

A server that is started anew, a deadlock, a serialization failure: nothing of the transaction was
made. A connection that is lost while a transaction ends is another thing: it may have been made, so
the error is told. SQLite waits by itself and asks for none of this.
"""

from __future__ import annotations

import functools
import random
import time
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from errors import HomeError

PAUSES = (0.05, 0.2, 0.6, 1.5, 3.0)  # seconds before each further try, give or take half
P = ParamSpec("P")
T = TypeVar("T")


class AgainError(HomeError):
    """Nothing was changed, and the same again may well go through."""


def repeated(work: Callable[P, T]) -> Callable[P, T]:
    """For what is one transaction, or only reads, and does nothing else that would be doubled."""

    @functools.wraps(work)
    def again(*args: P.args, **kwargs: P.kwargs) -> T:
        for pause in PAUSES:
            try:
                return work(*args, **kwargs)
            except AgainError:
                time.sleep(pause * random.uniform(0.5, 1.5))  # noqa: S311  (no secret)
        return work(*args, **kwargs)

    return again

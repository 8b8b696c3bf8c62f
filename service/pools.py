"""Threads for whatever would make the event loop wait, with a bound on what waits for them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import BoundedSemaphore
from typing import ParamSpec, TypeVar

from service.problems import Problem

Given = ParamSpec("Given")
Made = TypeVar("Made")
WAITING = 16  # calls that may wait for each thread


class Pool:
    def __init__(self, name: str, threads: int, timeout: float) -> None:
        """`timeout` in seconds, of waiting and work together."""
        self._name, self._timeout = name, timeout
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix=name)
        self._room = BoundedSemaphore(threads * (1 + WAITING))

    async def run(
        self, work: Callable[Given, Made], *args: Given.args, **kwargs: Given.kwargs
    ) -> Made:
        """What `work` makes; a Problem where too much waits already, or it takes too long."""
        if not self._room.acquire(blocking=False):
            raise busy(f"too many requests wait ({self._name})")
        try:
            job = self._executor.submit(work, *args, **kwargs)
        except BaseException:
            self._room.release()
            raise
        # Freed when the thread has ended, not when somebody stops waiting for it.
        job.add_done_callback(lambda _: self._room.release())
        try:
            async with asyncio.timeout(self._timeout):
                return await asyncio.wrap_future(job)
        except TimeoutError:
            raise late(self._timeout) from None

    def close(self) -> None:
        self._executor.shutdown(wait=True, cancel_futures=True)


def busy(what: str, retry_after: int = 1) -> Problem:
    return Problem("busy", what, "", "try again", retry_after)


def late(seconds: float) -> Problem:
    return Problem("timeout", f"no answer within {seconds:g} s", "", "ask for less, or later")

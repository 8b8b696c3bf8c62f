"""Requests that come at the same time are worked off together.

One thread takes whatever waits, works it off as one batch and takes what has come meanwhile. So a
lone request waits for nobody, and under load batches grow until the work is done.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from threading import Condition, Thread
from typing import Generic, TypeVar

from errors import PairdexError
from service.metrics import Metrics
from service.pools import busy, late

Asked = TypeVar("Asked")
Answer = TypeVar("Answer")


@dataclass(eq=False)
class _Waiting(Generic[Asked, Answer]):
    asked: Asked
    future: asyncio.Future[Answer]
    loop: asyncio.AbstractEventLoop
    since: float

    def give(self, answer: Answer | Exception) -> None:
        with suppress(RuntimeError):  # the loop has ended: nobody listens any more
            self.loop.call_soon_threadsafe(self._set, answer)

    def _set(self, answer: Answer | Exception) -> None:
        if self.future.done():  # given up
            return
        if isinstance(answer, Exception):
            self.future.set_exception(answer)
        else:
            self.future.set_result(answer)


class Batches(Generic[Asked, Answer]):
    """`work` makes an answer, or an error, for each of a batch, in their order."""

    def __init__(
        self,
        name: str,
        work: Callable[[Sequence[Asked]], Iterable[Answer | Exception]],
        most: int,
        queue: int,
        timeout: float,
        metrics: Metrics,
    ) -> None:
        """`most` in a batch, `queue` that may wait, `timeout` in seconds for waiting and work."""
        self._name, self._made, self._most = name, work, most
        self._bound, self._timeout, self._metrics = queue, timeout, metrics
        self._queue: deque[_Waiting[Asked, Answer]] = deque()
        self._changed = Condition()
        self._closing = False
        self._pace = 0.01  # seconds that an answer takes, lately
        self._thread = Thread(target=self._work, name=name, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """Answers what waits, then ends."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        if self._thread.is_alive():
            self._thread.join()

    @property
    def waiting(self) -> int:
        return len(self._queue)

    async def ask(self, asked: Asked) -> Answer:
        """Raises the error that is the answer, or a Problem: the queue is full, time is over."""
        loop = asyncio.get_running_loop()
        one = _Waiting[Asked, Answer](asked, loop.create_future(), loop, time.perf_counter())
        with self._changed:
            if self._closing or len(self._queue) >= self._bound:
                self._metrics.refused(self._name)
                retry_after = max(1, round(self._pace * len(self._queue)))
                raise busy(f"{len(self._queue)} requests wait already ({self._name})", retry_after)
            self._queue.append(one)
            self._changed.notify()
        try:
            async with asyncio.timeout(self._timeout):
                found = await one.future
        except TimeoutError:
            raise late(self._timeout) from None
        self._metrics.stage(f"{self._name}-total", time.perf_counter() - one.since)
        return found

    def _work(self) -> None:
        while self._turn():
            pass  # between two turns nothing is held: answers hold the generation they are of

    def _turn(self) -> bool:
        """Works off one batch; False at the end."""
        batch = self._next()
        if not batch:
            return False
        start = time.perf_counter()
        self._metrics.batch(self._name, len(batch))
        for one in batch:
            self._metrics.stage(f"{self._name}-queue", start - one.since)
        self._answer(batch)
        took = time.perf_counter() - start
        self._metrics.stage(self._name, took)
        self._pace += 0.1 * (took / len(batch) - self._pace)
        return True

    def _next(self) -> list[_Waiting[Asked, Answer]]:
        """The next batch; empty at the end."""
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._queue or self._closing)
                count = min(len(self._queue), self._most)
                batch = [self._queue.popleft() for _ in range(count)]
                if not batch:
                    return []
            if batch := [one for one in batch if not one.future.done()]:
                return batch

    def _answer(self, batch: Sequence[_Waiting[Asked, Answer]]) -> None:
        given = 0
        try:
            for answer in self._made([one.asked for one in batch]):
                batch[given].give(answer)
                given += 1
        except PairdexError as error:
            for one in batch[given:]:
                one.give(error)
        # A bug that one request finds must not answer for the others: each by itself.
        except Exception as error:  # noqa: BLE001
            left = batch[given:]
            if len(left) == 1:
                left[0].give(error)
            for one in left if len(left) > 1 else ():
                self._answer([one])

"""Searches that come at the same time are answered together.

One thread takes whatever waits, answers it as one batch and takes what has come meanwhile. So a
lone search waits for nobody, and under load batches grow until the work is done: texts are encoded
together, vectors searched together, items read together.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from threading import Condition, Thread

from db.store import Store
from errors import PairdexError
from search import Request, SearchResult
from service.live import Live, Loaded
from service.metrics import Metrics
from service.pools import busy, late
from settings import ServiceSettings


@dataclass(frozen=True)
class Answered:
    result: SearchResult
    revision: int  # of the catalog, read before it was searched
    loaded: Loaded


@dataclass(eq=False)
class _Waiting:
    request: Request
    future: asyncio.Future[Answered]
    loop: asyncio.AbstractEventLoop
    since: float

    def give(self, answer: Answered | Exception) -> None:
        with suppress(RuntimeError):  # the loop has ended: nobody listens any more
            self.loop.call_soon_threadsafe(self._set, answer)

    def _set(self, answer: Answered | Exception) -> None:
        if self.future.done():  # given up
            return
        if isinstance(answer, Exception):
            self.future.set_exception(answer)
        else:
            self.future.set_result(answer)


class Batcher:
    def __init__(
        self, live: Live, store: Store, settings: ServiceSettings, metrics: Metrics
    ) -> None:
        self._live, self._store, self._settings, self._metrics = live, store, settings, metrics
        self._queue: deque[_Waiting] = deque()
        self._changed = Condition()
        self._closing = False
        self._pace = 0.01  # seconds that an answer takes, lately
        self._thread = Thread(target=self._work, name="search", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """Answers what waits, then ends."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join()

    @property
    def waiting(self) -> int:
        return len(self._queue)

    async def search(self, request: Request) -> Answered:
        """As `Searcher.search`; a Problem where the queue is full or time is over."""
        self._live.loaded()  # or why there is none, at once
        loop = asyncio.get_running_loop()
        one = _Waiting(request, loop.create_future(), loop, time.perf_counter())
        with self._changed:
            if self._closing or len(self._queue) >= self._settings.queue:
                self._metrics.refused.inc()
                retry_after = max(1, round(self._pace * len(self._queue)))
                raise busy(f"{len(self._queue)} searches wait already", retry_after)
            self._queue.append(one)
            self._changed.notify()
        try:
            async with asyncio.timeout(self._settings.timeout):
                found = await one.future
        except TimeoutError:
            raise late(self._settings.timeout) from None
        self._metrics.stage("total", time.perf_counter() - one.since)
        return found

    def _work(self) -> None:
        while batch := self._next():
            start = time.perf_counter()
            self._metrics.batch.observe(len(batch))
            for one in batch:
                self._metrics.stage("queue", start - one.since)
            self._answer(batch)
            took = time.perf_counter() - start
            self._metrics.stage("search", took)
            self._pace += 0.1 * (took / len(batch) - self._pace)

    def _next(self) -> list[_Waiting]:
        """The next batch; empty at the end."""
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._queue or self._closing)
                count = min(len(self._queue), self._settings.batch)
                batch = [self._queue.popleft() for _ in range(count)]
                if not batch:
                    return []
            if batch := [one for one in batch if not one.future.done()]:
                return batch

    def _answer(self, batch: Sequence[_Waiting]) -> None:
        given = 0
        try:
            loaded, revision = self._live.loaded(), self._store.revision()
            for answer in loaded.searcher.search_many([one.request for one in batch]):
                if isinstance(answer, SearchResult):
                    batch[given].give(Answered(answer, revision, loaded))
                else:
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
            else:
                for one in left:
                    self._answer([one])

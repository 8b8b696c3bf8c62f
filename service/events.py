"""What happens in the service, for whoever listens: server-sent events.

Each event has a number. Who was cut off asks for those after the last that it has got, and is given
them as far as they are remembered.

Whoever begins to listen is told the present state before anything new: the job that is at work, how
far the changes are, what was published and what failed last. So nothing depends on having listened
in time. The state is made of the events themselves, under the same lock, hence it never contradicts
what comes after it; it has no number, as it is nothing that happened.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import suppress
from threading import Event as Flag
from threading import Lock
from typing import Any

import msgspec

REMEMBERED = 512
BEHIND = 1024  # events that a listener may be late before it is cut off
ENDS = ("published", "failed", "postponed")  # of a job
BEAT = 15.0  # seconds after which a silent stream says that it is alive


class Event(msgspec.Struct, frozen=True):
    number: int
    name: str  # progress, published, failed, postponed or queue
    data: dict[str, Any]

    def encoded(self) -> bytes:
        return b"id: %d\n" % self.number + _encoded(self.name, self.data)


class _Present:
    """The last word of each kind; a job is at work from its first progress to its end."""

    def __init__(self) -> None:
        self._last: dict[str, dict[str, Any] | None] = dict.fromkeys(
            ("job", "queue", "published", "failed")
        )

    def heed(self, name: str, data: dict[str, Any]) -> None:
        if name in ENDS:
            self._last["job"] = None
        name = "job" if name == "progress" else name
        if name in self._last:
            self._last[name] = data

    def encoded(self) -> bytes:
        return _encoded("state", self._last)


def _encoded(name: str, data: dict[str, Any]) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (name.encode(), msgspec.json.encode(data))


class Events:
    """Told from any thread, heard in event loops."""

    def __init__(self) -> None:
        self._last: deque[Event] = deque(maxlen=REMEMBERED)
        self._listeners: dict[asyncio.Queue[Event | None], asyncio.AbstractEventLoop] = {}
        self._lock = Lock()
        self._number = 0
        self._present = _Present()

    def tell(self, name: str, data: dict[str, Any]) -> None:
        with self._lock:
            self._number += 1
            event = Event(self._number, name, data)
            self._last.append(event)
            self._present.heed(name, data)
            for heard, loop in self._listeners.items():
                with suppress(RuntimeError):  # its loop has ended
                    loop.call_soon_threadsafe(_give, heard, event)

    async def listen(self, after: int | None, closing: Flag) -> AsyncIterator[bytes]:
        """Those after `after`, the present state, then events as they are told.

        Ends when the service does.
        """
        heard: asyncio.Queue[Event | None] = asyncio.Queue(BEHIND)
        with self._lock:
            # A number that was not given yet is of a service before this one.
            first = 0 if after is not None and after > self._number else after
            missed = [e for e in self._last if first is not None and first < e.number]
            state = self._present.encoded()
            self._listeners[heard] = asyncio.get_running_loop()
        try:
            yield b"retry: 2000\n\n"
            for event in missed:
                yield event.encoded()
            yield state
            silent = 0.0
            while not closing.is_set():
                try:
                    event_now = await asyncio.wait_for(heard.get(), 0.5)
                except TimeoutError:
                    silent += 0.5
                    if silent >= BEAT:
                        silent = 0.0
                        yield b": alive\n\n"
                    continue
                if event_now is None:
                    return  # too far behind: it comes back and asks for what it has missed
                silent = 0.0
                yield event_now.encoded()
        finally:
            with self._lock:
                self._listeners.pop(heard, None)


def _give(heard: asyncio.Queue[Event | None], event: Event) -> None:
    if heard.qsize() >= BEHIND - 1:
        if not heard.full():
            heard.put_nowait(None)
        return
    heard.put_nowait(event)

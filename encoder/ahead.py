"""Items that are made in a thread of their own while the reader is busy with those before them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from queue import Queue
from threading import Event, Thread
from typing import TypeVar

Item = TypeVar("Item")


def ahead(items: Iterable[Item], most: int) -> Iterator[Item]:
    """The same items in order, with up to `most` of them waiting to be read.

    All of `items` is run by one other thread. What it raises is raised here. A reader that stops
    early ends it: it is waited for, so nothing goes on behind the back of who closed this.
    """
    made: Queue[tuple[bool, Item | BaseException | None]] = Queue(most)
    left = Event()

    def make() -> None:
        source = iter(items)
        try:
            for item in source:
                made.put((True, item))
                if left.is_set():
                    break
        except BaseException as error:  # noqa: BLE001  # raised again where it is read
            made.put((False, error))
        else:
            made.put((False, None))
        finally:
            close = getattr(source, "close", None)  # a generator gives back what it holds
            if close is not None:
                close()

    worker = Thread(target=make, name="ahead", daemon=True)
    worker.start()
    try:
        while True:
            whole, item = made.get()
            if whole:
                yield item  # type: ignore[misc]  # what is whole is an Item
                continue
            if isinstance(item, BaseException):
                raise item
            return
    finally:
        left.set()
        while worker.is_alive():
            while not made.empty():  # it may stand before a full queue
                made.get_nowait()
            worker.join(0.01)

"""Items made in another thread: in order, bounded, errors handed over, nothing left at work."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from encoder.ahead import ahead


def test_items_come_in_order_and_are_made_by_another_thread() -> None:
    makers = set()

    def made() -> Iterator[int]:
        for number in range(50):
            makers.add(threading.current_thread())
            yield number

    assert list(ahead(made(), 3)) == list(range(50))
    assert threading.current_thread() not in makers
    assert not any(maker.is_alive() for maker in makers)


def test_no_more_are_made_than_may_wait() -> None:
    made: list[int] = []
    full = threading.Event()

    def source() -> Iterator[int]:
        for number in range(100):
            made.append(number)
            if number == 4:  # one was read, three wait, and this one stands before the full queue
                full.set()
            yield number

    items = ahead(source(), 3)
    assert next(items) == 0
    assert full.wait(60)
    assert len(made) == 5
    assert [*items] == list(range(1, 100))


def test_an_error_is_raised_where_the_items_are_read() -> None:
    def source() -> Iterator[int]:
        yield 1
        raise ValueError("no more")

    items = ahead(source(), 3)
    assert next(items) == 1
    with pytest.raises(ValueError, match="no more"):
        next(items)


def test_a_reader_who_stops_early_ends_the_thread_and_what_it_held() -> None:
    closed = threading.Event()
    before = threading.active_count()

    def source() -> Iterator[int]:
        try:
            yield from range(1_000_000)
        finally:
            closed.set()

    items = ahead(source(), 2)
    assert next(items) == 0
    items.close()  # type: ignore[attr-defined]  # a generator
    assert closed.is_set()
    assert threading.active_count() == before

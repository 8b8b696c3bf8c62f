"""Server-sent events: what is told is heard, and who was away gets what was missed."""

from __future__ import annotations

import asyncio
import threading

from service.events import BEHIND, REMEMBERED, Events


async def heard(events: Events, count: int, after: int | None = None) -> list[str]:
    """The first parts of a stream, without its greeting."""
    parts: list[str] = []
    closing = threading.Event()
    async for part in events.listen(after, closing):
        parts.append(part.decode())
        if len(parts) > count:
            closing.set()
            break
    return parts[1:]


def test_an_event_is_heard_as_it_is_told() -> None:
    events = Events()

    async def both() -> list[str]:
        listening = asyncio.create_task(heard(events, 2))
        await asyncio.sleep(0)  # until it listens
        await asyncio.sleep(0)
        await asyncio.to_thread(events.tell, "queue", {"waiting": 1})
        await asyncio.to_thread(events.tell, "progress", {"stage": "scan\nimages"})
        return await listening

    first, second = asyncio.run(both())
    assert first == 'id: 1\nevent: queue\ndata: {"waiting":1}\n\n'
    assert second == 'id: 2\nevent: progress\ndata: {"stage":"scan\\nimages"}\n\n'


def test_who_was_away_gets_what_was_missed() -> None:
    events = Events()
    for number in range(5):
        events.tell("queue", {"waiting": number})
    missed = asyncio.run(heard(events, 2, after=3))
    assert [part.splitlines()[0] for part in missed] == ["id: 4", "id: 5"]


def test_a_number_of_an_earlier_service_asks_for_all_that_is_remembered() -> None:
    events = Events()
    for number in range(REMEMBERED + 8):
        events.tell("queue", {"waiting": number})
    missed = asyncio.run(heard(events, REMEMBERED, after=10**9))
    assert missed[0].startswith("id: 9\n")
    assert len(missed) == REMEMBERED


def test_who_listens_too_slowly_is_cut_off_and_can_come_back() -> None:
    events = Events()

    async def slow() -> int:
        stream = events.listen(None, threading.Event())
        await anext(stream)
        for number in range(BEHIND + 100):
            events.tell("queue", {"waiting": number})
        await asyncio.sleep(0)
        return len([part async for part in stream])  # it ends

    assert asyncio.run(slow()) == BEHIND - 1
    assert not events._listeners


def test_a_stream_ends_with_the_service() -> None:
    closing = threading.Event()

    async def parts() -> list[bytes]:
        stream = Events().listen(None, closing)
        first = await anext(stream)
        closing.set()
        return [first, *[part async for part in stream]]

    assert asyncio.run(parts()) == [b"retry: 2000\n\n"]

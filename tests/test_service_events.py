"""Server-sent events: what is told is heard, and who was away gets what was missed."""

from __future__ import annotations

import asyncio
import json
import threading
from typing import Any

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


def state(**known: object) -> str:
    """The word that every stream has before anything new."""
    said = dict.fromkeys(("job", "queue", "published", "failed")) | known
    return f"event: state\ndata: {json.dumps(said, separators=(',', ':'))}\n\n"


def test_who_begins_to_listen_is_told_how_things_stand_first() -> None:
    events, job = Events(), {"job": "a", "stage": "images", "done": 1, "total": 4}
    assert asyncio.run(heard(events, 1)) == [state()]
    events.tell("queue", {"waiting": 1})
    events.tell("progress", job)
    assert asyncio.run(heard(events, 1)) == [state(job=job, queue={"waiting": 1})]
    failed = {"job": "a", "problem": {"detail": "no model"}}
    events.tell("failed", failed)
    assert asyncio.run(heard(events, 1)) == [state(queue={"waiting": 1}, failed=failed)]
    events.tell("progress", job | {"job": "b"})
    events.tell("postponed", {"job": "b"})
    published = {"job": "c", "generation": "000002"}
    events.tell("published", published)
    now = state(queue={"waiting": 1}, published=published, failed=failed)
    assert asyncio.run(heard(events, 1)) == [now]


def test_no_order_of_telling_and_beginning_to_listen_loses_the_end_of_a_job() -> None:
    """Either the state says that it is over, or its end is heard after the state."""
    for _ in range(50):
        events, began = Events(), threading.Barrier(2)

        def job(events: Events = events, began: threading.Barrier = began) -> None:
            began.wait()
            for done in range(4):
                events.tell("progress", {"job": "a", "done": done})
            events.tell("published", {"job": "a"})

        async def until_over(
            events: Events = events, began: threading.Barrier = began
        ) -> list[dict[str, Any]]:
            telling, seen = asyncio.create_task(asyncio.to_thread(job)), []
            await asyncio.to_thread(began.wait)
            async for part in events.listen(None, threading.Event()):
                name, _, data = part.decode().rstrip().partition("\ndata: ")
                if not data:
                    continue
                seen.append({"name": name.rpartition(" ")[2]} | json.loads(data))
                if seen[-1]["name"] == "published" or seen[-1].get("published"):
                    break
            await telling
            return seen

        seen = asyncio.run(asyncio.wait_for(until_over(), 60))
        first = seen[0]
        assert first["name"] == "state"
        # And nothing between: what the state told last is where the rest goes on.
        told = [one["done"] for one in ([first["job"]] if first["job"] else []) + seen[1:-1]]
        assert told == list(range(told[0], 4)) if told else first["published"]


def test_an_event_is_heard_as_it_is_told() -> None:
    events = Events()

    async def both() -> list[str]:
        listening = asyncio.create_task(heard(events, 3))
        await asyncio.sleep(0)  # until it listens
        await asyncio.sleep(0)
        await asyncio.to_thread(events.tell, "queue", {"waiting": 1})
        await asyncio.to_thread(events.tell, "progress", {"stage": "scan\nimages"})
        return await listening

    before, first, second = asyncio.run(both())
    assert before == state()
    assert first == 'id: 1\nevent: queue\ndata: {"waiting":1}\n\n'
    assert second == 'id: 2\nevent: progress\ndata: {"stage":"scan\\nimages"}\n\n'


def test_who_was_away_gets_what_was_missed() -> None:
    events = Events()
    for number in range(5):
        events.tell("queue", {"waiting": number})
    *missed, now = asyncio.run(heard(events, 3, after=3))
    assert [part.splitlines()[0] for part in missed] == ["id: 4", "id: 5"]
    assert now == state(queue={"waiting": 4})  # and it does not count as one of them


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

    assert asyncio.run(slow()) == BEHIND - 1 + 1  # the state
    assert not events._listeners


def test_a_stream_ends_with_the_service() -> None:
    closing = threading.Event()

    async def parts() -> list[bytes]:
        stream = Events().listen(None, closing)
        first = await anext(stream)
        closing.set()
        return [first, *[part async for part in stream]]

    assert asyncio.run(parts()) == [b"retry: 2000\n\n", state().encode()]

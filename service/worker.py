"""The thread that sees to it that what was accepted comes into the index.

It wakes when a change is accepted, or a build is asked for, and has the builder run a job; what is
accepted while that runs makes the next one. A home where another process is at work is asked again
after a moment. What fails is told and tried again, less and less often.

One process at a time does this for a home: a second service on it accepts changes, and the first
makes them.
"""

from __future__ import annotations

import time
import uuid
from collections import deque
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from threading import Event, Lock, Thread
from typing import Any

from db.databases import Held
from db.home import Home
from db.queue import Queue
from errors import HomeError
from service.builder import Builder
from service.events import Events
from service.job import Outcome
from service.live import Live
from service.problems import Problem
from service.refused import JobError
from service.told import Trouble, Working, trouble

TOGETHER = 0.05  # seconds in which further changes join the first
LOOK = 1.0  # seconds between looks at what other processes have accepted
LOCKED = 0.5  # seconds before a locked home is asked again
AGAIN, LONGEST = 2.0, 60.0  # seconds before a failed job is tried again: at first, and at last
IDLE = 60.0  # seconds without a job after which the builder may rest
SERVED = 30.0  # seconds that a generation may take to be served
TROUBLE = 5.0  # seconds after which one that is not served will not be
FAILURES = 20  # that are remembered


@dataclass
class Job:
    id: str
    started: float  # Unix time
    asked: bool  # by a person; else by the queue
    stage: str = "begin"
    done: int = 0
    total: int = 0

    def said(self) -> Working:
        return Working(self.id, self.started, self.asked, self.stage, self.done, self.total)


class Worker:
    def __init__(
        self, home: Home, queue: Queue, builder: Builder, events: Events, live: Live
    ) -> None:
        self._home, self._queue, self._builder = home, queue, builder
        self._events, self._live = events, live
        self._wake, self._closing, self._lock = Event(), Event(), Lock()
        self._asked: Job | None = None  # a build that was asked for and is not begun
        self._pause, self._idle_since = AGAIN, 0.0
        self._thread = Thread(target=self._work, name="worker", daemon=True)
        self._job: Job | None = None
        self._held: Held = lambda: True
        self.failures: deque[Trouble] = deque(maxlen=FAILURES)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """A job that runs is ended; it goes on where it was in the next service."""
        self._closing.set()
        self._wake.set()
        self._builder.close()
        self._thread.join()

    def accepted(self) -> None:
        """There is a change to be made, and it is safe, whatever becomes of telling so."""
        self._wake.set()
        with suppress(HomeError):  # the database is away
            self.tell_queue()

    def build(self) -> str:
        """The id of a job that is begun; a Problem or a LockedError where one runs already."""
        with self._lock:
            running = self._job or self._asked
            if running:
                raise Problem(
                    "conflict",
                    f"job {running.id} is at work already",
                    "",
                    "wait until it has ended",
                )
            with self._home.locked("index build"):
                pass  # nobody else builds
            self._asked = job = Job(uuid.uuid4().hex[:12], time.time(), asked=True)
            self._tell_progress(job)
            self._wake.set()
            return job.id

    @property
    def job(self) -> Job | None:
        """At work, or about to be."""
        return self._job or self._asked

    def waiting(self) -> int:
        """Changes that were accepted and that no search can find yet."""
        counts = self._queue.counts()
        return counts.get("queued", 0) + counts.get("embedding", 0)

    def tell_queue(self) -> None:
        counts = self._queue.counts()
        waiting, embedding = counts.get("queued", 0), counts.get("embedding", 0)
        self._events.tell("queue", {"waiting": waiting, "embedding": embedding})

    def _work(self) -> None:
        self._idle_since = time.monotonic()
        with ExitStack() as stack:
            self._held = self._ours(stack)
            while not self._closing.is_set():
                try:
                    if self._held():
                        self._look()
                        continue
                    stack.close()  # another service may have it by now
                    self._held = self._ours(stack)
                except HomeError:
                    self._closing.wait(LOOK)  # the database is away: what was asked for waits there

    def _look(self) -> None:
        """A job where there is something to do, else a moment of waiting for it."""
        if self._due():
            self._closing.wait(TOGETHER)
            pause = self._run()
            self._closing.wait(min(pause, AGAIN))
            self._wake.wait(max(0.0, pause - AGAIN))
            self._idle_since = time.monotonic()
            return
        self._wake.wait(LOOK)
        if time.monotonic() - self._idle_since > IDLE:
            self._builder.rest()
            self._idle_since = time.monotonic()

    def _ours(self, stack: ExitStack) -> Held:
        """Wait until no other service works the queue; what is given says if that is still so."""
        while not self._closing.is_set():
            try:
                return stack.enter_context(self._home.locked("serve", "queue.lock"))
            except HomeError:  # another has it, or the database is away
                self._closing.wait(LOOK)
        return lambda: True

    def _due(self) -> bool:
        self._wake.clear()
        counts = self._queue.counts()
        return bool(self._asked or counts.get("queued") or counts.get("embedding"))

    def _run(self) -> float:
        """One job; returns the seconds before the next may begin."""
        with self._lock:
            if self._closing.is_set():
                return 0.0
            asked = self._asked
            self._job = job = asked or Job(uuid.uuid4().hex[:12], time.time(), asked=False)
            self._asked = None
        try:
            outcome = self._builder.run(self._heard)
        except JobError as error:
            if error.locked:
                return self._postponed(job)
            return self._failed(job, error)
        except HomeError:  # the database is away
            self._postponed(job)
            raise
        else:
            self._published(job, outcome)
            self._pause = AGAIN
            return 0.0
        finally:
            self._job = None

    def _heard(self, stage: str, done: int, total: int, note: str = "") -> None:
        job = self._job
        assert job is not None
        job.stage, job.done, job.total = stage, done, total
        self._tell_progress(job, note)

    def _tell_progress(self, job: Job, note: str = "") -> None:
        said = {"job": job.id, "stage": job.stage, "done": job.done, "total": job.total}
        self._events.tell("progress", said | ({"note": note} if note else {}))

    def _postponed(self, job: Job) -> float:
        """Another process is at work; what was asked for stays asked for."""
        if job.asked:
            self._asked = job
        elif job.stage != Job.stage:  # else nobody knows of it
            self._ended("postponed", {"job": job.id})
        return LOCKED

    def _ended(self, name: str, said: dict[str, Any]) -> None:
        """Over before it is told: who is told may ask for the next at once."""
        with self._lock:
            self._job = None
            self._events.tell(name, said)

    def _published(self, job: Job, outcome: Outcome) -> None:
        """Told when it is served: who is told may search for it at once."""
        since = time.monotonic()
        while not self._served(outcome.generation, time.monotonic() - since):
            if self._closing.wait(0.02):
                return  # the next service tells it
        if not self._held():
            # Another service has taken over: what it has made since is in no generation of ours.
            self._postponed(job)
            return
        why = {key: {"detail": reason} for key, reason in outcome.failures.items()}
        self._queue.published(outcome.generation, why)
        counts = {name: outcome.summary.get(name, 0) for name in ("items", "indexed", "failed")}
        seconds = round(time.time() - job.started, 3)
        said = {"job": job.id, "generation": outcome.generation, "seconds": seconds}
        self._ended("published", said | counts)
        self.tell_queue()

    def _served(self, generation: str, seconds: float) -> bool:
        """It, or a newer one, or one that cannot be served, which is not for us to tell."""
        if not generation or seconds > SERVED:
            return True
        if self._live.trouble is not None:
            return seconds > TROUBLE
        return self._live.ready and int(self._live.loaded().name) >= int(generation)

    def _failed(self, job: Job, error: JobError) -> float:
        if self._closing.is_set():
            return 0.0
        # Where the home lies is told to nobody.
        home = str(self._home.path)
        told = {
            name: value.replace(home, "home") if isinstance(value, str) else value
            for name, value in error.problem.items()
        }
        self.failures.append(trouble(told | {"job": job.id, "time": time.time()}))
        self._ended("failed", {"job": job.id, "problem": told})
        self.tell_queue()
        pause, self._pause = self._pause, min(2 * self._pause, LONGEST)
        return pause

"""The process that builds: `python -m service.build_process`, begun by builder.py.

It reads one line of JSON that says what to work on, then one line for each job; it writes lines of
`Said`. It ends with its input, so that it never outlives a service that was killed: then its next
word finds no reader either, which ends it too. What it was at goes on where it was in the next one.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
from pathlib import Path

import msgspec

from catalog.queued import problem
from db.databases import use
from db.home import Home
from db.queue import Queue
from db.store import Store
from encoder.encoded import Encoder
from encoder.runtime import OpenVinoEncoder
from errors import PairdexError
from service.job import Outcome, run
from service.paced import Paced
from settings import Settings

NICE = 10  # searches go first
EACH = 0.1  # seconds between two words about the progress of one stage


class Task(msgspec.Struct, frozen=True):
    home: str
    settings: Settings


class Said(msgspec.Struct, frozen=True, omit_defaults=True):
    """One line: progress, or how a job has ended."""

    stage: str = ""
    done: int = 0
    total: int = 0
    note: str = ""
    outcome: Outcome | None = None
    problem: dict[str, object] | None = None


class _Worker:
    def __init__(self, task: Task) -> None:
        self._home, self._settings = Home(Path(task.home)), task.settings
        if self._settings.db.url:
            use(self._home.path, self._settings)
        self._store, self._queue = Store.open(self._home.path), Queue(self._home)
        self._encoder: tuple[tuple[int, int], OpenVinoEncoder] | None = None
        self._progress = Paced(_tell, EACH)

    def job(self) -> None:
        try:
            outcome = run(
                self._home, self._store, self._queue, self._settings, self._model, self._progress
            )
        except PairdexError as error:
            said = Said(problem=problem(error))
        else:
            said = Said(outcome=outcome)
        self._progress.drop()
        _say(said)

    def _model(self) -> Encoder:
        """Compiled once for many jobs, and anew when another was trained."""
        try:
            status = (self._home.artifact / "artifact.json").stat()
            sign = (status.st_ino, status.st_mtime_ns)
        except OSError:
            sign = (0, 0)  # opening it says what is wrong
        if self._encoder is None or self._encoder[0] != sign:
            home = self._home
            self._encoder = (
                sign, OpenVinoEncoder(home.artifact, self._settings.runtime, home.compiled),
            )  # fmt: skip
            # What is there now stays: a job, which collects after each stage, need not look at it.
            gc.freeze()
        return self._encoder[1]


def _tell(stage: str, done: int, total: int, note: str) -> None:
    _say(Said(stage, done, total, note))


def _say(said: Said) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(said) + b"\n")
    sys.stdout.buffer.flush()


def main() -> None:
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    os.nice(NICE)
    lines = iter(sys.stdin.buffer.readline, b"")
    worker = _Worker(msgspec.json.decode(next(lines), type=Task))
    for _ in lines:
        worker.job()


if __name__ == "__main__":
    main()

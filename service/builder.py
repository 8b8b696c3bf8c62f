"""Jobs in a process of their own, so that searches keep their time and this process its memory.

The process is begun with the first job and stays a while after the last: the next one finds the
model compiled. After `IDLE` seconds without a job it ends, and gives back all that it held.
"""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import Protocol

import msgspec

from db.home import Home
from errors import HomeError
from progress import Progress
from service.build_process import Said, Task
from service.job import Outcome
from service.refused import JobError
from settings import Settings

IDLE = 60.0
_SOURCE = Path(__file__).resolve().parent.parent


class Builder(Protocol):
    def run(self, progress: Progress) -> Outcome:
        """Make the changes that wait and build the index; raises a JobError."""

    def rest(self) -> None:
        """There will be no job for a while."""

    def close(self) -> None:
        """End what is running; it goes on where it was when it is run again."""


class ProcessBuilder:
    def __init__(self, home: Home, settings: Settings) -> None:
        self._task = msgspec.json.encode(Task(str(home.path), settings))
        self._process: subprocess.Popen[bytes] | None = None
        self._closing = False
        self._lock = Lock()

    def run(self, progress: Progress) -> Outcome:
        process = self._started()
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(b"\n")
            process.stdin.flush()
            for line in process.stdout:
                said = msgspec.json.decode(line, type=Said)
                if said.outcome is not None:
                    return said.outcome
                if said.problem is not None:
                    raise JobError(said.problem)
                progress(said.stage, said.done, said.total, said.note)
        except BrokenPipeError:
            pass
        code = process.wait()
        self.rest()
        raise JobError.of(
            HomeError("the process that builds has ended", f"with {code}", "it is begun again")
        )

    def rest(self) -> None:
        with self._lock:
            process, self._process = self._process, None
        if process is not None:
            _ended(process)

    def close(self) -> None:
        with self._lock:
            self._closing = True
            process = self._process
        if process is not None:
            process.terminate()
        self.rest()

    def _started(self) -> subprocess.Popen[bytes]:
        with self._lock:
            if self._closing:
                raise JobError.of(HomeError("the service is ending", "", "the next one goes on"))
            if self._process is None or self._process.poll() is not None:
                self._process = subprocess.Popen(
                    # -P: what lies in the current folder must not stand in for a module of ours.
                    [sys.executable, "-P", "-m", "service.build_process"],
                    env=os.environ | {"PYTHONPATH": str(_SOURCE)},
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    start_new_session=True,  # a Ctrl-C is for the service
                )
                assert self._process.stdin is not None
                self._process.stdin.write(self._task + b"\n")
            return self._process


def _ended(process: subprocess.Popen[bytes]) -> None:
    assert process.stdin is not None
    assert process.stdout is not None
    with suppress(BrokenPipeError):
        process.stdin.close()
    process.stdout.close()
    process.wait()

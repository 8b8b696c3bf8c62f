"""Why a job has failed, as it was told by the process that ran it."""

from __future__ import annotations

from typing import Any

from catalog.queued import problem
from errors import PairdexError


class JobError(Exception):
    """`problem` is what `catalog.queued.problem` makes of an error."""

    def __init__(self, problem: dict[str, Any]) -> None:
        super().__init__(str(problem.get("detail", "")))
        self.problem = problem

    @classmethod
    def of(cls, error: PairdexError) -> JobError:
        return cls(problem(error))

    @property
    def locked(self) -> bool:
        """Another process is at work in the home: it is worth trying again soon."""
        return self.problem.get("kind") == "LockedError"

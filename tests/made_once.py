"""What is dear to make and the same for many tests: made once for a run of them, by whoever needs
it first, also where several processes run them."""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Callable
from pathlib import Path

_place: Path | None = None


def use(place: Path) -> None:
    """A folder of this run, which its processes share (conftest.py)."""
    global _place
    _place = place


def made_once(name: str, make: Callable[[Path], object]) -> Path:
    """The folder that `make` has filled. It stands where it was made, and nobody may change it."""
    assert _place is not None
    folder, done = _place / name, _place / f"{name}.done"
    with (_place / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            shutil.rmtree(folder, ignore_errors=True)  # of a process that was killed
            folder.mkdir(parents=True)
            make(folder)
            done.touch()
    return folder


def copied(source: Path, target: Path) -> Path:
    """A copy of one's own."""
    shutil.copytree(source, target, dirs_exist_ok=True)
    return target

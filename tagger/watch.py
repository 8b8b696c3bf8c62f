"""Files of a folder as they are ready to be read: what was there, then what arrives.

The system tells of closed and of moved files, which are whole. Where it tells only that a file
appeared or changed (another system than Linux, a hard link, a folder that was there before it could
be watched), the file must be open for writing nowhere, or rest for a while. From time to time the
folder is read as a whole: network disks tell of nothing, and a flood of news is cut off.
"""

from __future__ import annotations

import errno
import fcntl
import os
import queue
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Literal

from errors import QueryError
from images import SUFFIXES
from tagger.gather import walk

TOGETHER = 256  # files that are given out at once
_News = tuple[Literal["whole", "touched", "gone", "folder", "stop"], str]
_Stamp = tuple[int, int]


class Arrivals:
    """Iterate for lists of files. A context: leaving it ends the watch."""

    def __init__(self, folder: Path, recursive: bool, settle: float, rescan: float) -> None:
        if not folder.is_dir():
            raise QueryError(f"{folder} cannot be watched", "it is not a folder", "name a folder")
        self._folder, self._recursive = folder, recursive
        self._settle, self._rescan = settle, rescan
        self._news: queue.SimpleQueue[_News] = queue.SimpleQueue()
        self._given: dict[str, _Stamp] = {}  # what was given out, as it was then
        self._resting: dict[str, tuple[float, _Stamp]] = {}  # until when, and as it was
        self._ready: dict[str, None] = {}
        self.unreadable: list[tuple[str, str]] = []  # folders
        self._observer = _observer(self._news, folder, recursive)

    def stop(self) -> None:
        """The iteration ends after the files that it has given out; may be called by a signal."""
        self._news.put(("stop", ""))

    def __enter__(self) -> Arrivals:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._observer.stop()
        self._observer.join()

    def __iter__(self) -> Iterator[list[Path]]:
        # The watch began before this look, so that nothing falls between the two.
        self._look(str(self._folder))
        due = time.monotonic() + self._rescan
        while True:
            stopping = self._hear(0.0 if self._ready else self._patience(due))
            if stopping:
                return
            self._rested()
            if time.monotonic() >= due:
                self._look(str(self._folder))
                due = time.monotonic() + self._rescan
            if not self._folder.is_dir():
                raise QueryError(f"{self._folder} is gone", "", "watch another folder")
            if part := self._part():
                yield part

    def _patience(self, due: float) -> float:
        next_ = min([due, *(until for until, _ in self._resting.values())])
        return max(0.0, next_ - time.monotonic())

    def _hear(self, seconds: float) -> bool:
        """Takes in all news there is, after waiting for the first; whether it is time to stop."""
        try:
            news = self._news.get(timeout=seconds) if seconds else self._news.get_nowait()
            while True:
                if news[0] == "stop":
                    return True
                self._take(*news)
                news = self._news.get_nowait()
        except queue.Empty:
            return False

    def _take(self, what: str, path: str) -> None:
        if what == "folder":
            if self._recursive:
                self._look(path)
        elif os.path.splitext(path)[1].lower() not in SUFFIXES:  # noqa: PTH122  # a string
            return
        elif what == "whole":
            self._resting.pop(path, None)
            self._ready[path] = None
        elif what == "touched":
            self._touched(path)
        else:
            for known in (self._ready, self._resting, self._given):
                known.pop(path, None)

    def _touched(self, path: str) -> None:
        stamp = _stamp(path)
        if stamp is None:
            return
        if _written_to(path) is False:
            self._resting.pop(path, None)
            self._ready[path] = None
        else:
            self._resting[path] = (time.monotonic() + self._settle, stamp)

    def _rested(self) -> None:
        now = time.monotonic()
        for path, (until, stamp) in list(self._resting.items()):
            if until > now:
                continue
            del self._resting[path]
            found = _stamp(path)
            if found is None:
                continue
            if found == stamp and not _written_to(path):
                self._ready[path] = None
            else:
                self._resting[path] = (now + self._settle, found)

    def _look(self, folder: str) -> None:
        for path in walk(Path(folder), self._recursive, self.unreadable):
            known = path in self._ready or path in self._resting
            if not known and self._given.get(path) != _stamp(path):
                self._take("touched", path)

    def _part(self) -> list[Path]:
        part: list[Path] = []
        while self._ready and len(part) < TOGETHER:
            path = next(iter(self._ready))
            del self._ready[path]
            stamp = _stamp(path)
            if stamp is not None and self._given.get(path) != stamp:
                self._given[path] = stamp
                part.append(Path(path))
        return part


def _observer(news: queue.SimpleQueue[_News], folder: Path, recursive: bool) -> Any:
    from watchdog.events import FileSystemEvent, FileSystemEventHandler
    from watchdog.observers import Observer

    class Handler(FileSystemEventHandler):
        def on_any_event(self, event: FileSystemEvent) -> None:
            source, target = os.fsdecode(event.src_path), os.fsdecode(event.dest_path)
            kind = event.event_type
            if event.is_directory:
                if kind in ("created", "moved"):
                    news.put(("folder", target or source))
            elif kind == "moved":
                if source:
                    news.put(("gone", source))
                if target:
                    news.put(("whole", target))
            elif kind == "closed":
                news.put(("whole", source))
            elif kind in ("created", "modified"):
                news.put(("touched", source))
            elif kind == "deleted":
                news.put(("gone", source))

    observer = Observer()
    try:
        observer.schedule(Handler(), str(folder), recursive=recursive)
        observer.start()
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        remedy = "check permissions"
        if error.errno in (errno.ENOSPC, errno.EMFILE):
            reason = "the system watches as many folders as it may"
            remedy = "raise fs.inotify.max_user_watches and max_user_instances"
        raise QueryError(f"{folder} cannot be watched", reason, remedy) from None
    return observer


def _stamp(path: str) -> _Stamp | None:
    try:
        status = os.stat(path)  # noqa: PTH116  # a string
    except OSError:
        return None
    return status.st_size, status.st_mtime_ns


def _written_to(path: str) -> bool | None:
    """Whether somebody has the file open for writing; None where the system does not say."""
    if not hasattr(fcntl, "F_SETLEASE"):
        return None
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except OSError:
        return None
    try:
        # A lease on reading is granted only while nobody writes.
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    except OSError as error:
        return True if error.errno == errno.EAGAIN else None
    finally:
        os.close(descriptor)
    return False

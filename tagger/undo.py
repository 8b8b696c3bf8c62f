"""What a run of `tag` wrote is put back, byte by byte, where nobody changed it since."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, field

from db.home import Home
from db.journal import Change, Journal, RunFacts
from errors import PairdexError, QueryError, printable
from progress import Progress, silent
from tagger import files
from tagger.delta import made
from tagger.many import LOCK
from tagger.outputs import EMBEDDED
from tagger.writing import recover

LAST = "last"
TOGETHER = 64  # changes that are marked as put back at once


@dataclass
class Undone:
    run: int
    restored: int = 0  # files that are again what they were
    removed: int = 0  # files that were not there before
    left: list[tuple[str, str]] = field(default_factory=list)  # path, why it was not touched
    dry_run: bool = False


def undo(home: Home, name: str, dry_run: bool = False, progress: Progress = silent) -> Undone:
    """Put back what run `name` wrote: its number, or `last` for the last that wrote anything."""
    with home.locked("tag --undo", LOCK), Journal(home) as journal:
        recover(journal)
        found = Undone(_run(journal, name).id, dry_run=dry_run)
        changes = journal.changes(found.run)
        for start in range(0, len(changes), TOGETHER):
            part = changes[start : start + TOGETHER]
            back = [change for change in part if _put_back(change, found)]
            if not dry_run:
                journal.undone(back)
            progress("undo", start + len(part), len(changes))
    return found


def runs(home: Home) -> list[RunFacts]:
    """All runs that wrote something, the latest first."""
    with Journal(home) as journal:
        return journal.runs()


def _run(journal: Journal, name: str) -> RunFacts:
    told = journal.runs()
    open_ = [run for run in told if run.changes]
    if name == LAST and open_:
        return open_[0]
    chosen = [run for run in open_ if str(run.id) == name.lstrip("0")]
    if chosen:
        return chosen[0]
    known = ", ".join(str(run.id) for run in open_[:10]) or "none"
    raise QueryError(
        f"nothing to undo of run {printable(name)}", f"runs that wrote something: {known}"
    )


def _put_back(change: Change, found: Undone) -> bool:
    """Whether the file is now what it was before the change."""
    try:
        data = files.read(change.path)
        told = None if data is None else hashlib.sha256(data).digest()
        if told == change.before_hash:  # an undo that was interrupted got this far
            return True
        if told is None:
            return _left(change, found, "it is gone")
        if told != change.after_hash:
            return _left(change, found, "it was changed since")
        assert data is not None
        if change.before is None:
            if not found.dry_run:
                change.path.unlink()
            found.removed += 1
            return True
        old = made(data, change.before)
        if hashlib.sha256(old).digest() != change.before_hash:
            return _left(change, found, "the journal is damaged")
        if not found.dry_run:
            like = change.path if change.kind == EMBEDDED else None
            files.replace(change.path, old, like)
            if change.before_mtime_ns is not None:
                os.utime(change.path, ns=(change.before_mtime_ns, change.before_mtime_ns))
        found.restored += 1
    except OSError as error:
        return _left(change, found, (error.strerror or str(error)).lower())
    except PairdexError as error:
        return _left(change, found, str(error))
    return True


def _left(change: Change, found: Undone, why: str) -> bool:
    found.left.append((str(change.path), why))
    return False

"""Changes that are accepted first and made later: what `db/queue.py` holds, written and read.

    ticket = accept_change(home, store, queue, change, data, settings)    # checked, on the disk
    drain(home, store, queue, settings)                                   # by a worker, in batches

What can be told of a change at once is an error of `accept_change`. What only shows when it is its
turn is told by its ticket.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from catalog.adding import Change, NoSuchItemError, Shown, look, needs_twins, resolve
from catalog.cleaning import clean
from catalog.drafting import MAX_KEY
from catalog.kinds import Kinds
from catalog.twins import Twins
from db.garbage import wanted
from db.home import Home
from db.queue import Entry, Queue
from db.records import ItemRecord
from db.store import Store
from db.uploads import Uploads
from errors import CatalogError, PairdexError
from progress import Progress, silent
from settings import CatalogSettings

BATCH = 200  # changes that are made in one transaction
_ID = 24  # characters of an id that is made of a content


class Body(msgspec.Struct, frozen=True):
    """What an entry of the queue says."""

    change: Change
    shown: Shown | None = None


@dataclass(frozen=True)
class Accepted:
    ticket: int
    id: str
    notes: tuple[str, ...] = ()  # what is cut or replaced


@dataclass
class Drained:
    made: int = 0
    failed: int = 0
    collected: int = 0  # uploads that nothing names any more


def accept_change(
    home: Home,
    store: Store,
    queue: Queue,
    change: Change,
    data: bytes | None,
    settings: CatalogSettings,
    name: str = "the image",
) -> Accepted:
    """Durable when this returns. `data` is an image file and `name` what errors call it.

    A change without an id is known by its image: the same image again is the same item.
    """
    uploads = Uploads(home)
    with uploads.receiving():
        shown = None if data is None else _received(uploads, data, name)
        if not change.id.strip():
            if shown is None:
                raise CatalogError("the item has neither id nor image", "", "give it an id")
            change = dataclasses.replace(change, id=shown.facts.content_hash[:_ID])
        kinds = store.field_kinds()
        key = clean(change.id, MAX_KEY + 1).text
        before = _coming(store, queue, key, kinds, settings)
        if before is None and not change.whole:
            raise NoSuchItemError(key)
        # The side of the split is found when it is its turn; this is for the errors and notes.
        taken = resolve(change, shown, before, kinds, Twins((), settings), settings)
        body = msgspec.json.encode(Body(change, shown)).decode()
        content = "" if shown is None else shown.facts.content_hash
        return Accepted(queue.add("put", taken.item.key, body, content), key, taken.notes)


def accept_removal(store: Store, queue: Queue, key: str, settings: CatalogSettings) -> Accepted:
    """Durable when this returns; an error where there is no such item, nor one to come."""
    if _coming(store, queue, key, store.field_kinds(), settings) is None:
        raise NoSuchItemError(key)
    return Accepted(queue.add("remove", key), key)


def drain(
    home: Home,
    store: Store,
    queue: Queue,
    settings: CatalogSettings,
    progress: Progress = silent,
) -> Drained:
    """Make the changes that wait now, under the home's lock; those that cannot be made say why.

    What comes meanwhile waits for the next time: else whoever sends without a pause would keep all
    others from the index.
    """
    done = Drained()
    newest = queue.newest()
    if not queue.waiting(1):
        return done
    with home.locked("catalog changes"):
        twins: Twins | None = None
        while True:
            with queue.claim(BATCH, newest) as claim:
                if not claim.entries:
                    return done
                bodies = {
                    e.id: msgspec.json.decode(e.body, type=Body) for e in claim.entries if e.body
                }
                if twins is None and any(needs_twins(b.change, b.shown) for b in bodies.values()):
                    twins = Twins(store.pictures(), settings)
                batch = _Batch(store, claim.entries, twins, settings)
                for entry in claim.entries:
                    batch.make(entry, bodies.get(entry.id))
                store.apply_changes(batch.items(), batch.removed())
                claim.applied(batch.failed)
            done.collected += _collect(home, store, queue, batch.left())
            done.made += len(claim.entries) - len(batch.failed)
            done.failed += len(batch.failed)
            progress("changes", done.made + done.failed, done.made + done.failed)


class _Batch:
    """The items that a few changes are about, from what they are to what they become."""

    def __init__(
        self, store: Store, entries: Sequence[Entry], twins: Twins | None, settings: CatalogSettings
    ) -> None:
        self._settings, self._twins = settings, twins
        self._before = store.by_key([entry.key for entry in entries])
        self._now: dict[str, ItemRecord | None] = dict(self._before)
        self._kinds: dict[str, Any] = dict(store.field_kinds())
        self._sent: set[str] = set()
        self.failed: dict[int, dict[str, Any]] = {}

    def make(self, entry: Entry, body: Body | None) -> None:
        before = self._now.get(entry.key)
        if body is None:
            self._now[entry.key] = None
            if self._twins is not None:
                self._twins.discard(entry.key)
            return
        if body.shown is not None:
            self._sent.add(body.shown.path)
        try:
            taken = resolve(
                body.change, body.shown, before, self._kinds, self._twins, self._settings
            )
        except PairdexError as error:
            self.failed[entry.id] = problem(error)
            return
        item = self._now[entry.key] = taken.item
        if self._twins is not None:
            self._twins.add(item.key, item.split, item.facts)
        for name, kind in item.kinds.items():
            if kind not in self._kinds.get(name, ()):
                self._kinds[name] = (*self._kinds.get(name, ()), kind)

    def items(self) -> list[ItemRecord]:
        return [item for item in self._now.values() if item is not None]

    def removed(self) -> list[str]:
        return [key for key, item in self._now.items() if item is None and key in self._before]

    def left(self) -> set[str]:
        """Images that an item had or was to have, and that are not its own in the end."""
        had = {item.image for item in self._before.values()} | self._sent
        return had - {item.image for item in self.items()}


def problem(error: PairdexError) -> dict[str, Any]:
    """An error as it is kept with a ticket."""
    parts = {"what": error.what, "why": error.why, "remedy": error.remedy}
    return {"kind": type(error).__name__, "code": error.exit_code, "detail": str(error)} | parts


def _received(uploads: Uploads, data: bytes, name: str) -> Shown:
    """An image that was sent, decoded in full and kept."""
    held = uploads.hold(data)
    try:
        facts = look(held, name).facts
        form = facts.format.lower().replace("jpeg", "jpg")
        kept = uploads.keep(held, facts.content_hash, form)
    finally:
        held.unlink(missing_ok=True)
    # It may have been there before, with the times of then.
    facts = dataclasses.replace(facts, mtime_ns=kept.stat().st_mtime_ns)
    return Shown(str(kept), facts)


def _coming(
    store: Store, queue: Queue, key: str, kinds: Kinds, settings: CatalogSettings
) -> ItemRecord | None:
    """The item as it will be once the changes that wait for it are made."""
    item = store.by_key([key]).get(key)
    for entry in queue.waiting(key=key):
        if not entry.body:
            item = None
            continue
        body = msgspec.json.decode(entry.body, type=Body)
        try:
            item = resolve(body.change, body.shown, item, kinds, Twins((), settings), settings).item
        except PairdexError:
            continue  # its ticket will tell
    return item


def _collect(home: Home, store: Store, queue: Queue, images: Iterable[str]) -> int:
    """Remove those of the images that were sent to us and that nobody has."""
    uploads = Uploads(home)
    files = [Path(image) for image in images if uploads.owns(image)]
    gone = uploads.collect(files, lambda contents: wanted(store, queue, contents))
    return len(gone)

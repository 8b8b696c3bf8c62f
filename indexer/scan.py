"""Stage 1: what the catalog holds now, and what of it has not been embedded yet."""

from __future__ import annotations

import hashlib
import os
from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import images
from db.cache import Digests, as_bytes, digests
from db.generations import SIGNS
from db.records import IndexRecord
from errors import ImageError, printable
from indexer.signs import signs
from progress import Progress

Ids = NDArray[np.int64]
REPORT = 500  # items between two reports of progress, and entries that are worked on together


@dataclass(frozen=True)
class Entries:
    """The images or the captions to index, as arrays: a list of a million objects is 200 MB."""

    ids: Ids  # ascending
    owners: Ids  # the item of each
    contents: Digests

    def __len__(self) -> int:
        return len(self.ids)

    def __getitem__(self, some: NDArray[np.generic]) -> Entries:
        return Entries(self.ids[some], self.owners[some], self.contents[some])


@dataclass(frozen=True)
class Work:
    """Some of the entries, taken out only while they are worked on."""

    entries: Entries
    places: Ids

    def __len__(self) -> int:
        return len(self.places)

    @property
    def contents(self) -> Digests:
        return self.entries.contents[self.places]

    def part(self, some: Ids) -> tuple[list[int], list[bytes]]:
        """Ids and contents of some of it: as objects they are several times as large."""
        part = self.entries[self.places[some]]
        return part.ids.tolist(), as_bytes(part.contents)

    def parts(self) -> Iterator[tuple[list[int], list[bytes]]]:
        """All of it, some at a time."""
        for start in range(0, len(self), REPORT):
            yield self.part(np.arange(start, min(start + REPORT, len(self))))


@dataclass
class Plan:
    """Every image and caption to index, and the work that is left to do for them."""

    images: Entries
    captions: Entries
    new_images: Work  # one of each content that is still to be embedded
    new_captions: Work  # likewise, short texts first
    signs: NDArray[np.uint64]  # of each of images, see signs.py
    words: str  # digest of the words of all items
    failures: list[tuple[int, str, str]] = field(default_factory=list)  # item, status, reason
    removals: int = 0  # of the catalog before it was read

    def signature(self, *also: str) -> str:
        """Equal where an index of it would be equal."""
        digest = hashlib.sha256("\n".join(also).encode())
        for entries in (self.images, self.captions):
            digest.update(len(entries).to_bytes(8, "little"))
            for part in (entries.ids, entries.owners, entries.contents):
                digest.update(part.tobytes())
        digest.update(self.signs.tobytes())
        digest.update(self.words.encode())
        return digest.hexdigest()

    def embedded(self, images: Digests, texts: Digests) -> None:
        """These contents are known by now: they need not be embedded."""
        for name, known in (("new_images", images), ("new_captions", texts)):
            work: Work = getattr(self, name)
            left = ~np.isin(work.contents, known)
            setattr(self, name, Work(work.entries, work.places[left]))

    def written(self) -> None:
        """Contents and what was left to do are not needed any more: most of what a plan holds."""
        nothing = digests(b"")
        self.images = Entries(self.images.ids, self.images.owners, nothing)
        self.captions = Entries(self.captions.ids, self.captions.owners, nothing)
        self.new_images = self.new_captions = Work(self.images, self.images.ids[:0])

    def drop(self, unreadable: dict[bytes, str]) -> None:
        """Take out the images of these contents, with the reason for each, and their captions."""
        if not unreadable:
            return
        bad = np.isin(self.images.contents, digests(b"".join(unreadable)))
        lost = self.images[bad]
        for item, content in zip(lost.ids.tolist(), lost.contents, strict=True):
            self.failures.append((item, "failed", unreadable[content.ljust(32, b"\0")]))
        self.images, self.signs = self.images[~bad], self.signs[~bad]
        self.captions = self.captions[~np.isin(self.captions.owners, lost.ids)]


def scan(
    items: Iterable[IndexRecord],
    total: int,
    known_images: Digests,
    known_texts: Digests,
    progress: Progress,
) -> Plan:
    """Reads no image whose size and time are those of the import; equal files are work once."""
    seen, texts = _Column(), _Column()
    lengths, marks = array("l"), array("Q")
    words = hashlib.sha256()
    failures: list[tuple[int, str, str]] = []
    for number, item in enumerate(items, start=1):
        if number % REPORT == 0 or number == total:
            progress("scan", number, total)
        try:
            content = _content(item)
        except FileNotFoundError:
            gone = f"{printable(item.image)} is no longer there"
            failures.append((item.id, "skipped", gone))
            continue
        except ImageError as error:
            failures.append((item.id, "failed", str(error)))
            continue
        seen.add(item.id, item.id, content)
        words.update(item.words.encode())
        # The import's hash is of the file as it was then.
        same = content.hex() == item.content_hash
        marks.extend(signs(content, item.perceptual_hash if same else "", item.name))
        for caption, text in item.captions:
            texts.add(caption, item.id, hashlib.sha256(text.encode()).digest())
            lengths.append(len(text))
    pictures, captions = seen.entries(), texts.entries()
    pictures = Entries(pictures.ids, pictures.ids, pictures.contents)  # each is its own item's
    order = np.argsort(captions.ids, kind="stable")
    captions, sizes = captions[order], np.asarray(lengths, np.int64)[order]
    new = _new(captions.contents, known_texts)
    return Plan(
        images=pictures,
        captions=captions,
        new_images=Work(pictures, _new(pictures.contents, known_images)),
        new_captions=Work(captions, new[np.argsort(sizes[new], kind="stable")]),
        signs=np.asarray(marks, np.uint64).reshape(-1, SIGNS),
        words=words.hexdigest(),
        failures=failures,
    )


class _Column:
    """Entries as they come in, without an object for each."""

    def __init__(self) -> None:
        self.ids, self.owners, self.contents = array("q"), array("q"), bytearray()

    def add(self, number: int, owner: int, content: bytes) -> None:
        self.ids.append(number)
        self.owners.append(owner)
        self.contents += content

    def entries(self) -> Entries:
        ids, owners = np.asarray(self.ids, np.int64), np.asarray(self.owners, np.int64)
        return Entries(ids, owners, digests(self.contents))


def _new(contents: Digests, known: Digests) -> Ids:
    """The place of the first entry of each content that is not known."""
    missing = np.flatnonzero(~np.isin(contents, known))
    _, firsts = np.unique(contents[missing], return_index=True)
    return np.asarray(np.sort(missing[firsts]), np.int64)


def _content(item: IndexRecord) -> bytes:
    """The digest of the file: that of the import, or made anew where the file has changed."""
    try:
        status = os.stat(item.image)  # noqa: PTH116  (a Path for each would double the time)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise ImageError(f"{item.image} cannot be opened", str(error.strerror)) from None
    except ValueError:  # an embedded NUL
        raise ImageError(f"{item.image} is not a file name") from None
    if (status.st_size, status.st_mtime_ns) == (item.bytes, item.mtime_ns):
        return bytes.fromhex(item.content_hash)
    return bytes.fromhex(images.content_hash(images.read_file(Path(item.image))))

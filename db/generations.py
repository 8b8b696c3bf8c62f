"""Generations as readers know them: immutable folders of one index each, one of them live.

    generations/
    ├── CURRENT                one line, the name of the live generation
    ├── LAST                   one line, the newest name ever given: none is given twice
    └── 000001/
        ├── manifest.json      model fingerprint, counts, checksums, measurements, settings, timings
        ├── images.faiss       image vectors by row
        ├── captions.faiss     caption vectors by row
        └── *.npy              ids, vectors, fusion halves, the captions of each item, and by what
                               look-alikes are told

A generation is built beside the live one (publishing.py) and never changes. Whoever has opened
one keeps it, whatever is published or deleted meanwhile.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from db.checksums import Stamps
from db.home import Home, writing
from db.sides import Side, mapped
from db.vectors import Ids
from db.words import WordArrays, Words
from errors import IndexStateError

SCHEMA = 3
MANIFEST = "manifest.json"
POINTER = "CURRENT"
SIGNS_FILE = "images.signs.npy"
SIGNS = 3  # digest of the content, perceptual hash, digest of the name without its variant
_BUILD = "run `pairdex index build`"


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """What a vector index was found to be when it was built, against exact search."""

    factory: str  # as FAISS's index_factory reads it
    effort: int = 0  # efSearch or nprobe; 0 where there is no such thing
    recall: float  # share of the exact ten nearest among its first ten
    bytes_per_item: float  # of its file
    ms_per_query: float  # median, one query at a time, one thread
    queries: int  # that it was measured with


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """manifest.json as it is."""

    schema: int = SCHEMA
    name: str
    created: str  # for people: order is by name, so a clock that jumps changes nothing
    fingerprint: str
    signature: str  # of all contents: an equal catalog need not be built again
    items: int
    captions: int
    shared: int
    width: int
    removals: int = -1  # of the catalog when it was read (Store.removals); -1 is none it has had
    vectors: dict[str, Measured] = {}  # images, captions
    settings: dict[str, Any]
    timings: dict[str, float]
    versions: dict[str, str]
    files: dict[str, str] = {}  # name → SHA-256
    seal: str = ""  # SHA-256 of all of the above

    def sealed(self) -> Manifest:
        bare = msgspec.structs.replace(self, seal="")
        text = msgspec.json.encode(bare, order="deterministic")
        return msgspec.structs.replace(self, seal=hashlib.sha256(text).hexdigest())


@dataclass(frozen=True)
class Generation:
    folder: Path
    manifest: Manifest

    @property
    def name(self) -> str:
        return self.manifest.name

    def require(self, fingerprint: str) -> None:
        """Vectors of one model mean nothing to another."""
        if self.manifest.fingerprint != fingerprint:
            raise IndexStateError(
                f"generation {self.name} was built with another model",
                f"{self.manifest.fingerprint[:12]} where the artifact is {fingerprint[:12]}",
                _BUILD,
            )

    @cached_property
    def images(self) -> Side:
        return self.side("images")

    @cached_property
    def captions(self) -> Side:
        return self.side("captions")

    def side(self, name: str) -> Side:
        """Opened anew: what it has read is let go with it."""
        return Side(self.folder, name)

    @cached_property
    def caption_order(self) -> Ids:
        """Caption rows grouped by item, in the order of the image rows."""
        order: Ids = mapped(self.folder / "captions.order.npy")
        return order

    @cached_property
    def caption_starts(self) -> Ids:
        """Where each image row's captions begin in `caption_order`, and where the last end."""
        starts: Ids = mapped(self.folder / "captions.starts.npy")
        return starts

    @cached_property
    def signs(self) -> NDArray[np.uint64]:
        """By what look-alikes are told, of each image row: SIGNS in columns, 0 where there is none.

        A generation that was made without them has none at all.
        """
        file = self.folder / SIGNS_FILE
        if not file.exists():
            return np.zeros((len(self.images.ids), SIGNS), np.uint64)
        return mapped(file)

    @cached_property
    def words(self) -> Words:
        """The exact words of the items, by image row."""
        arrays = WordArrays.read(lambda name: mapped(self.folder / f"words.{name}.npy"))
        return Words(self.images.ids, arrays)

    def siblings(self) -> list[str]:
        """The names of all that are kept beside it, oldest first."""
        return names(self.folder.parent)

    def sibling(self, name: str) -> Generation:
        """Another one that is kept beside it, checked and held."""
        root = self.folder.parent
        return open_generation(root / name, Home(root.parent).stamps).hold()

    def hold(self) -> Generation:
        """Open every file now: what is open stays readable when the folder is deleted."""
        for side in (self.images, self.captions):
            _ = side.owners, side.halves, side.index
        _ = self.caption_order, self.caption_starts, self.signs
        _ = self.words
        return self


def names(root: Path) -> list[str]:
    """Published generations, oldest first."""
    try:
        found = [folder.name for folder in root.iterdir() if folder.name.isdigit()]
    except FileNotFoundError:
        return []
    return sorted((name for name in found if (root / name / MANIFEST).is_file()), key=int)


def current_name(root: Path) -> str | None:
    with writing(root):
        try:
            return (root / POINTER).read_text(encoding="utf-8", errors="replace").strip()
        except FileNotFoundError:
            return None


def open_current(
    root: Path, fingerprint: str | None = None, stamps: Path | None = None
) -> Generation:
    """The live generation, checked and held; `fingerprint` is the model it must be built with.

    `stamps` is where files that were found sound are remembered; without, all of them are read.
    """

    def opened(name: str) -> Generation:
        return open_generation(root / name, stamps).hold()

    return opened_live(str(root), lambda: current_name(root), opened, fingerprint)


def opened_live(
    where: str,
    current: Callable[[], str | None],
    opened: Callable[[str], Generation],
    fingerprint: str | None,
) -> Generation:
    """What `current` names as `opened` opens it, though another be published meanwhile."""
    while True:
        name = current()
        if name is None:
            raise IndexStateError(f"no index at {where}", "none has been built yet", _BUILD)
        try:
            generation = opened(name)
        except IndexStateError:
            if current() != name:
                continue  # dropped while we opened it: a newer one is live
            raise
        if fingerprint is not None:
            generation.require(fingerprint)
        return generation


def live_manifest(root: Path, stamps: Path | None = None) -> Manifest | None:
    """What is live, or None where there is nothing sound: a build then starts afresh."""
    try:
        return open_current(root, stamps=stamps).manifest
    except IndexStateError:
        return None


def open_generation(folder: Path, stamps: Path | None = None) -> Generation:
    """A generation whose every file has the checksum that its manifest names."""
    manifest = read_manifest(folder)
    known = Stamps(stamps)
    for name in manifest.files:
        damage = damaged(folder, manifest, name, known)
        if damage is not None:
            raise damage
    known.save()
    return Generation(folder, manifest)


def read_manifest(folder: Path) -> Manifest:
    """manifest.json, sound in itself; nothing is said of the other files."""
    file = folder / MANIFEST
    try:
        return manifest_of(file.read_bytes(), str(file))
    except OSError as error:
        raise IndexStateError(f"{file} cannot be read", str(error.strerror), _BUILD) from None


def manifest_of(text: bytes, where: str) -> Manifest:
    """What a manifest says that is sound in itself; messages call it `where`."""
    try:
        raw = msgspec.json.decode(text, type=dict[str, Any])
        if raw.get("schema") != SCHEMA:
            format_, known = (
                f"{where} has format {raw.get('schema')}",
                f"this program reads {SCHEMA}",
            )
            raise IndexStateError(format_, known, _BUILD)
        manifest = msgspec.convert(raw, Manifest)
    except msgspec.DecodeError as error:  # a ValidationError is one too
        raise IndexStateError(f"{where} is damaged", str(error), _BUILD) from None
    if manifest.sealed() != manifest:
        raise IndexStateError(f"{where} is damaged", "its checksum differs", _BUILD)
    return manifest


def damaged(folder: Path, manifest: Manifest, name: str, stamps: Stamps) -> IndexStateError | None:
    """What is wrong with one file of a generation, if anything is."""
    try:
        if stamps.fits(f"{manifest.name}/{name}", folder / name, manifest.files[name]):
            return None
    except FileNotFoundError:
        return IndexStateError(f"{folder / name} is missing", "", _BUILD)
    except OSError as error:
        return IndexStateError(f"{folder / name} cannot be read", str(error.strerror), _BUILD)
    return IndexStateError(f"{folder / name} is damaged", "its checksum differs", _BUILD)

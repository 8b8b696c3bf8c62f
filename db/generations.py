"""Generations: immutable folders of one index each, and the pointer to the live one.

    generations/
    ├── CURRENT                one line, the name of the live generation
    └── 000001/
        ├── manifest.json      model fingerprint, counts, checksums, settings, timings
        ├── images.faiss       image vectors by item id
        ├── captions.faiss     caption vectors by caption id
        └── *.npy              ids, vectors and fusion halves, memory-mapped by readers

A generation is built beside the live one under a name that starts with a dot, and goes live by
two renames. Whoever has opened one keeps it, whatever is published meanwhile.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from db.home import writing
from db.vectors import Floats, Ids, VectorIndex
from errors import IndexStateError

SCHEMA = 1
MANIFEST = "manifest.json"
POINTER = "CURRENT"
Halves = NDArray[np.float16]
_BUILD = "run `pairdex index build`"


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """manifest.json as it is."""

    schema: int = SCHEMA
    name: str
    created: str
    fingerprint: str
    signature: str  # of all contents: an equal catalog need not be built again
    items: int
    captions: int
    shared: int
    width: int
    settings: dict[str, Any]
    timings: dict[str, float]
    versions: dict[str, str]
    files: dict[str, str] = {}


@dataclass(frozen=True)
class Side:
    """The images or the captions of a generation: row i of each array is `ids[i]`."""

    folder: Path
    name: str  # images or captions

    @cached_property
    def ids(self) -> Ids:
        """Ascending."""
        return self._map("ids")

    @cached_property
    def owners(self) -> Ids:
        """The item of each row; of images, the row's own id."""
        return self.ids if self.name == "images" else self._map("owners")

    @cached_property
    def vectors(self) -> NDArray[np.float16]:
        return self._map("vectors")

    @cached_property
    def halves(self) -> Halves:
        return self._map("halves")

    @cached_property
    def index(self) -> VectorIndex:
        return VectorIndex.read(self.folder / f"{self.name}.faiss")

    def rows(self, ids: Ids) -> Ids:
        """The rows of these ids, which must be in the generation."""
        return np.searchsorted(self.ids, ids)

    def _map(self, what: str) -> NDArray[Any]:
        array: NDArray[Any] = np.load(self.folder / f"{self.name}.{what}.npy", mmap_mode="r")
        return array


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
        return Side(self.folder, "images")

    @cached_property
    def captions(self) -> Side:
        return Side(self.folder, "captions")

    @cached_property
    def caption_order(self) -> Ids:
        """Caption rows grouped by item, in the order of the image rows."""
        return np.argsort(self.captions.owners, kind="stable")

    @cached_property
    def caption_starts(self) -> Ids:
        """Where each image row's captions begin in `caption_order`, and where the last end."""
        owners = self.captions.owners[self.caption_order]
        ends = np.append(self.images.ids, np.iinfo(np.int64).max)
        return np.searchsorted(owners, ends).astype(np.int64)


def write_side(
    folder: Path, name: str, ids: Ids, owners: Ids, vectors: Floats, halves: Halves, factory: str
) -> None:
    """Write one side of a generation that is being built; ids ascending."""
    VectorIndex.build(vectors, ids, factory).write(folder / f"{name}.faiss")
    np.save(folder / f"{name}.ids.npy", ids)
    if name != "images":
        np.save(folder / f"{name}.owners.npy", owners)
    np.save(folder / f"{name}.vectors.npy", vectors.astype(np.float16))
    np.save(folder / f"{name}.halves.npy", halves)


def begin(root: Path) -> tuple[str, Path]:
    """The next name and an empty folder to build it in; leftovers of killed jobs are removed."""
    with writing(root):
        root.mkdir(parents=True, exist_ok=True)
        for left in root.glob(".building-*"):
            shutil.rmtree(left)
        numbers = [int(folder.name) for folder in root.iterdir() if folder.name.isdigit()]
        name = f"{max(numbers, default=0) + 1:06d}"
        folder = root / f".building-{name}"
        folder.mkdir()
    return name, folder


def publish(
    root: Path, folder: Path, manifest: Manifest, verify: Callable[[Generation], None], keep: int
) -> Generation:
    """Seal a built folder, verify it as a reader would, make it live, drop the oldest."""
    with writing(root):
        files = {file.name: _sha256(file) for file in sorted(folder.iterdir())}
        manifest = msgspec.structs.replace(manifest, files=files)
        text = msgspec.json.format(msgspec.json.encode(manifest), indent=2)
        (folder / MANIFEST).write_bytes(text)
        _flush(folder)
        verify(open_generation(folder))
        final = root / manifest.name
        folder.replace(final)
        point(root, manifest.name)
        for old in names(root)[:-keep]:
            shutil.rmtree(root / old)
    return Generation(final, manifest)


def point(root: Path, name: str) -> None:
    """Make a published generation the live one, in one atomic rename."""
    with writing(root):
        temporary = root / f".{POINTER}"
        temporary.write_text(name + "\n", encoding="ascii")
        _flush(temporary)
        temporary.replace(root / POINTER)
        _flush(root)


def names(root: Path) -> list[str]:
    """Published generations, oldest first."""
    if not root.is_dir():
        return []
    return sorted(folder.name for folder in root.iterdir() if (folder / MANIFEST).is_file())


def current_name(root: Path) -> str | None:
    try:
        return (root / POINTER).read_text(encoding="ascii").strip()
    except FileNotFoundError:
        return None


def open_current(root: Path, fingerprint: str | None = None) -> Generation:
    """The live generation, checked; `fingerprint` is the model it must have been built with."""
    with writing(root):
        name = current_name(root)
    if name is None:
        raise IndexStateError(f"no index at {root}", "none has been built yet", _BUILD)
    generation = open_generation(root / name)
    if fingerprint is not None:
        generation.require(fingerprint)
    return generation


def live_manifest(root: Path) -> Manifest | None:
    """What is live, or None where there is nothing sound: a build then starts afresh."""
    try:
        return open_current(root).manifest
    except IndexStateError:
        return None


def open_generation(folder: Path) -> Generation:
    """A generation whose every file has the checksum that its manifest names."""
    file = folder / MANIFEST
    try:
        manifest = msgspec.json.decode(file.read_bytes(), type=Manifest)
    except OSError as error:
        raise IndexStateError(f"{file} cannot be read", str(error.strerror), _BUILD) from None
    except msgspec.DecodeError as error:
        raise IndexStateError(f"{file} is damaged", str(error), _BUILD) from None
    if manifest.schema != SCHEMA:
        raise IndexStateError(
            f"{folder} has format {manifest.schema}", f"this program reads {SCHEMA}", _BUILD
        )
    for name, checksum in manifest.files.items():
        try:
            fits = _sha256(folder / name) == checksum
        except OSError:
            raise IndexStateError(f"{folder / name} is missing", "", _BUILD) from None
        if not fits:
            raise IndexStateError(f"{folder / name} is damaged", "its checksum differs", _BUILD)
    return Generation(folder, manifest)


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _flush(path: Path) -> None:
    """On disk, not only in the kernel's memory: a folder with all its files, or one file."""
    for file in [*path.iterdir(), path] if path.is_dir() else [path]:
        if file.is_dir() and file != path:
            continue
        descriptor = os.open(file, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

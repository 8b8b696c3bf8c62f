"""The generations of a home wherever they are kept: one interface, and the one that is a folder.

kept = generations_of(home)                     (databases.py chooses)
kept.open_current()                             what a search reads
with kept.building() as build:                  what `index build` makes
    write_side(build.folder, "images", …)
    measured = build.write_indexes("auto", 0.98)
    build.publish(Manifest(name=build.name, vectors=measured, …), verify, keep)

Whoever builds, points or drops holds the home's lock.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from db import generations, publishing
from db.checksums import Stamps
from db.generations import Generation, Manifest, Measured
from errors import IndexStateError
from progress import Progress, silent

Check = Callable[[Generation], None]  # raises what is wrong with a generation


@dataclass(frozen=True)
class FileCheck:
    name: str
    bytes: int
    problem: str  # empty where the file is sound


class Build(ABC):
    """A generation in the making: `folder` is where its files are written first."""

    name: str
    folder: Path

    @abstractmethod
    def write_indexes(
        self, factory: str, recall: float, progress: Progress = silent
    ) -> dict[str, Measured]:
        """Both vector indexes over written sides, and which captions belong to which item."""

    @abstractmethod
    def publish(self, manifest: Manifest, verify: Check, keep: int) -> Generation:
        """Seal it, verify it as a reader would, make it live, drop the oldest but `keep`."""


class Generations(ABC):
    """All that are published."""

    where: str  # as messages call the place
    factories: str  # what `index.factory` may say of it

    @abstractmethod
    def names(self) -> list[str]:
        """Oldest first."""

    @abstractmethod
    def current_name(self) -> str | None:
        """That of the live one; cheap enough to be asked several times a second."""

    @abstractmethod
    def manifest(self, name: str) -> Manifest:
        """Sound in itself; nothing is said of what it describes."""

    @abstractmethod
    def size(self, name: str) -> int:
        """The space that it takes where it is kept."""

    @abstractmethod
    def open(self, name: str) -> Generation:
        """Checked and held: it stays readable whatever is published or dropped meanwhile."""

    @abstractmethod
    def check(self, name: str) -> Iterator[tuple[FileCheck, IndexStateError | None]]:
        """Reads every file anew, believing nothing, and says what is wrong with it."""

    @abstractmethod
    def building(self, name: str | None = None) -> AbstractContextManager[Build]:
        """A name that was never given, or that of a generation which is moved here.

        What is not published when the block ends is removed.
        """

    @abstractmethod
    def prepare(self) -> None:
        """Raises what would keep a build from ending here, before any work is done for it."""

    @abstractmethod
    def export(self, name: str, folder: Path, progress: Progress = silent) -> None:
        """Write all its files but the vector indexes into a folder."""

    @abstractmethod
    def point(self, name: str) -> None:
        """Make a published one the live one, at once for everybody."""

    @abstractmethod
    def drop(self, name: str) -> bool:
        """Delete one; its name is gone at once. False: somebody reads it, and it stays."""

    @abstractmethod
    def leftovers(self) -> list[Path]:
        """Folders here that belong to no generation any more."""

    def open_current(self, fingerprint: str | None = None) -> Generation:
        """The live one, checked and held; `fingerprint` is the model it must be built with."""
        return generations.opened_live(self.where, self.current_name, self.open, fingerprint)

    def live_manifest(self) -> Manifest | None:
        """What is live, or None where there is nothing sound: a build then starts afresh."""
        try:
            return self.open_current().manifest
        except IndexStateError:
            return None


class FolderGenerations(Generations):
    """Those of one machine: folders with FAISS indexes, see generations.py."""

    factories = 'take "auto", "Flat" or another FAISS index_factory string'

    def __init__(self, root: Path, stamps: Path | None = None) -> None:
        self.root, self.stamps, self.where = root, stamps, str(root)

    def names(self) -> list[str]:
        return generations.names(self.root)

    def current_name(self) -> str | None:
        return generations.current_name(self.root)

    def manifest(self, name: str) -> Manifest:
        return generations.read_manifest(self.root / name)

    def size(self, name: str) -> int:
        return folder_bytes(self.root / name)

    def open(self, name: str) -> Generation:
        return generations.open_generation(self.root / name, self.stamps).hold()

    def check(self, name: str) -> Iterator[tuple[FileCheck, IndexStateError | None]]:
        folder, manifest = self.root / name, self.manifest(name)
        known = Stamps(self.stamps)
        known.forget(f"{name}/")
        try:
            for file in manifest.files:
                damage = generations.damaged(folder, manifest, file, known)
                problem = "" if damage is None else damage.why or damage.what
                size = (folder / file).stat().st_size if (folder / file).is_file() else 0
                yield FileCheck(file, size, problem), damage
        finally:
            known.save()  # so that a damaged file is refused at the next opening too

    @contextmanager
    def building(self, name: str | None = None) -> Iterator[Build]:
        with publishing.building(self.root, name) as (given, folder):
            yield _FolderBuild(self, given, folder)

    def prepare(self) -> None:
        """A folder is made when it is needed."""

    def export(self, name: str, folder: Path, progress: Progress = silent) -> None:
        publishing.export(self.root / name, folder, progress)

    def point(self, name: str) -> None:
        publishing.point(self.root, name)

    def drop(self, name: str) -> bool:
        publishing.drop(self.root, name)
        stamps = Stamps(self.stamps)
        stamps.forget(f"{name}/")
        stamps.save()
        return True

    def leftovers(self) -> list[Path]:
        return publishing.leftovers(self.root)


class _FolderBuild(Build):
    def __init__(self, kept: FolderGenerations, name: str, folder: Path) -> None:
        self._kept, self.name, self.folder = kept, name, folder

    def write_indexes(
        self, factory: str, recall: float, progress: Progress = silent
    ) -> dict[str, Measured]:
        return publishing.write_indexes(self.folder, factory, recall, progress)

    def publish(self, manifest: Manifest, verify: Check, keep: int) -> Generation:
        kept = self._kept
        return publishing.publish(kept.root, self.folder, manifest, verify, keep, kept.stamps)


def folder_bytes(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())

"""Generations in PostgreSQL: vectors in tables that pgvector searches, small files beside them.

A reader fetches the small files (ids, words, manifest …) once into a folder of the home's cache,
by their checksums, and maps them as if they had been built here; vectors and halves stay in the
database. It keeps a lock there that others can share, so that what it has open is not dropped.
"""

from __future__ import annotations

import hashlib
import io
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from db import pgvector_tables as tables
from db.checksums import Stamps
from db.generations import Generation, Manifest, manifest_of
from db.home import Home, writing
from db.pgvector_connections import Asked, Connections, Session, Values
from db.pgvector_index import EXACT, PgvectorIndex
from db.pgvector_rows import SideRows, StoredRows
from db.postgres_connection import named
from db.published import Build, FileCheck, Generations
from db.publishing import BUILDING
from db.repeating import repeated
from db.sides import Halves, Side
from db.vectors_selecting import Index
from errors import IndexStateError, PairdexError
from progress import Progress, silent
from settings import DbSettings

ROWS = {"vectors": "vector", "halves": "half"}  # files that are columns in the database
_BUILD = "run `pairdex index build`"


@dataclass(frozen=True)
class StoredSide(Side):
    """Its ids and owners are mapped from files, its vectors asked of the database."""

    manifest: Manifest
    asked: Asked

    @cached_property
    def vectors(self) -> NDArray[np.float16]:
        return StoredRows.array(self._table, "vector")

    @cached_property
    def halves(self) -> Halves:
        return StoredRows.array(self._table, "half")

    @cached_property
    def index(self) -> Index:
        measured = self.manifest.vectors.get(self.name)
        factory, effort = (measured.factory, measured.effort) if measured else (EXACT, 0)
        table = tables.vectors_of(self.manifest.name, self.name)
        return PgvectorIndex(self.asked, table, self.ids, factory, effort)

    @cached_property
    def _table(self) -> SideRows:
        made = self.manifest
        count = made.items if self.name == "images" else made.captions
        table = tables.vectors_of(made.name, self.name)
        return SideRows(self.asked, table, count, {"vector": made.shared, "half": made.width})


@dataclass(frozen=True)
class StoredGeneration(Generation):
    asked: Asked
    kept: PostgresGenerations

    def side(self, name: str) -> Side:
        return StoredSide(self.folder, name, self.manifest, self.asked)

    def siblings(self) -> list[str]:
        return self.kept.names()

    def sibling(self, name: str) -> Generation:
        return self.kept.open(name)


class PostgresGenerations(Generations):
    factories = 'take "auto", "Flat" or "HNSW16"'

    def __init__(self, settings: DbSettings, home: Home) -> None:
        self.settings, self.where = settings, named(settings.url)
        self.cache, self._stamps = home.cache / "generations", home.stamps
        self._connections = Connections(settings, "generations")
        self._there = False

    @repeated
    def names(self) -> list[str]:
        found = self._rows("SELECT name FROM generations")
        return sorted((name for (name,) in found), key=int)

    @repeated
    def current_name(self) -> str | None:
        found = self._rows("SELECT generation FROM generation_live")
        return found[0][0] if found else None

    @repeated
    def manifest(self, name: str) -> Manifest:
        found = self._rows("SELECT manifest FROM generations WHERE name = %s", (name,))
        if not found:
            raise self._missing(name)
        return manifest_of(found[0][0], f"generation {name} in {self.where}")

    @repeated
    def size(self, name: str) -> int:
        sizes = "SELECT coalesce(sum(octet_length(data)), 0) FROM generation_files"
        whole = int(self._rows(f"{sizes} WHERE generation = %s", (name,))[0][0])
        for side in tables.SIDES:
            size = "SELECT coalesce(pg_total_relation_size(to_regclass(%s)), 0)"
            whole += int(self._rows(size, (tables.vectors_of(name, side),))[0][0])
        return whole

    def open(self, name: str) -> Generation:
        opened = self._keeper(name)
        with opened.one():  # its lock is held from here on
            manifest = self.manifest(name)
        folder = self._fetched(manifest)
        generation = StoredGeneration(folder, manifest, opened, self).hold()
        for other in self._outdated():
            shutil.rmtree(other, ignore_errors=True)  # whoever has mapped it keeps it
        return generation

    def check(self, name: str) -> Iterator[tuple[FileCheck, IndexStateError | None]]:
        manifest = self.manifest(name)
        opened = self._keeper(name)
        for file, checksum in manifest.files.items():
            digest, size = hashlib.sha256(), 0
            try:
                for data in self._bytes(opened, manifest, file):
                    digest.update(data)
                    size += len(data)
            except IndexStateError as error:
                yield FileCheck(file, size, error.why), error
                continue
            damage = None
            if digest.hexdigest() != checksum:
                what = f"{file} of generation {name} in {self.where} is damaged"
                damage = IndexStateError(what, "its checksum differs", _BUILD)
            yield FileCheck(file, size, damage.why if damage else ""), damage

    @contextmanager
    def building(self, name: str | None = None) -> Iterator[Build]:
        from db.pgvector_build import build_in

        with build_in(self, name) as build:
            yield build

    @repeated
    def prepare(self) -> None:
        with self._connections.one() as session:
            tables.create(session, self.where)
            tables.require(session, self.where)

    def export(self, name: str, folder: Path, progress: Progress = silent) -> None:
        manifest = self.manifest(name)
        opened = self._keeper(name)
        for number, file in enumerate(manifest.files, start=1):
            with writing(folder), (folder / file).open("wb") as stream:
                for data in self._bytes(opened, manifest, file):
                    stream.write(data)
            progress("files", number, len(manifest.files))

    @repeated
    def point(self, name: str) -> None:
        with self._connections.one() as session, session.connection.transaction():
            point(session, name)

    @repeated
    def drop(self, name: str) -> bool:
        with self._connections.one() as session:
            session.tell({"statement_timeout": 0})
            return tables.drop(session, name)

    def leftovers(self) -> list[Path]:
        return [*self._outdated(), *sorted(self.cache.glob(f"{BUILDING}*"))]

    def place_of(self, manifest: Manifest) -> Path:
        """Where the small files of a generation are here: by its seal, so of one database alone."""
        return self.cache / f"{manifest.name}-{manifest.seal[:16]}"

    def _keeper(self, name: str) -> Connections:
        """Connections of which each keeps the generation from being dropped."""

        def opened(session: Session) -> None:
            tables.require(session, self.where)
            session.rows("SELECT pg_advisory_lock_shared(%s)", (tables.held(name),))
            if not session.rows("SELECT FROM generations WHERE name = %s", (name,)):
                raise self._missing(name)

        return Connections(self.settings, f"generation {name}", opened)

    def _missing(self, name: str) -> IndexStateError:
        return IndexStateError(f"there is no generation {name} in {self.where}", "", _BUILD)

    def asked(self, statement: str, values: Values = ()) -> list[tuple[Any, ...]]:
        """What the server says of something else than generations; nothing where it cannot."""
        try:
            with self._connections.one() as session:
                return session.rows(statement, values)
        except PairdexError:
            return []

    def _rows(self, statement: str, values: Values = ()) -> list[tuple[Any, ...]]:
        with self._connections.one() as session:
            self._there = self._there or tables.there(session)
            return session.rows(statement, values) if self._there else []

    def _outdated(self) -> list[Path]:
        names = set(self.names())
        found = [path for path in self.cache.glob("*-*") if path.name[:1].isdigit()]
        return sorted(path for path in found if path.name.partition("-")[0] not in names)

    def _fetched(self, manifest: Manifest) -> Path:
        """The folder of the small files, each as its checksum says."""
        folder, known = self.place_of(manifest), Stamps(self._stamps)
        with writing(folder):
            folder.mkdir(parents=True, exist_ok=True)
        for name, checksum in manifest.files.items():
            if column(name):
                continue
            file, stamp = folder / name, f"{folder.name}/{name}"
            if not (file.exists() and known.fits(stamp, file, checksum)):
                self._fetch(manifest, file, checksum)
                known.read(stamp, file)
        known.save()
        return folder

    @repeated
    def _fetch(self, manifest: Manifest, file: Path, checksum: str) -> None:
        # Under a name of this process alone: another one may be fetching the same.
        arriving = file.with_name(f".{file.name}.{os.getpid()}")
        (arriving_folder := arriving.with_suffix(".d")).mkdir(exist_ok=True)
        try:
            with self._connections.one() as session:
                found = tables.get_file(session, manifest.name, arriving_folder / file.name)
            if found != checksum:
                what = f"{file.name} of generation {manifest.name} in {self.where} is damaged"
                raise IndexStateError(what, "its checksum differs", _BUILD)
            with writing(file):
                (arriving_folder / file.name).replace(file)
        finally:
            shutil.rmtree(arriving_folder, ignore_errors=True)

    def _bytes(self, opened: Connections, manifest: Manifest, file: str) -> Iterator[bytes]:
        """A file as it was built, wherever its bytes are."""
        if (found := column(file)) is None:
            with opened.one() as session:
                parts = list(tables.parts(session, manifest.name, file))
            if not parts:
                what = f"{file} of generation {manifest.name} in {self.where} is missing"
                raise IndexStateError(what, "", _BUILD)
            yield from parts
            return
        side, what_ = found
        stored = StoredSide(Path(), side, manifest, opened)
        rows = cast(StoredRows, stored.vectors if what_ == "vectors" else stored.halves)
        header = io.BytesIO()
        np.lib.format.write_array_header_1_0(
            header, {"descr": "<f2", "fortran_order": False, "shape": rows.shape}
        )
        yield header.getvalue()
        for part in rows.slices():
            yield np.ascontiguousarray(part, "<f2").tobytes()


def column(file: str) -> tuple[str, str] | None:
    """Side and kind of the rows that a file is of; None for one that is stored as it is."""
    side, _, rest = file.partition(".")
    kind = rest.removesuffix(".npy")
    return (side, kind) if side in tables.SIDES and kind in ROWS else None


def point(session: Session, name: str) -> None:
    """Inside a transaction: live when that is made."""
    session.rows("SELECT FROM generations WHERE name = %s FOR KEY SHARE", (name,))
    session.connection.execute(
        "INSERT INTO generation_live (generation) VALUES (%s) "
        "ON CONFLICT (one) DO UPDATE SET generation = EXCLUDED.generation",
        (name,),
    )

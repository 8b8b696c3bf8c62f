"""Making a generation in PostgreSQL: one transaction, from the first row to its going live.

Its files are written in a folder of the cache first, as those of a generation of one machine are.
Killed at any moment, the database is as it was: what a transaction has not ended with was never
there. Only the folder is left, which the next build or `index gc` removes.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from typing import TYPE_CHECKING

import msgspec
import psycopg

from db import choosing, pgvector_rows, publishing
from db import pgvector_tables as tables
from db.checksums import Stamps
from db.generations import Generation, Manifest, Measured
from db.home import writing
from db.pgvector_connections import OneSession, Session, connected
from db.pgvector_index import EXACT, PgvectorIndex, graph
from db.postgres_connection import translated
from db.published import Build, Check
from db.sides import Side
from db.vectors import Floats
from progress import Progress, silent

if TYPE_CHECKING:
    from db.pgvector import PostgresGenerations

EXACT_UP_TO = 10_000  # vectors, up to which comparing all takes a few milliseconds
CANDIDATES = ["HNSW16,64", "HNSW32,200", EXACT]  # of more; the last one always has the recall
MEMORY = 64, 2048  # MiB that a graph may take while it is built, least and most
LOOK = 1.0  # seconds between looks at how far a graph has come


@contextmanager
def build_in(kept: PostgresGenerations, name: str | None) -> Iterator[Build]:
    kept.prepare()
    with translated(kept.settings):
        session = connected(kept.settings, "index build", timeout=0)
        try:
            session.connection.execute("SET idle_in_transaction_session_timeout = 0")
            if name is None:
                [(number,)] = session.rows("SELECT nextval('generation_numbers')")
                name = f"{number:06d}"
            folder = kept.cache / f"{publishing.BUILDING}{name}"
            with writing(folder):
                for left in kept.cache.glob(f"{publishing.BUILDING}*"):
                    shutil.rmtree(left)
                folder.mkdir(parents=True)
            try:
                with session.connection.transaction():
                    build = _Build(kept, session, name, folder)
                    yield build
                build.made()
            finally:
                shutil.rmtree(folder, ignore_errors=True)
        finally:
            session.connection.close()


class _Build(Build):
    def __init__(
        self, kept: PostgresGenerations, session: Session, name: str, folder: Path
    ) -> None:
        self._kept, self._session, self.name, self.folder = kept, session, name, folder
        self._old: list[str] = []
        self._manifest: Manifest | None = None

    def write_indexes(
        self, factory: str, recall: float, progress: Progress = silent
    ) -> dict[str, Measured]:
        told = factory != choosing.AUTO
        if told:
            graph(factory)  # an error before anything is copied
        publishing.group(self.folder)
        measured = {}
        for name, askers in publishing.ASKERS.items():
            side = Side(self.folder, name)
            stage = f"{name.removesuffix('s')} index"
            table = tables.vectors_of(self.name, name)
            pgvector_rows.create(self._session, table, side.vectors.shape[1])
            count = len(side.ids)
            pgvector_rows.fill(
                self._session,
                table,
                side,
                lambda n: progress(f"{stage} rows", n, count),  # noqa: B023  (called at once)
            )
            names = [factory] if told else [EXACT] if count <= EXACT_UP_TO else CANDIDATES
            queries = publishing.sample(self.folder, askers)
            queries = queries if len(queries) else publishing.sample(self.folder, (name,))
            measured[name] = self._indexed(table, side, names, queries, recall, stage, progress)
        return measured

    def publish(self, manifest: Manifest, verify: Check, keep: int) -> Generation:
        from db.pgvector import StoredGeneration, column, point

        known = Stamps(None)
        files = {f.name: known.read(f.name, f) for f in sorted(self.folder.iterdir())}
        versions = manifest.versions | {
            "pgvector": tables.require(self._session, self._kept.where),
            "postgresql": str(self._session.rows("SHOW server_version")[0][0]),
        }
        manifest = msgspec.structs.replace(manifest, files=files, versions=versions).sealed()
        session = self._session
        session.connection.execute(
            "INSERT INTO generations VALUES (%s, %b)", (self.name, msgspec.json.encode(manifest))
        )
        for file in map(self.folder.joinpath, files):
            if column(file.name) is None:
                tables.put_file(session, self.name, file)
        verify(StoredGeneration(self.folder, manifest, OneSession(session), self._kept))
        session.rows(
            "SELECT setval('generation_numbers', greatest(%s, last_value)) FROM generation_numbers",
            (int(self.name),),
        )
        self._old = [old for old in self._kept.names()[: -keep + 1 or None] if old != self.name]
        point(session, self.name)
        self._manifest = manifest
        return StoredGeneration(
            self._kept.place_of(manifest), manifest, OneSession(session), self._kept
        )

    def made(self) -> None:
        """When the transaction has ended: files stay here for whoever reads, the oldest go."""
        if self._manifest is None:
            return
        place = self._kept.place_of(self._manifest)
        for side in tables.SIDES:
            for kind in ("vectors", "halves"):
                (self.folder / f"{side}.{kind}.npy").unlink()
        with writing(place):
            if not place.exists():
                self.folder.replace(place)
        for old in self._old:
            self._kept.drop(old)  # what is read somewhere stays until another build

    def _indexed(
        self,
        table: str,
        side: Side,
        names: list[str],
        queries: Floats,
        recall: float,
        stage: str,
        progress: Progress,
    ) -> Measured:
        """The first of the kinds that has the recall, with the least effort that gives it."""
        best: Floats | None = None
        for name in names:
            index = PgvectorIndex(OneSession(self._session), table, side.ids, name, 0)
            reached, sure, size = 1.0, True, 2.0 * side.vectors.shape[1] + 8
            if not index.exact:
                self._graph(table, name, len(side.ids), side.vectors.shape[1], stage, progress)
                best = choosing.tenth_best(side.vectors, queries) if best is None else best
                reached, sure = choosing.tuned(index, queries, best, recall)
                [(bytes_,)] = self._session.rows(
                    "SELECT pg_relation_size(%s::regclass)", (f"{table}_graph",)
                )
                size = bytes_ / max(len(side.ids), 1)
            if sure or len(names) == 1:
                break
            self._session.connection.execute(f"DROP INDEX {table}_graph".encode())
        self._session.connection.execute(f"ANALYZE {table}".encode())
        return Measured(
            factory=name,
            effort=index.effort,
            recall=round(reached, 4),
            bytes_per_item=round(size, 1),
            ms_per_query=round(choosing.milliseconds(index, queries), 3),
            queries=len(queries),
        )

    def _graph(
        self, table: str, name: str, count: int, shared: int, stage: str, progress: Progress
    ) -> None:
        links, width = graph(name) or (0, 0)
        # The vector, the links of its level and of those above, and what belongs to them.
        needed = count * (2 * shared + 24 * links + 200) >> 20
        memory = min(max(MEMORY[0], needed), MEMORY[1])
        statement = (
            f"CREATE INDEX {table}_graph ON {table} USING hnsw (vector halfvec_ip_ops) "
            f"WITH (m = {links}, ef_construction = {width})"
        )
        connection = self._session.connection
        connection.execute(f"SET LOCAL maintenance_work_mem = '{memory}MB'".encode())
        with self._watched(count, name, stage, progress):
            try:
                with connection.transaction():
                    connection.execute(statement.encode())
            except psycopg.errors.DiskFull as error:
                if "shared memory" not in str(error):
                    raise
                # Its workers share memory of which a container may have too little.
                connection.execute("SET LOCAL max_parallel_maintenance_workers = 0")
                connection.execute(statement.encode())
        progress(stage, count, count, name)

    @contextmanager
    def _watched(self, count: int, name: str, stage: str, progress: Progress) -> Iterator[None]:
        """Tell how far the graph has come, as another connection sees it."""
        done, pid = Event(), self._session.connection.info.backend_pid
        look = "SELECT tuples_done FROM pg_stat_progress_create_index WHERE pid = %s"

        def watch() -> None:
            while not done.wait(LOOK):
                for (tuples,) in self._kept.asked(look, (pid,)):
                    progress(stage, min(int(tuples or 0), count - 1), count, name)

        thread = Thread(target=watch, daemon=True)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()

"""The catalog's rows: opened once, passed to whoever needs them, plain records in and out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

from sqlalchemy import Connection, Engine, delete, func, insert, select, text, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from db import engines, postgres, postgres_parts, sqlite, upsert
from db.changing import Changing
from db.details import Rows
from db.filtering import Filterable
from db.home import Home, writing
from db.item_words import item_words
from db.judgements import Judgements, SavedSearches
from db.keys import Keys
from db.links import Links
from db.listing import Listed
from db.migrations import migrate
from db.questions import Questions
from db.records import (
    ImageFacts,
    IndexRecord,
    ItemRecord,
    ProblemRecord,
    RunRecord,
    WordsRecord,
)
from db.repeating import repeated
from db.tables import Base, Caption, Failure, Item, ItemTag, Problem, Run, Tag
from db.upsert import ImportCounts
from settings import DbSettings

CHUNK = 500
SCAN_CHUNK = 5000
ANALYZED = 1000  # items, from which on an import changes what plans are made by


class Store(Filterable, Listed, Changing):
    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.judgements, self.saved = Judgements(engine), SavedSearches(engine)
        self.links, self.keys = Links(engine), Keys(engine)
        self.questions = Questions(engine)

    @classmethod
    def open(cls, home: Path, create: bool = False, settings: DbSettings | None = None) -> Store:
        """The store of a home; `create` makes the home, or the tables, where there are none.

        `settings` may name a database; else the home's own settings say where its rows are.
        """
        place = Home(home)
        if create:
            place.create()
        elif settings is None or not settings.url:
            place.require()
        engine, name = engines.of_rows(place, settings)
        try:
            with writing(place.database):
                migrate(engine, name, create=create or engine.dialect.name == "sqlite")
        except BaseException:
            engine.dispose()
            raise
        return cls(engine)

    @contextmanager
    def _reading(self) -> Iterator[Rows]:
        with self._engine.connect() as connection:
            if self._engine.dialect.name == "postgresql":
                connection.execution_options(**postgres.ONE_STATE)
            yield lambda statement, values: connection.execute(text(statement), values)

    def whole(self) -> Store:
        return self

    def close(self) -> None:
        self._engine.dispose()

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    # -- the catalog ------------------------------------------------------------------------

    def apply_import(
        self, items: Iterable[ItemRecord], problems: Iterable[ProblemRecord], prune: bool = False
    ) -> ImportCounts:
        """Bring the rows to what a source says, in one transaction; see upsert.py."""
        with self._engine.begin() as connection:
            counts = upsert.apply_import(connection, items, problems, prune)
        if counts.added + counts.changed + counts.removed >= ANALYZED:
            postgres_parts.filled(self._engine, Base.metadata)
        return counts

    def by_key(self, keys: Sequence[str]) -> dict[str, ItemRecord]:
        """The items of the catalog's own ids; those that it lacks are left out."""
        found = self.details(list(self.ids_of(keys).values()))
        return {item.key: item for item in found.values()}

    def items(self, split: str | None = None) -> Iterator[ItemRecord]:
        """All items in the order of their ids, read in chunks."""
        last = 0
        while True:
            query = select(Item.id).where(Item.id > last).order_by(Item.id).limit(CHUNK)
            if split:
                query = query.where(Item.split == split)
            with Session(self._engine) as session:
                ids = list(session.scalars(query))
            if not ids:
                return
            found = self.details(ids)
            yield from (found[i] for i in ids if i in found)
            last = ids[-1]

    def index_rows(self) -> Iterator[IndexRecord]:
        """All items in the order of their ids, with as little as an index needs."""
        columns = (
            *(Item.id, Item.image, Item.content_hash, Item.bytes, Item.mtime_ns),
            *(Item.perceptual_hash, Item.name, Item.words),
        )
        last = 0
        with self._once() as connection:
            while True:
                query = select(*columns).where(Item.id > last).order_by(Item.id).limit(SCAN_CHUNK)
                rows = connection.execute(query).all()
                if not rows:
                    return
                captions: dict[int, list[tuple[int, str]]] = {}
                within = Caption.item_id.between(rows[0].id, rows[-1].id)
                texts = select(Caption.item_id, Caption.id, Caption.text).where(within)
                for item, number, said in connection.execute(texts.order_by(Caption.position)):
                    captions.setdefault(item, []).append((number, said))
                for row in rows:
                    yield IndexRecord(*row, captions=tuple(captions.get(row.id, ())))
                last = rows[-1].id

    def image_paths(self, ids: Sequence[int]) -> Iterator[str]:
        """The image of each item, in the order asked for, read in chunks."""
        return self._column(Item.id, Item.image, ids)

    def caption_texts(self, ids: Sequence[int]) -> Iterator[str]:
        """The text of each caption, in the order asked for, read in chunks."""
        return self._column(Caption.id, Caption.text, ids)

    def captions_held(self, ids: Sequence[int]) -> dict[int, str]:
        """The text of each caption that is still there: an index may name some that are gone."""
        held: dict[int, str] = {}
        for start in range(0, len(ids), CHUNK):
            some = select(Caption.id, Caption.text).where(
                Caption.id.in_(ids[start : start + CHUNK])
            )
            with self._once() as connection:
                held.update(dict(connection.execute(some).all()))
        return held

    def _column(
        self, key: InstrumentedAttribute[int], value: InstrumentedAttribute[str], ids: Sequence[int]
    ) -> Iterator[str]:
        for start in range(0, len(ids), CHUNK):
            part = ids[start : start + CHUNK]
            with self._once() as connection:
                found = dict(connection.execute(select(key, value).where(key.in_(part))).all())
            yield from (found[number] for number in part)

    @contextmanager
    def _once(self) -> Iterator[Connection]:
        """A connection for rows that are read once: it holds little of the file in memory."""
        with self._engine.connect() as connection:
            if self._engine.dialect.name == "sqlite":
                connection.detach()  # nobody else gets it
                sqlite.read_once(connection)
            yield connection

    def item_words(self, ids: Sequence[int]) -> Iterator[WordsRecord]:
        """The words of items in the order of the ids, which ascend, read in chunks."""
        with self._once() as connection:
            for start in range(0, len(ids), CHUNK):
                yield from item_words(connection, ids[start : start + CHUNK])

    @repeated
    def count_items(self) -> int:
        with Session(self._engine) as session:
            return session.scalar(select(func.count(Item.id))) or 0

    @repeated
    def split_counts(self) -> dict[str, int]:
        with Session(self._engine) as session:
            rows = session.execute(select(Item.split, func.count()).group_by(Item.split))
            return dict(rows.all())

    @repeated
    def tag_counts(self) -> dict[str, int]:
        """How many items carry each tag, most frequent first."""
        count = func.count(ItemTag.item_id)
        query = select(Tag.name, count).join(ItemTag).group_by(Tag.name).order_by(-count, Tag.name)
        with Session(self._engine) as session:
            return dict(session.execute(query).all())

    @repeated
    def count_captions(self) -> int:
        with Session(self._engine) as session:
            return session.scalar(select(func.count(Caption.id))) or 0

    @repeated
    def file_facts(self) -> dict[str, ImageFacts]:
        """What is known of each file, by absolute path: an unchanged file need not be decoded."""
        with Session(self._engine) as session:
            return {item.image: _facts(item) for item in session.scalars(select(Item))}

    @repeated
    def problems(self) -> list[ProblemRecord]:
        with Session(self._engine) as session:
            rows = session.scalars(select(Problem).order_by(Problem.row, Problem.id))
            return [ProblemRecord(p.row, p.key, p.code, p.detail, p.kept) for p in rows]

    # -- job runs ---------------------------------------------------------------------------

    @repeated
    def start_run(self, kind: str) -> int:
        with self._engine.begin() as connection:
            row = insert(Run).values(kind=kind, started=dt.datetime.now(dt.UTC)).returning(Run.id)
            return connection.scalars(row).one()

    @repeated
    def finish_run(
        self,
        run: int,
        summary: dict[str, object],
        failures: Iterable[tuple[int, str, str]] | None = None,
    ) -> None:
        """Close a run with its counts and (item id, status, reason) of what it could not take."""
        rows = [
            {"run_id": run, "item_id": item, "status": status, "reason": reason}
            for item, status, reason in failures or ()
        ]
        with self._engine.begin() as connection:
            if failures is not None:
                # Only the last run's failures are of use: they say what is missing now.
                connection.execute(delete(Failure))
            if rows:
                connection.execute(insert(Failure), rows)
            closed = {"finished": dt.datetime.now(dt.UTC), "summary": summary}
            connection.execute(update(Run).where(Run.id == run).values(**closed))

    @repeated
    def failures(self) -> list[tuple[str, str, str]]:
        """(item key, status, reason) of the last index run."""
        query = (
            select(Item.key, Failure.status, Failure.reason)
            .join(Item, Item.id == Failure.item_id)
            .order_by(Item.id)
        )
        with Session(self._engine) as session:
            return [(k, s, r) for k, s, r in session.execute(query)]

    @repeated
    def last_run(self, kind: str) -> RunRecord | None:
        query = select(Run).where(Run.kind == kind, Run.finished.is_not(None))
        with Session(self._engine) as session:
            run = session.scalars(query.order_by(Run.id.desc()).limit(1)).first()
            if run is None or run.finished is None:
                return None
            return RunRecord(kind, run.started.isoformat(), run.finished.isoformat(), run.summary)


def _facts(item: Item) -> ImageFacts:
    return ImageFacts(
        item.content_hash,
        item.perceptual_hash,
        item.bytes,
        item.mtime_ns,
        item.width,
        item.height,
        item.format,
        item.brightness,
        item.contrast,
    )

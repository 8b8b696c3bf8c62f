"""PostgreSQL through SQLAlchemy: engines, and what SQLite does in a way of its own (sqlite.py)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import (
    Connection,
    Engine,
    ExceptionContext,
    MetaData,
    create_engine,
    event,
    inspect,
    text,
)

from db.postgres_connection import application, connect, trouble
from db.postgres_lock import lock_number
from settings import DbSettings

# For a connection that reads: all its statements see the rows as they are at the first.
ONE_STATE: dict[str, Any] = {"isolation_level": "REPEATABLE READ"}
RECYCLE = 30 * 60  # seconds after which a pooled connection is made anew


def engine(
    settings: DbSettings, job: str = "rows", pool: int | None = None, overflow: int = 0
) -> Engine:
    """An engine whose pool looks at a connection before it gives it out.

    `job` is what the server's list of connections says; `pool` is how many it keeps, and
    `overflow` how many more there may be for a while, -1 for any number.
    """

    def connected() -> Any:
        connection = connect(settings, application=application(job))
        connection.autocommit = False
        return connection

    made = create_engine(
        "postgresql+psycopg://",
        creator=connected,
        pool_pre_ping=True,
        pool_recycle=RECYCLE,
        pool_size=pool or settings.pool,
        max_overflow=overflow,
        pool_timeout=30,
    )

    @event.listens_for(made, "handle_error")
    def _translate(context: ExceptionContext) -> None:
        if context.is_pre_ping:
            return  # the pool makes another
        # A statement is at work but where a transaction ends, or a connection is made.
        committing = context.statement is None and context.connection is not None
        error = trouble(settings.url, context.original_exception, committing)
        if error is not context.original_exception:
            raise error from None

    return made


def analyze(engine: Engine, tables: MetaData) -> None:
    """Tell the planner what the tables hold now, which the server itself does within minutes.

    Only the owner may; for others the server leaves it at that, and where it is at it already.
    """
    with engine.begin() as connection:
        names = ", ".join(table.name for table in tables.sorted_tables)
        connection.execute(text(f"ANALYZE (SKIP_LOCKED) {names}"))


@contextmanager
def alone(engine: Engine, name: str = "migration") -> Iterator[Connection]:
    """A transaction beside which nobody else begins one of this name; waits for its turn."""
    with engine.begin() as connection:
        connection.execute(text("SET LOCAL lock_timeout = 0"))
        connection.execute(text("SET LOCAL statement_timeout = 0"))
        number = {"number": lock_number(name)}
        connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), number)
        yield connection


def ensure(engine: Engine, tables: MetaData) -> None:
    """Tables that are there already need no right to make any."""
    with engine.connect() as connection:
        there = set(inspect(connection).get_table_names())
    if not tables.tables.keys() <= there:
        with alone(engine) as connection:
            tables.create_all(connection)

"""Indexes of PostgreSQL over words and over parts of texts, so that filters need not read all rows.

That over words is its full text search's, see full_text.py. Those over parts, which `~` asks for,
are pg_trgm's, over exactly what filters compare (filters.py), and the same is found with and
without them: what an index names is compared once more, and a part that holds no whole trigram,
such as two letters, reads all values. The extension comes with most servers and is trusted, so the
owner of the database may create it. Where it is not there, nothing is missing but speed.

An empty database gets none: to make them of the rows of a first import takes a fraction of the time
that it takes to keep them up while the rows come in.
"""

from __future__ import annotations

from contextlib import suppress

from sqlalchemy import Engine, MetaData, text

from db import full_text, postgres, postgres_folding
from db.postgres_connection import RefusedError

INDEXES = {
    "ix_captions_parts": "captions USING gin (pairdex_fold(text) gin_trgm_ops)",
    "ix_items_name_parts": "items USING gin (pairdex_fold(name) gin_trgm_ops)",
    "ix_attributes_parts": "attributes USING gin (folded gin_trgm_ops)",
}
# Whether there is something to do, and whether this role may do it.
_LACKS = """
SELECT (SELECT proisstrict FROM pg_proc WHERE oid = to_regprocedure('pairdex_fold(text)')),
  to_regclass('ix_items_words') IS NULL AND EXISTS (SELECT FROM items),
  to_regclass('ix_attributes_parts') IS NULL AND EXISTS (
    SELECT FROM pg_available_extensions WHERE name = 'pg_trgm'
  ) AND EXISTS (SELECT FROM items)
FROM pg_class WHERE oid = to_regclass('captions')
AND pg_has_role(relowner, 'USAGE') AND current_setting('transaction_read_only') = 'off'
"""


def ensure(engine: Engine) -> None:
    """Make what an older Pairdex, or a server without pg_trgm, has left out; SQLite needs none."""
    if engine.dialect.name != "postgresql":
        return
    with engine.connect() as connection:
        found = connection.execute(text(_LACKS)).one_or_none()
    strict, words, parts = found or (False, False, False)
    if strict:
        with postgres.alone(engine) as connection:
            postgres_folding.create(connection)
    if words:
        with suppress(RefusedError), postgres.alone(engine) as connection:
            on = f"items USING gin ({full_text.VECTOR.format(terms='terms')})"
            connection.execute(text(f"CREATE INDEX IF NOT EXISTS ix_items_words ON {on}"))
    if parts:
        with suppress(RefusedError), postgres.alone(engine) as connection:
            connection.execute(text("CREATE EXTENSION IF NOT EXISTS pg_trgm"))
            for name, on in INDEXES.items():
                connection.execute(text(f"CREATE INDEX IF NOT EXISTS {name} ON {on}"))


def filled(engine: Engine, tables: MetaData) -> None:
    """For when many rows have come in; SQLite needs nothing."""
    if engine.dialect.name == "postgresql":
        ensure(engine)
        postgres.analyze(engine, tables)

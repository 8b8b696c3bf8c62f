"""`pairdex_fold` in PostgreSQL: the same as folding.py says in Python.

PostgreSQL 18 folds case by itself. An older one has lower case alone, before 17 from ICU; the
letters whose folded form is another are put right one by one. It is not STRICT, so that the server
may put its body in its place, which makes it three times as fast. A character that is newer than
the server's or Python's own tables of Unicode stays as it is in the one and not in the other.
"""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Iterator

from sqlalchemy import Connection, text

FOLDS = 180_000  # server_version_num from which `casefold` is there
BUILT_IN = 170_000  # and from which it needs no ICU for lower case
_CREATE = """
CREATE OR REPLACE FUNCTION pairdex_fold(given text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 10
RETURN CASE
  WHEN octet_length(given) = char_length(given) THEN lower(given COLLATE "C")
  ELSE normalize({folded}, NFKC) COLLATE "C"
END
"""
_BUILT_IN = 'casefold(normalize(given, NFKC) COLLATE "pg_unicode_fast")'


def create(connection: Connection) -> None:
    """Make the function; needs the right to create in the schema."""
    version = connection.scalar(text("SELECT current_setting('server_version_num')::int")) or 0
    connection.exec_driver_sql(statement(version).replace("%", "%%"))


def statement(version: int) -> str:
    collation = "pg_c_utf8" if version >= BUILT_IN else "und-x-icu"
    return _CREATE.format(folded=_BUILT_IN if version >= FOLDS else _put_right(collation))


def _put_right(collation: str) -> str:
    """Lower case, and what folds otherwise put right: single letters at once, others in turn."""
    others = dict(_other_folds())
    single = {given: to for given, to in others.items() if len(to) == 1}
    folded = f"lower(replace(normalize(given, NFKC), 'İ', 'i̇') COLLATE \"{collation}\")"
    folded = f"translate({folded}, '{''.join(single)}', '{''.join(single.values())}')"
    for given, to in others.items():
        if given not in single:
            folded = f"replace({folded}, '{given}', '{to}')"
    return folded


def _other_folds() -> Iterator[tuple[str, str]]:
    """Letters that are their own lower case and fold to something else."""
    for point in range(0x80, sys.maxunicode + 1):
        letter = chr(point)
        if unicodedata.category(letter)[0] in "LMNS":
            lower = letter.lower()
            if lower.casefold() != lower and unicodedata.normalize("NFKC", lower) == lower:
                yield lower, lower.casefold()

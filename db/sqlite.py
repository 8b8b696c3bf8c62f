"""All that is SQLite's own: pragmas and the word index (FTS5). No raw SQLite outside this file.

The word index holds one row per item: its name, captions and tags. FTS5's `unicode61` knows no
words inside Korean, whose particles stick to nouns, so runs of Hangul (and of Han and kana) are
indexed as overlapping pairs of syllables; a query is cut the same way, so "불꽃" finds "불꽃은".
"""

from __future__ import annotations

import math
import re
import sqlite3
import unicodedata
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, ExceptionContext, bindparam, event, text

from db.folding import fold
from errors import HomeError

_CREATE = (
    "CREATE VIRTUAL TABLE IF NOT EXISTS item_words USING fts5("
    "name, captions, tags, tokenize = 'porter unicode61 remove_diacritics 2')"
)
RANKED = 5000  # items whose relevance a query may ask for: an estimate, a millisecond a thousand
_WORD = re.compile(r"\w+")
_SYLLABIC = re.compile(r"[\u1100-\u11ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]+")


def prepare(engine: Engine, database: Path, cache_mib: int = 64) -> None:
    """Pragmas for each new connection (WAL: readers never wait), and errors that name the file.

    `cache_mib` is how much of the file a connection may hold in its own memory.
    """

    @event.listens_for(engine, "connect")
    def _set_pragmas(raw: sqlite3.Connection, _record: Any) -> None:
        cursor = raw.cursor()
        for pragma in (
            "journal_mode = WAL",
            "synchronous = NORMAL",
            "foreign_keys = ON",
            "busy_timeout = 10000",
            f"cache_size = -{cache_mib << 10}",
            "temp_store = MEMORY",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()
        # Any other database needs a function of this name too: lower(normalize($1, NFKC)).
        raw.create_function("pairdex_fold", 1, fold, deterministic=True)

    @event.listens_for(engine, "handle_error")
    def _translate(context: ExceptionContext) -> None:
        error = context.original_exception
        if isinstance(error, sqlite3.DatabaseError):
            raise _disk_trouble(database, error) from None


def _disk_trouble(database: Path, error: sqlite3.DatabaseError) -> Exception:
    """What the user can mend; a mistake in our own SQL stays what it is."""
    reason = str(error)
    for sign, what, remedy in (
        ("full", "cannot be written", "free some space, then run this again"),
        ("readonly", "cannot be written", "check the folder's permissions"),
        ("unable to open", "cannot be opened", "check the folder's permissions"),
        ("disk I/O", "cannot be used", "check the disk, then run this again"),
        ("locked", "is in use", "wait until the other job ends, then run this again"),
        ("not a database", "is damaged", "restore it, or remove it and import the catalog again"),
        ("malformed", "is damaged", "restore it, or remove it and import the catalog again"),
    ):
        if sign in reason:
            return HomeError(f"{database} {what}", reason, remedy)
    return error


def read_once(connection: Connection) -> None:
    """What is not read again need not be held in memory."""
    connection.execute(text("PRAGMA cache_size = -2048"))


def data_version(connection: Connection) -> int:
    """A number that another one takes the place of once any other connection has written."""
    return connection.scalar(text("PRAGMA data_version")) or 0


def compact(engine: Engine) -> None:
    """Rewrite the file without the space of deleted rows."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM"))
        connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))


def create_words(connection: Connection) -> None:
    connection.execute(text(_CREATE))


def write_words(connection: Connection, rows: Iterable[tuple[int, str, str, str]]) -> None:
    """Set the words of items: (item id, name, captions, tags)."""
    values = [
        {"id": i, "name": _cut(name), "captions": _cut(captions), "tags": _cut(tags)}
        for i, name, captions, tags in rows
    ]
    if values:
        connection.execute(text("DELETE FROM item_words WHERE rowid = :id"), values)
        connection.execute(
            text(
                "INSERT INTO item_words(rowid, name, captions, tags) "
                "VALUES (:id, :name, :captions, :tags)"
            ),
            values,
        )


def delete_words(connection: Connection, ids: Iterable[int]) -> None:
    values = [{"id": i} for i in ids]
    if values:
        connection.execute(text("DELETE FROM item_words WHERE rowid = :id"), values)


def find_words(
    connection: Connection, query: str, limit: int, ranked: int = RANKED
) -> list[tuple[int, float]]:
    """(item id, BM25 relevance) of items that hold any word of the query, best first.

    Ranking is what costs. Where more than `ranked` items hold a word and rarer ones find enough,
    items that hold none of the rarer words are left out; the common words still help to rank.
    """
    expression = _affordable(connection, _terms(query), limit, ranked)
    if not expression:
        return []
    # Weights: a word in the name or the tags says more about an item than one in running text.
    rows = connection.execute(
        text(
            "SELECT rowid, bm25(item_words, 4.0, 1.0, 2.0) AS rank FROM item_words "
            "WHERE item_words MATCH :query ORDER BY rank, rowid LIMIT :limit"
        ),
        {"query": expression, "limit": limit},
    )
    return [(int(row[0]), -float(row[1])) for row in rows]


def _affordable(connection: Connection, terms: list[str], limit: int, ranked: int) -> str:
    if len(terms) < 2:
        return "".join(terms)
    counted = sorted((_holders(connection, term), term) for term in terms)
    rare: list[str] = []
    found = 0
    for holders, term in counted:
        if found >= limit and found + holders > ranked:
            break
        rare.append(term)
        found += holders
    if len(rare) == len(terms):
        return " OR ".join(terms)
    return f"({' OR '.join(rare)}) AND ({' OR '.join(terms)})"


def _holders(connection: Connection, term: str) -> int:
    count = text("SELECT count(*) FROM item_words WHERE item_words MATCH :term")
    return connection.scalar(count, {"term": term}) or 0


def cover_words(connection: Connection, query: str, ids: Sequence[int]) -> list[float]:
    """The share of the query's words that each item holds, rare words counting more.

    A word that no item holds counts like the average of the others: it is missed, but it does not
    drown what was found.
    """
    terms = _terms(query)
    held = dict.fromkeys(ids, 0.0)
    if not terms or not ids:
        return [0.0] * len(ids)
    # The highest id stands for the count, which would take a walk through all rows.
    total = connection.scalar(text("SELECT max(rowid) FROM item_words_docsize")) or 1
    # The plus keeps SQLite from looking the term up anew for each id.
    among = text(
        "SELECT rowid FROM item_words WHERE item_words MATCH :term AND +rowid IN :ids"
    ).bindparams(bindparam("ids", expanding=True))
    weights: list[float] = []
    for term in terms:
        holders = _holders(connection, term)
        if holders:
            weights.append(math.log(1.0 + total / holders))
            for item in connection.scalars(among, {"term": term, "ids": list(ids)}):
                held[item] += weights[-1]
    if not weights:
        return [0.0] * len(ids)
    whole = sum(weights) * len(terms) / len(weights)
    return [held[item] / whole for item in ids]


def _terms(query: str) -> list[str]:
    """The query's words as FTS5 reads them: every one quoted, so no operator leaks in."""
    terms: list[str] = []
    for word in _WORD.findall(_composed(query)):
        pieces = _cut(word).split()
        if len(pieces) == 1 and _SYLLABIC.fullmatch(word):
            terms.append(f'"{word}"*')  # one syllable: the pairs that begin with it
        elif pieces:
            terms.append('"' + " ".join(pieces) + '"')
    return list(dict.fromkeys(terms))


def _cut(words: str) -> str:
    """Syllabic runs become overlapping pairs; the rest stays as it is."""

    def pairs(match: re.Match[str]) -> str:
        run = match.group()
        return " " + " ".join(run[i : i + 2] for i in range(max(1, len(run) - 1))) + " "

    return _SYLLABIC.sub(pairs, _composed(words))


def _composed(words: str) -> str:
    """Hangul that was typed as its letters, full-width Latin and the like in their usual form."""
    return unicodedata.normalize("NFKC", words)

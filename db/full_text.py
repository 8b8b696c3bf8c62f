"""Items by the words that they hold, found by the database: what `words = "red shoe"` asks.

A word counts as a search counts it, by its stem or, of Korean, Chinese and Japanese, by its pairs
of signs; Python cuts texts and queries alike, so both databases find the same. Each item keeps the
terms of its name, captions and tags. PostgreSQL makes them a tsvector, which its full text search
finds by an index (postgres_parts.py); SQLite looks for them in each row.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Boolean, ColumnElement, false, literal, or_
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from db import words_text
from db.records import WordsRecord
from db.tables import Item

LONGEST = 100  # characters that are kept of a term
MOST = 500_000  # bytes of terms that are kept of an item: PostgreSQL takes a megabyte
VECTOR = "array_to_tsvector(string_to_array(btrim({terms}), ' '))"


def kept(words: WordsRecord) -> str:
    """The terms of an item as they are stored: a space before, between and behind them."""
    found, size = list[str](), 0
    for term in _terms(words.name, *words.captions, *words.tags):
        size += len(term.encode()) + 1
        if size > MOST:
            break
        found.append(term)
    return f" {' '.join(found)} " if found else ""


def holds(texts: tuple[str, ...]) -> ColumnElement[bool]:
    """Whether an item holds all words of one of the texts; those without a word find nothing."""
    return or_(*(_Holding(terms) for text in texts if (terms := _terms(text))), false())


def _terms(*texts: str) -> list[str]:
    return list(dict.fromkeys(term[:LONGEST] for term in words_text.terms(texts)))


class _Holding(FunctionElement[bool]):
    type = Boolean()
    inherit_cache = True

    def __init__(self, terms: list[str]) -> None:
        """The column, all terms as a tsquery, and each of them as it is looked for in a row."""
        query = " & ".join(f"'{term}'" for term in terms)  # letters and digits: nothing to escape
        super().__init__(Item.terms, literal(query), *(literal(f" {term} ") for term in terms))


@compiles(_Holding)
def _in_rows(element: _Holding, compiler: SQLCompiler, **more: Any) -> str:
    column, _, *terms = (compiler.process(part, **more) for part in element.clauses)
    return f"({' AND '.join(f'instr({column}, {term}) > 0' for term in terms)})"


@compiles(_Holding, "postgresql")
def _by_full_text(element: _Holding, compiler: SQLCompiler, **more: Any) -> str:
    column, query, *_ = list(element.clauses)
    vector = VECTOR.format(terms=compiler.process(column, **more))
    return f"({vector} @@ CAST({compiler.process(query, **more)} AS tsquery))"

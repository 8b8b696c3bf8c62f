"""Rows that people make while they search: judgements of results, and searches they keep.

Both name items by the catalog's own ids and by no foreign key: an import that removes an item and
a later one that brings it back lose nothing of them.
"""

from __future__ import annotations

import datetime as dt

from sqlalchemy import JSON, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from db.tables import Base


class JudgementRow(Base):
    """What somebody said of one result of one query."""

    __tablename__ = "judgements"
    __table_args__ = (UniqueConstraint("asked", "item"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(primary_key=True)
    asked: Mapped[str] = mapped_column(String(64))  # digest of what was asked, filters aside
    item: Mapped[str] = mapped_column(String(512), index=True)  # the catalog's own id
    query: Mapped[str] = mapped_column(Text)
    request: Mapped[dict[str, object]] = mapped_column(JSON)
    good: Mapped[bool]
    created: Mapped[dt.datetime]
    source: Mapped[str] = mapped_column(String(32))
    generation: Mapped[str] = mapped_column(String(32))
    score: Mapped[float | None]  # of the item at that time, where it was among the results


class SavedRow(Base):
    __tablename__ = "saved_searches"
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012  (SQLAlchemy's own form)

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(200), unique=True)
    request: Mapped[dict[str, object]] = mapped_column(JSON)
    created: Mapped[dt.datetime]

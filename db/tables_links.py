"""Tables of others beside the catalog: promotions, stores, prices, kept as they last came whole.

Rows are found by folded values and name no item by a foreign key: an import that removes an item
and a later one that brings it back lose nothing of them.
"""

from __future__ import annotations

import datetime as dt

from sqlalchemy import JSON, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from db.tables import Base


class LinkRow(Base):
    """One linked table: where it comes from, how it joins, and how its last visits ended."""

    __tablename__ = "links"
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012  (SQLAlchemy's own form)

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(64), unique=True)
    source: Mapped[str] = mapped_column(Text)  # an absolute path or an address
    kind: Mapped[str] = mapped_column(String(16))  # promotions, stores or table
    on: Mapped[str] = mapped_column(String(256))  # the catalog's column; "" for stores
    key: Mapped[str] = mapped_column(String(256))  # the table's column
    encoding: Mapped[str] = mapped_column(String(32))  # "" = found
    every: Mapped[int]  # seconds between visits of `sync --due`; 0 = never by itself
    etag: Mapped[str] = mapped_column(Text)
    modified: Mapped[str] = mapped_column(Text)  # Last-Modified, as it was sent
    digest: Mapped[str] = mapped_column(String(64))  # of the content in use
    fetched: Mapped[dt.datetime]  # when the content in use came
    checked: Mapped[dt.datetime]  # when the source was last asked
    failing: Mapped[dt.datetime | None]  # since when it fails
    error: Mapped[str] = mapped_column(Text)  # why
    rows: Mapped[int]
    left_out: Mapped[int]


class LinkedRow(Base):
    """One row of a linked table, and what it is found by."""

    __tablename__ = "linked_rows"
    __table_args__ = (
        Index("ix_linked_rows_link_id_key", "link_id", "key").ddl_if("sqlite"),
        Index("ix_linked_rows_link_id_brand", "link_id", "brand").ddl_if("sqlite"),
        # PostgreSQL's usual kind of index takes no long texts.
        Index("ix_linked_rows_key", "key", postgresql_using="hash").ddl_if("postgresql"),
        Index("ix_linked_rows_brand", "brand", postgresql_using="hash").ddl_if("postgresql"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    link_id: Mapped[int] = mapped_column(ForeignKey("links.id", ondelete="CASCADE"))
    key: Mapped[str] = mapped_column(Text)  # folded
    brand: Mapped[str] = mapped_column(Text)  # folded
    starts: Mapped[str | None] = mapped_column(String(10))  # first and last day, ISO
    ends: Mapped[str | None] = mapped_column(String(10))
    latitude: Mapped[float | None]
    longitude: Mapped[float | None]
    data: Mapped[dict[str, str]] = mapped_column(JSON)  # every column as text


class LinkProblemRow(Base):
    """A row of a linked table that was left out, and why; made anew with its rows."""

    __tablename__ = "link_problems"

    id: Mapped[int] = mapped_column(primary_key=True)
    link_id: Mapped[int] = mapped_column(ForeignKey("links.id", ondelete="CASCADE"), index=True)
    row: Mapped[int]
    key: Mapped[str] = mapped_column(Text)
    code: Mapped[str] = mapped_column(String(32))
    detail: Mapped[str] = mapped_column(Text)

"""The rows of a catalog as SQLAlchemy models, portable SQL only (SQLite's own ways: sqlite.py).

    items ─┬─ captions        several per item, each with its language
           ├─ item_tags ─ tags
           ├─ attributes      every other column of the source, typed
           └─ (problems)      rows and files that were not taken whole, by source row
    state                     counters of the catalog as a whole
    runs                      each import, training and index job with its counts
    generations               (on disk, see generations.py)

Ids are never reused: an id in an old generation must not point at a new item.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    ForeignKey,
    FromClause,
    Index,
    Integer,
    MetaData,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

# Named constraints, so that a later migration can alter them on any database.
NAMING = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """Numbers of 64 bits and texts in the order of their code points, as SQLite has them."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = {int: BigInteger().with_variant(Integer, "sqlite")}  # noqa: RUF012  (SQLAlchemy's own form)

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        as_code_points(cls.__table__)


def as_code_points(table: FromClause) -> None:
    """Texts are compared by their code points, whatever the language of the database."""
    for column in table.columns:
        if isinstance(column.type, String):
            column.type = column.type.with_variant(postgresql.TEXT(collation="C"), "postgresql")


class Item(Base):
    """One image with what the catalog says of it. `key` is the catalog's own id."""

    __tablename__ = "items"
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012  (SQLAlchemy's own form)

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(512), unique=True)
    name: Mapped[str] = mapped_column(String(1024), default="")
    image: Mapped[str] = mapped_column(Text)
    split: Mapped[str] = mapped_column(String(8), index=True)
    content_hash: Mapped[str] = mapped_column(String(64), index=True)
    perceptual_hash: Mapped[str] = mapped_column(String(16))
    bytes: Mapped[int]
    mtime_ns: Mapped[int]
    width: Mapped[int]
    height: Mapped[int]
    format: Mapped[str] = mapped_column(String(16))
    brightness: Mapped[float]
    contrast: Mapped[float]
    words: Mapped[str] = mapped_column(String(32), server_default="")  # see WordsRecord.digest
    terms: Mapped[str] = mapped_column(Text, server_default="")  # see full_text.py

    captions: Mapped[list[Caption]] = relationship(
        back_populates="item", cascade="all, delete-orphan", order_by="Caption.position"
    )
    tags: Mapped[list[Tag]] = relationship(secondary="item_tags", order_by="Tag.id")
    attributes: Mapped[list[Attribute]] = relationship(
        back_populates="item", cascade="all, delete-orphan", order_by="Attribute.id"
    )


class Caption(Base):
    __tablename__ = "captions"
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012

    id: Mapped[int] = mapped_column(primary_key=True)
    item_id: Mapped[int] = mapped_column(ForeignKey("items.id", ondelete="CASCADE"), index=True)
    position: Mapped[int]
    language: Mapped[str] = mapped_column(String(2))
    text: Mapped[str] = mapped_column(Text)

    item: Mapped[Item] = relationship(back_populates="captions")


class Tag(Base):
    __tablename__ = "tags"
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(256), unique=True)


class ItemTag(Base):
    __tablename__ = "item_tags"

    item_id: Mapped[int] = mapped_column(
        ForeignKey("items.id", ondelete="CASCADE"), primary_key=True
    )
    tag_id: Mapped[int] = mapped_column(
        ForeignKey("tags.id", ondelete="CASCADE"), primary_key=True, index=True
    )


class Attribute(Base):
    """One value of a column of the source; a list has one row per entry, in order."""

    __tablename__ = "attributes"
    __table_args__ = (
        # With the item, so that a filter reads nothing but the index.
        Index("ix_attributes_name_number", "name", "number", "item_id"),
        Index("ix_attributes_name_folded", "name", "kind", "folded", "item_id").ddl_if("sqlite"),
        # PostgreSQL's usual kind of index takes no long texts.
        Index("ix_attributes_folded", "folded", postgresql_using="spgist").ddl_if("postgresql"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    item_id: Mapped[int] = mapped_column(ForeignKey("items.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(256))
    kind: Mapped[str] = mapped_column(String(6))  # number, date, text or list
    text: Mapped[str] = mapped_column(
        Text
    )  # as shown; dates in ISO form, so text order is date order
    # As it is compared, see folding.py.
    folded: Mapped[str] = mapped_column(Text, server_default="")
    number: Mapped[float | None]

    item: Mapped[Item] = relationship(back_populates="attributes")


class Problem(Base):
    """A row or a file that was not taken whole, and why; made anew by each import."""

    __tablename__ = "problems"

    id: Mapped[int] = mapped_column(primary_key=True)
    row: Mapped[int]  # number of the row or file in the source, from 1
    key: Mapped[str] = mapped_column(Text)
    code: Mapped[str] = mapped_column(String(32), index=True)
    detail: Mapped[str] = mapped_column(Text)
    kept: Mapped[bool]  # taken with a change (a cut caption) or left out


class Run(Base):
    """One job: what ran, when, how it ended, and its counts."""

    __tablename__ = "runs"
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(16), index=True)  # import, train or index
    started: Mapped[dt.datetime]
    finished: Mapped[dt.datetime | None]
    summary: Mapped[dict[str, object]] = mapped_column(JSON, default=dict)


class Failure(Base):
    """An item that an index run could not take, and why."""

    __tablename__ = "failures"
    __table_args__ = (UniqueConstraint("run_id", "item_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"), index=True)
    item_id: Mapped[int] = mapped_column(ForeignKey("items.id", ondelete="CASCADE"))
    status: Mapped[str] = mapped_column(String(8))  # skipped or failed
    reason: Mapped[str] = mapped_column(Text)


class State(Base):
    """How often the catalog has changed (`changes`) and has lost items (`removals`)."""

    __tablename__ = "state"

    name: Mapped[str] = mapped_column(String(32), primary_key=True)
    number: Mapped[int]


class SchemaVersion(Base):
    __tablename__ = "schema_version"

    version: Mapped[int] = mapped_column(primary_key=True)
    applied: Mapped[dt.datetime]

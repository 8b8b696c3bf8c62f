"""Rows of the service's API keys. The key itself is in none of them."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from db.tables import Base


class KeyRow(Base):
    """Revoked keys stay: the logs name keys by their public part."""

    __tablename__ = "service_keys"
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012  (SQLAlchemy's own form)

    id: Mapped[int] = mapped_column(primary_key=True)
    public: Mapped[str] = mapped_column(String(16), unique=True)
    name: Mapped[str] = mapped_column(String(100))
    digest: Mapped[str] = mapped_column(String(64))  # hex SHA-256 of the whole key
    scope: Mapped[str] = mapped_column(String(8))  # read, tag or write
    created: Mapped[dt.datetime]
    used: Mapped[dt.datetime | None]
    expires: Mapped[dt.datetime | None]
    revoked: Mapped[dt.datetime | None]

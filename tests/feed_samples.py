"""How tests of linked tables link them, and with which limits."""

from __future__ import annotations

import datetime as dt

from catalog.feeds import link_table
from db.links import Link
from db.store import Store
from settings import LinksSettings, load_settings

NOW = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)


def limits(**changes: object) -> LinksSettings:
    values = {"timeout": 0.5, "deadline": 2.0, "max_mb": 1, "timezone": "UTC"} | changes
    flags = [f"links.{name}={value}" for name, value in values.items()]
    return load_settings(environment={}, flags=flags).links


def linked(store: Store, source: str, kind: str = "promotions", **more: object) -> None:
    on = "" if kind == "stores" else "shelf"
    key = {"promotions": "product", "table": "product"}.get(kind, "")
    link = Link("feed", source, kind, on, **({"key": key} | more))  # type: ignore[arg-type]
    link_table(store, link, limits(), NOW)


def csv(*rows: str) -> str:
    return "product,brand,starts,ends,price\n" + "".join(row + "\n" for row in rows)

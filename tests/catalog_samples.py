"""Small pictures and tables that the tests of catalog/ make for themselves."""

from __future__ import annotations

import csv
import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from catalog.columns import ColumnFlags
from catalog.importing import ImportSummary, import_catalog
from db.records import ItemRecord
from db.store import Store
from settings import CatalogSettings, load_settings


def picture(name: str, size: tuple[int, int] = (48, 40)) -> Image.Image:
    """A picture of coarse patches that only its name decides: different names look different."""
    seed = hashlib.shake_256(name.encode("utf-8", "surrogateescape")).digest(8 * 8 * 3)
    return Image.frombytes("RGB", (8, 8), seed).resize(size, Image.Resampling.BILINEAR)


def save_picture(path: Path, name: str | None = None) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    picture(name or os.fspath(path.name)).save(path)
    return path


def write_csv(path: Path, rows: Sequence[Sequence[str]], encoding: str = "utf-8") -> Path:
    with path.open("w", encoding=encoding, newline="") as file:
        csv.writer(file).writerows(rows)
    return path


def catalog_settings(**changes: object) -> CatalogSettings:
    flags = [f"catalog.{name}={value}" for name, value in changes.items()]
    return load_settings(environment={}, flags=flags).catalog


def load(
    source: Path,
    home: Path,
    flags: ColumnFlags | None = None,
    images: Path | None = None,
    prune: bool = False,
    **changes: object,
) -> tuple[ImportSummary, dict[str, ItemRecord], dict[str, str]]:
    """Import, then: the summary, the items by key, the code of each problem by its key."""
    with Store.open(home, create=True) as store:
        summary = import_catalog(
            source, images, flags or ColumnFlags(), catalog_settings(**changes), store, prune
        )
        items = {item.key: item for item in store.items()}
        problems = {problem.key: problem.code for problem in store.problems()}
    return summary, items, problems

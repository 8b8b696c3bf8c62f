"""Opening a source by what it is: a folder, or a table told by its suffix."""

from __future__ import annotations

from pathlib import Path

from catalog.delimited import open_delimited
from catalog.folder import open_folder
from catalog.jsonlines import open_json, open_jsonlines
from catalog.parquet import open_parquet
from catalog.rows import Source
from errors import CatalogError

_TABLES = {
    ".csv": open_delimited,
    ".tsv": open_delimited,
    ".tab": open_delimited,
    ".jsonl": open_jsonlines,
    ".ndjson": open_jsonlines,
    ".json": open_json,
}
_KNOWN = "a folder, .csv, .tsv, .jsonl, .json or .parquet"


def open_source(path: Path, encoding: str | None = None) -> Source:
    """The source at `path`; a text table's encoding is found unless it is named."""
    try:
        if path.is_dir():
            return open_folder(path)
        if not path.exists():
            raise CatalogError(f"{path} does not exist", "", f"name {_KNOWN}")
        if not path.is_file():
            raise CatalogError(f"{path} is not a regular file", "", f"name {_KNOWN}")
        suffix = path.suffix.lower()
        if suffix not in (".parquet", *_TABLES):
            raise CatalogError(f"{path} is of an unknown kind", "", f"name {_KNOWN}")
        if not path.stat().st_size:
            raise CatalogError(f"{path} is empty", "zero bytes", "write a header and rows")
        if suffix == ".parquet":
            return open_parquet(path)
        return _TABLES[suffix](path, encoding)
    except OSError as error:
        raise CatalogError(
            f"{path} cannot be opened", (error.strerror or str(error)).lower(), "check the path"
        ) from None

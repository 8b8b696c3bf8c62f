"""Parquet, read in batches so that memory stays flat."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from catalog.rows import Row, Source
from errors import CatalogError

_BATCH = 1000


def open_parquet(path: Path) -> Source:
    import pyarrow as pa
    from pyarrow import parquet

    try:
        # Without a memory map a file that shrinks meanwhile is an error and not a crash.
        with parquet.ParquetFile(path, memory_map=False) as file:
            schema, total = file.schema_arrow, file.metadata.num_rows
    except (pa.ArrowException, OSError, ValueError) as error:
        raise CatalogError(f"{path} is not valid Parquet", str(error), "write it again") from None

    # Images inside the table are no files: their columns would only fill memory.
    binary = [field.name for field in schema if _holds_bytes(field.type)]
    columns = tuple(dict.fromkeys(name for name in schema.names if name not in binary))
    notes = [f"column `{name}` holds binary data and was left out" for name in binary]

    def read() -> Iterator[Row]:
        number = 0
        try:
            with parquet.ParquetFile(path, memory_map=False) as file:
                for batch in file.iter_batches(_BATCH, columns=list(columns)):
                    for values in batch.to_pylist():
                        number += 1
                        yield Row(number, values)
        except (pa.ArrowException, OSError, ValueError, OverflowError) as error:
            raise CatalogError(
                f"{path} is damaged after row {number}", str(error), "write it again"
            ) from None

    return Source(path, path.parent, columns, total, read, tuple(notes))


def _holds_bytes(kind: object) -> bool:
    from pyarrow import types

    if types.is_struct(kind):
        return any(_holds_bytes(field.type) for field in kind)  # type: ignore[attr-defined]  # an Arrow type, untyped
    return bool(
        types.is_binary(kind) or types.is_large_binary(kind) or types.is_fixed_size_binary(kind)
    )

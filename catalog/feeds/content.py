"""Bytes of a file or an address → a table, or one line that says what they are instead."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from catalog.feeds.fetch import Fetched, shown
from catalog.rows import Source
from catalog.source import open_source
from errors import CatalogError

_GZIP = b"\x1f\x8b"
_PARQUET = b"PAR1"
_FOREIGN = {
    b"\x89PNG": "a PNG picture",
    b"\xff\xd8\xff": "a JPEG picture",
    b"GIF8": "a GIF picture",
    b"%PDF": "a PDF document",
    b"PK\x03\x04": "a ZIP archive or a spreadsheet",
    b"\xd0\xcf\x11\xe0": "an old Office document",
    b"BZh": "a bzip2 archive",
    b"\xfd7zXZ": "an xz archive",
    b"\x28\xb5\x2f\xfd": "a Zstandard archive",
}
_MARKS = (b"\xff\xfe", b"\xfe\xff")  # of UTF-16 and UTF-32, where NUL bytes are none
_SUFFIXES = (".csv", ".tsv", ".tab", ".jsonl", ".ndjson", ".json", ".parquet")
_TYPES = {
    "text/csv": ".csv",
    "text/tab-separated-values": ".tsv",
    "application/json": ".json",
    "application/x-ndjson": ".jsonl",
    "application/jsonl": ".jsonl",
    "application/jsonlines": ".jsonl",
}
_MARKUP = re.compile(rb"\s*<(?:!doctype|!--|\?xml|[a-z][a-z0-9:]*[\s>])", re.IGNORECASE)
_AS_TABLE = "link a CSV, TSV, JSONL, JSON or Parquet table"


def from_file(path: Path, most: int) -> Fetched:
    """A local file as if it had been fetched."""
    try:
        if path.is_dir():
            raise CatalogError(f"{path} is a folder", "", _AS_TABLE)
        size = path.stat().st_size
        if not path.is_file():  # a pipe would be waited for, for ever
            raise CatalogError(f"{path} is not a regular file", "", _AS_TABLE)
        if size > most:
            raise CatalogError(
                f"{path} cannot be read", f"it has {size:,} bytes, {most:,} are the most"
            )
        body = path.read_bytes()
    except FileNotFoundError:
        raise CatalogError(f"{path} does not exist", "", "check the path") from None
    except OSError as error:
        raise CatalogError(
            f"{path} cannot be read", (error.strerror or str(error)).lower()
        ) from None
    return Fetched(body, "", "", zipped=False, etag="", modified="")


@contextmanager
def as_table(
    source: str, fetched: Fetched, encoding: str, most: int, with_charset: bool = True
) -> Iterator[Source]:
    """The table that the content is; readable inside the block. Errors name the source."""
    name = shown(source)
    body = fetched.body
    if fetched.zipped or body.startswith(_GZIP):
        body = _unpacked(name, body, most)
    _require_table(name, body, fetched.type)
    charset = fetched.charset if with_charset and not body.startswith(b"\xef\xbb\xbf") else ""
    with TemporaryDirectory(prefix="pairdex-") as folder:
        file = Path(folder) / f"table{_suffix(source, fetched.type, body)}"
        file.write_bytes(body)
        try:
            yield open_source(file, encoding or charset or None)
        except CatalogError as error:
            # The readers know the scratch file; the user knows the source.
            parts = (error.what, error.why, error.remedy)
            raise CatalogError(*(part.replace(str(file), name) for part in parts)) from None


def _unpacked(name: str, body: bytes, most: int) -> bytes:
    unzip = zlib.decompressobj(wbits=31)
    try:
        plain = unzip.decompress(body, most + 1)
    except zlib.error as error:
        raise CatalogError(f"{name} cannot be unpacked", f"damaged gzip: {error}") from None
    if len(plain) > most:
        raise CatalogError(
            f"{name} cannot be read", f"unpacked it has more than {most:,} bytes, the most"
        )
    if not unzip.eof:
        raise CatalogError(
            f"{name} cannot be unpacked", f"its gzip ends early, after {len(body):,} bytes"
        )
    return plain


def _require_table(name: str, body: bytes, kind: str) -> None:
    if not body.strip():
        raise CatalogError(f"{name} is empty", f"{len(body)} bytes", _AS_TABLE)
    foreign = next((what for mark, what in _FOREIGN.items() if body.startswith(mark)), "")
    if kind.startswith(("image/", "audio/", "video/", "font/")) and not foreign:
        foreign = f"of the type {kind}"
    if not foreign and (
        kind in ("text/html", "application/xhtml+xml") or _MARKUP.match(_without_mark(body[:512]))
    ):
        foreign = "a web page (HTML or XML), perhaps the server's own error or login page"
    if foreign:
        raise CatalogError(f"{name} is no table", f"it is {foreign}", _AS_TABLE)
    if body.startswith(_PARQUET) or body.startswith(_MARKS):
        return
    if (place := body.find(0)) >= 0:
        raise CatalogError(f"{name} is no text", f"it holds a NUL byte at byte {place}", _AS_TABLE)


def _without_mark(body: bytes) -> bytes:
    return body.removeprefix(b"\xef\xbb\xbf")


def _suffix(source: str, kind: str, body: bytes) -> str:
    """What the content says of itself counts most, then the name, then the declared type."""
    if body.startswith(_PARQUET):
        return ".parquet"
    name = source.partition("#")[0].partition("?")[0].lower().removesuffix(".gz")
    named = next((suffix for suffix in _SUFFIXES if name.endswith(suffix)), "")
    start = _without_mark(body[:64]).lstrip()[:1]
    if named.startswith(".json") or named == ".ndjson" or kind in _TYPES or not named:
        if start == b"[":
            return ".json"
        if start == b"{":
            return ".json" if named == ".json" or kind == "application/json" else ".jsonl"
    if named and named != ".parquet":
        return named
    return _TYPES.get(kind, ".csv")

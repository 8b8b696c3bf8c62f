"""Which encoding a text file is in: told by its byte-order mark, else found by trying.

UTF-8 is tried first because text in another encoding is almost never valid UTF-8. CP949 (Korean
Windows) comes second; Western single-byte encodings cannot be told from it by their bytes, so
they have to be named.
"""

from __future__ import annotations

import codecs
from pathlib import Path

from errors import CatalogError

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_BLOCK = 1 << 20


def find_encoding(path: Path, wanted: str | None = None) -> str:
    """The name of an encoding in which the whole file can be read."""
    if wanted:
        try:
            # `text_encoding` is what keeps out codecs such as hex, which decode to no text.
            "".encode(wanted)
            name = codecs.lookup(wanted).name
        except (LookupError, ValueError):
            raise CatalogError(
                f"--encoding {wanted}", "no such encoding", "for example utf-8, cp949, cp1252"
            ) from None
        _check(path, [name])
        return name
    start = _read_start(path)
    for mark, name in _MARKS:
        if start.startswith(mark):
            _check(path, [name])
            return name
    return _check(path, ["utf-8", "cp949"])


def _read_start(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(4)


def _check(path: Path, names: list[str]) -> str:
    """The first of the encodings that decodes every byte of the file."""
    reason = ""
    for name in names:
        decoder = codecs.getincrementaldecoder(name)()
        offset = 0
        try:
            with path.open("rb") as file:
                while block := file.read(_BLOCK):
                    decoder.decode(block)
                    offset += len(block)
                decoder.decode(b"", final=True)
        except UnicodeError as error:
            at = offset + getattr(error, "start", 0)
            reason = reason or f"not {name} at byte {at}"
        else:
            return name
    raise CatalogError(
        f"{path} cannot be read as text",
        reason,
        "save it as UTF-8 or name its encoding with --encoding",
    )

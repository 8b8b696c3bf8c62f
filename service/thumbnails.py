"""Small pictures of items, made once for each content and kept in the home's cache."""

from __future__ import annotations

import io
import os
from contextlib import suppress
from pathlib import Path
from tempfile import NamedTemporaryFile

from PIL import Image

from db.home import Home
from db.records import ItemRecord
from images import content_hash, read_file, read_rgb
from service.pictures import gone

TYPE = "image/webp"
_QUALITY = 80


def kept(home: Home, item: ItemRecord, size: int) -> bytes | None:
    """The thumbnail where it was made before, of what the catalog knows of the file."""
    try:
        return _file(home, item.facts.content_hash, size).read_bytes()
    except OSError:
        return None


def made(home: Home, item: ItemRecord, size: int) -> tuple[bytes, str]:
    """The picture upright within a square of this size, and the hash of its file.

    Raises an ImageError where it cannot be read, a Problem where it is gone.
    """
    file = Path(item.image)
    if not file.is_file():
        raise gone(item)
    data = read_file(file)
    content = content_hash(data)
    picture = read_rgb(data, size, f"the picture of {item.key!r}")
    picture.thumbnail((size, size), Image.Resampling.LANCZOS, reducing_gap=3.0)
    out = io.BytesIO()
    picture.save(out, "WEBP", quality=_QUALITY, method=4)
    with suppress(OSError):  # a full disk or one that cannot be written: made again next time
        _keep(_file(home, content, size), out.getvalue())
    return out.getvalue(), content


def _file(home: Home, content: str, size: int) -> Path:
    return home.thumbnails / content[:2] / f"{content}-{size}.webp"


def _keep(file: Path, data: bytes) -> None:
    """Whole or not at all, whoever else makes the same at this moment."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with NamedTemporaryFile(dir=file.parent, prefix=".", delete=False) as temporary:
        try:
            temporary.write(data)
            temporary.flush()
            os.replace(temporary.name, file)  # noqa: PTH105  (a name, not a path)
        except OSError:
            Path(temporary.name).unlink(missing_ok=True)
            raise

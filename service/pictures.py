"""Files of catalog items, and nothing else: a path comes from the catalog, never from a request."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from db.records import ItemRecord
from images import content_hash, read_file
from service.problems import Problem

Image.init()  # Pillow knows the media types of formats only when it has loaded their decoders


@dataclass(frozen=True)
class Picture:
    file: Path
    status: os.stat_result
    type: str  # by content
    content: str  # SHA-256 of what is in the file now


def original(item: ItemRecord) -> Picture:
    """The file as it is; a Problem where it is gone."""
    file, facts = Path(item.image), item.facts
    try:
        status = file.stat()
    except (OSError, ValueError):
        raise gone(item) from None
    if not stat.S_ISREG(status.st_mode):
        raise gone(item)
    media = Image.MIME.get(facts.format, "application/octet-stream")
    if (status.st_size, status.st_mtime_ns) == (facts.bytes, facts.mtime_ns):
        return Picture(file, status, media, facts.content_hash)
    return Picture(file, status, media, content_hash(read_file(file)))


def gone(item: ItemRecord) -> Problem:
    return Problem("not-found", f"the picture of {item.key!r} is gone", "", "import it again")

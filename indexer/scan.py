"""Stage 1: what the catalog holds now, and what of it has not been embedded yet."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import images
from db.records import IndexRecord
from errors import ImageError, printable
from progress import Progress


@dataclass(frozen=True, slots=True)
class ImageRow:
    item: int
    path: Path
    content: str


@dataclass(frozen=True, slots=True)
class CaptionRow:
    caption: int
    item: int
    content: str


@dataclass
class Plan:
    """Every item and caption to index, and the work that is left to do for them."""

    images: list[ImageRow] = field(default_factory=list)
    captions: list[CaptionRow] = field(default_factory=list)
    texts: dict[str, str] = field(default_factory=dict)  # content → text still to embed
    files: dict[str, ImageRow] = field(default_factory=dict)  # content → a file still to embed
    failures: list[tuple[int, str, str]] = field(default_factory=list)  # item, status, reason

    def signature(self, *also: str) -> str:
        """Equal where an index of it would be equal."""
        digest = hashlib.sha256("\n".join(also).encode())
        for image in self.images:
            digest.update(f"i{image.item} {image.content}\n".encode())
        for caption in self.captions:
            digest.update(f"c{caption.caption} {caption.item} {caption.content}\n".encode())
        return digest.hexdigest()


def scan(
    items: Iterable[IndexRecord],
    total: int,
    known_images: set[str],
    known_texts: set[str],
    progress: Progress,
) -> Plan:
    """Reads no image whose size and time are those of the import; equal files are work once."""
    plan = Plan()
    for number, item in enumerate(items, start=1):
        try:
            row = ImageRow(item.id, Path(item.image), _content(item))
        except FileNotFoundError:
            gone = f"{printable(item.image)} is no longer there"
            plan.failures.append((item.id, "skipped", gone))
            continue
        except ImageError as error:
            plan.failures.append((item.id, "failed", str(error)))
            continue
        finally:
            progress("scan", number, total)
        plan.images.append(row)
        if row.content not in known_images:
            plan.files.setdefault(row.content, row)
        for caption, text in item.captions:
            content = hashlib.sha256(text.encode()).hexdigest()
            plan.captions.append(CaptionRow(caption, item.id, content))
            if content not in known_texts:
                plan.texts[content] = text
    return plan


def _content(item: IndexRecord) -> str:
    """The file's content hash: that of the import, or read anew where the file has changed."""
    path = Path(item.image)
    try:
        status = path.stat()
    except FileNotFoundError:
        raise
    except OSError as error:
        raise ImageError(f"{path} cannot be opened", str(error.strerror)) from None
    if (status.st_size, status.st_mtime_ns) == (item.bytes, item.mtime_ns):
        return item.content_hash
    return images.content_hash(images.read_file(path))

"""Whether files are what they were when they were sealed, without reading them at every open.

FAISS has no checksums and loads most flipped bits in silence, so files are compared with the
SHA-256 of their manifest before anything is read from them. At a million items that is gigabytes,
seconds before the first answer. A file that was found sound is therefore remembered by size, times
and inode, and is believed as long as these stay: a second open costs a `stat` per file.

What that gives up: bits that rot on the disk leave no trace in a `stat`. `pairdex index verify`
believes nothing and reads everything. Whatever goes through the file system is noticed: even who
sets the modification time back cannot set back the time of the last change of the inode.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from pathlib import Path

import msgspec

Stamp = tuple[int, int, int, int, str]  # size, modified, changed, inode, SHA-256


class Stamps:
    """What is known of files, by a name that the caller gives them; kept in one small file."""

    def __init__(self, file: Path | None = None) -> None:
        """`file` None remembers nothing: every file is read."""
        self._file = file
        self._known: dict[str, Stamp] = {}
        self._new = False
        if file is not None:
            # Lost or damaged, it costs one reading of the files.
            with contextlib.suppress(OSError, msgspec.DecodeError):
                self._known = msgspec.json.decode(file.read_bytes(), type=dict[str, Stamp])

    def fits(self, name: str, file: Path, checksum: str) -> bool:
        """Whether the file has this SHA-256; OSError where it cannot be read."""
        if self._known.get(name) == _stamp(file.stat(), checksum):
            return True
        return self.read(name, file) == checksum

    def read(self, name: str, file: Path) -> str:
        """The file's SHA-256, read anew and remembered."""
        with file.open("rb") as stream:
            # Of the open file and before it is read: a change meanwhile makes the stamp not fit.
            status = os.fstat(stream.fileno())
            checksum = hashlib.file_digest(stream, "sha256").hexdigest()
        self._known[name] = _stamp(status, checksum)
        self._new = True
        return checksum

    def save(self) -> None:
        """Write what was learnt; a home that cannot be written only stays slow."""
        if self._file is None or not self._new:
            return
        temporary = self._file.with_name(f".{self._file.name}.{os.getpid()}")
        with contextlib.suppress(OSError):
            self._file.parent.mkdir(parents=True, exist_ok=True)
            temporary.write_bytes(msgspec.json.encode(self._known))
            temporary.replace(self._file)
            self._new = False

    def forget(self, prefix: str) -> None:
        """Drop the files whose names begin so."""
        kept = {name: stamp for name, stamp in self._known.items() if not name.startswith(prefix)}
        self._new = self._new or len(kept) < len(self._known)
        self._known = kept


def _stamp(status: os.stat_result, checksum: str) -> Stamp:
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino, checksum

"""From what a row calls its image to a regular file on this machine, or the reason why not."""

# Strings and abspath: a row costs no Path object, and links are not followed.
# ruff: noqa: PTH100, PTH116, PTH118

from __future__ import annotations

import errno
import os
import re
import stat
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_DRIVE = re.compile(r"[A-Za-z]:[\\/]|\\\\")


@dataclass(frozen=True, slots=True)
class Located:
    path: str  # absolute
    bytes: int
    mtime_ns: int
    by_tail: bool = False  # a path of another machine, found by its last parts


@dataclass(frozen=True, slots=True)
class Refused:
    code: str
    detail: str


def locate(reference: str, folder: Path) -> Located | Refused:
    """The file that `reference` names: absolute, or relative to `folder`.

    Backslashes are tried as separators, and both Unicode forms of a name, for macOS and Linux
    write Korean names differently. A path with a Windows drive is looked for by its last parts,
    longest first.
    """
    reason = Refused("missing-image", "no such file")
    for candidate, by_tail in _candidates(reference, folder):
        path = os.path.abspath(candidate)
        if not _is_utf8(path):
            return Refused("bad-file-name", "the name is not valid UTF-8: rename the file")
        try:
            found = os.stat(path)
        except OSError as error:
            if error.errno not in (errno.ENOENT, errno.ENOTDIR):
                reason = _refused(error)
            continue
        except ValueError:
            return Refused("missing-image", "the name holds a NUL character")
        if stat.S_ISREG(found.st_mode):
            return Located(path, found.st_size, found.st_mtime_ns, by_tail)
        kind = "a folder" if stat.S_ISDIR(found.st_mode) else "a FIFO, socket or device"
        reason = Refused("not-a-file", f"it is {kind}")
    return reason


def key_of(path: str, folder: Path) -> str:
    """The id of an item whose source has none: its image's path, relative where it can be."""
    relative = os.path.relpath(path, folder)
    return path if relative.startswith("..") else relative.replace(os.sep, "/")


def _candidates(reference: str, folder: Path) -> Iterator[tuple[str, bool]]:
    base = os.fspath(folder)
    for name in dict.fromkeys((reference, reference.strip())):
        yield os.path.join(base, name), False
        for form in ("NFC", "NFD"):
            changed = unicodedata.normalize(form, name)
            if changed != name:
                yield os.path.join(base, changed), False
    slashed = reference.strip().replace("\\", "/")
    if _DRIVE.match(reference.strip()) and os.name != "nt":
        parts = [part for part in slashed.split("/") if part][1:]
        for start in range(len(parts)):
            yield os.path.join(base, *parts[start:]), True
    elif slashed != reference:
        yield os.path.join(base, slashed), False


def _refused(error: OSError) -> Refused:
    if error.errno == errno.ELOOP:
        return Refused("not-a-file", "symbolic links in a loop")
    if error.errno in (errno.EACCES, errno.EPERM):
        return Refused("unreadable-image", "no permission to read it")
    return Refused("missing-image", (error.strerror or str(error)).lower())


def _is_utf8(path: str) -> bool:
    try:
        path.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True

"""Files that are replaced whole or not at all."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import stat
from pathlib import Path

from errors import HomeError, ImageError, PairdexError

# What all files that follow would meet too, and what helps.
_HOPELESS = {
    errno.ENOSPC: "free some space, then run this again",
    errno.EDQUOT: "free some space, then run this again",
    errno.EROFS: "copy the images to a disk that can be written, or print with --json",
}


def partial(path: Path) -> str:
    """Where a file is written before it takes its name: always the same, so none is left behind."""
    folder, name = os.path.split(path)
    digest = hashlib.sha256(os.fsencode(name)).hexdigest()[:16]
    return os.path.join(folder, f".pairdex-{digest}.tmp")  # noqa: PTH118  # see `replace`


def replace(path: Path, data: bytes, like: Path | None = None) -> None:
    """Give the file these bytes, in one step. With `like`, mode and owner are those of that file,
    and the bytes are on the disk before the old ones are given up."""
    # Thousands of files a second: asked of the system by their strings, and without a buffer.
    temporary, left = partial(path), memoryview(data)
    try:
        with open(temporary, "wb", buffering=0) as file:  # noqa: PTH123
            while left:  # a disk that is nearly full takes a part, then none
                left = left[file.write(left) :]
            if like is not None:
                _dress(Path(temporary), like)
                os.fsync(file.fileno())
        os.replace(temporary, path)  # noqa: PTH105
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def read(path: Path) -> bytes | None:
    """None where there is nothing; only a regular file is read."""
    try:
        mode = os.lstat(path).st_mode  # a link that leads nowhere is there, too
    except FileNotFoundError:
        return None
    if stat.S_ISREG(mode) or (stat.S_ISLNK(mode) and path.is_file()):
        return path.read_bytes()
    raise ImageError(f"{path} is not a regular file", "", "remove it, or name another")


def trouble(path: Path, error: OSError) -> PairdexError:
    """What a failed write means: for this file alone, or (HomeError) for all that would follow."""
    reason = (error.strerror or str(error)).lower()
    if error.errno in _HOPELESS:
        return HomeError(f"{path} cannot be written", reason, _HOPELESS[error.errno])
    return ImageError(f"{path} cannot be written", reason, "check permissions and name")


def _dress(file: Path, like: Path) -> None:
    """Mode, owner and extended attributes as another file has them; times are its own."""
    status = like.stat()
    shutil.copystat(like, file)
    if (status.st_uid, status.st_gid) != (os.geteuid(), os.getegid()):
        try:
            os.chown(file, status.st_uid, status.st_gid)
        except PermissionError as error:
            error.strerror = "it belongs to somebody else"
            raise
    os.utime(file)

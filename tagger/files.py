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


def partial(path: Path) -> Path:
    """Where a file is written before it takes its name: always the same, so none is left behind."""
    digest = hashlib.sha256(os.fsencode(path.name)).hexdigest()[:16]
    return path.with_name(f".pairdex-{digest}.tmp")


def replace(path: Path, data: bytes, like: Path | None = None) -> None:
    """Give the file these bytes, in one step. With `like`, mode and owner are those of that file,
    and the bytes are on the disk before the old ones are given up."""
    target, temporary = os.fspath(path), os.fspath(partial(path))
    try:
        with open(temporary, "wb") as file:  # noqa: PTH123  # by its string, as in `read`
            file.write(data)
            if like is not None:
                _dress(Path(temporary), like)
                file.flush()
                os.fsync(file.fileno())
        os.replace(temporary, target)  # noqa: PTH105
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def read(path: Path) -> bytes | None:
    """None where there is nothing; only a regular file is read."""
    name = os.fspath(path)  # asked of the system by its string: thousands of files a second
    try:
        regular = stat.S_ISREG(os.stat(name).st_mode)  # noqa: PTH116
        if regular:
            return path.read_bytes()
    except FileNotFoundError:
        if not os.path.islink(name):  # noqa: PTH114
            return None
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

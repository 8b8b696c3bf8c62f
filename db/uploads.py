"""Images that were sent to us, kept by their content: <home>/uploads/<2 hex>/<64 hex>.<format>.

with uploads.receiving():              # until the row that names it is stored, nothing is collected
    held = uploads.hold(data)          # on the disk, under a name for the time being
    path = uploads.keep(held, hash, "jpg")
    queue.add(…)
"""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from db.home import Home, writing

LOCK, HELD = ".lock", ".held-"


class Uploads:
    def __init__(self, home: Home) -> None:
        self.folder = home.uploads

    @contextmanager
    def receiving(self) -> Iterator[None]:
        """Many may receive at once; a collection waits until they are done."""
        with self._locked(fcntl.LOCK_SH):
            yield

    def hold(self, data: bytes) -> Path:
        """The bytes on the disk; `keep` or `drop` them."""
        with writing(self.folder):
            descriptor, name = tempfile.mkstemp(dir=self.folder, prefix=HELD)
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(data)
                stream.flush()
                os.fsync(stream.fileno())
        return Path(name)

    def keep(self, held: Path, content: str, form: str) -> Path:
        """Its own path for ever; a file that is there already stays as it is."""
        final = self.path(content, form)
        with writing(final):
            final.parent.mkdir(exist_ok=True)
            held.chmod(0o644)
            if final.is_file() and final.stat().st_size != held.stat().st_size:
                held.replace(final)  # somebody has damaged it
            else:
                with suppress(FileExistsError):
                    final.hardlink_to(held)
                held.unlink()
            for folder in (final.parent, self.folder):
                _flush(folder)
        return final

    def path(self, content: str, form: str) -> Path:
        return self.folder / content[:2] / f"{content}.{form}"

    def owns(self, path: str) -> bool:
        return Path(path).parent.parent == self.folder

    def files(self) -> Iterator[Path]:
        """All that is kept, and what receivers that were killed have left."""
        if self.folder.is_dir():
            yield from sorted(self.folder.glob("??/*.*"))
            yield from sorted(self.folder.glob(f"{HELD}*"))

    def collect(
        self, files: Iterable[Path], wanted: Callable[[list[str]], set[str]], dry_run: bool = False
    ) -> list[tuple[Path, int]]:
        """Remove those of the files that nothing names; returns them with their bytes.

        `wanted` tells which of some contents are still named. It is asked while nobody receives.
        """
        if not self.folder.is_dir():
            return []
        gone = []
        with self._locked(fcntl.LOCK_EX), writing(self.folder):
            there = [file for file in files if self.owns(str(file)) or file.name.startswith(HELD)]
            kept = wanted([file.stem for file in there if not file.name.startswith(HELD)])
            for file in there:
                if file.stem not in kept and file.is_file():
                    gone.append((file, file.stat().st_size))
                    if not dry_run:
                        file.unlink()
        return gone

    @contextmanager
    def _locked(self, how: int) -> Iterator[None]:
        with writing(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self.folder / LOCK, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(descriptor, how)
            yield
        finally:
            os.close(descriptor)


def _flush(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

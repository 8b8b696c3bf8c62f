"""The home: one folder that holds all state of one catalog.

<home>/
├── config.toml      the keys this catalog changes (optional)
├── pairdex.db       rows (SQLite), unless `db.url` names another database
├── artifact/        the trained model
├── artifact.previous/  the one before, while its index serves
├── recogniser/      what tells products apart (where `training.product` names a column)
├── generations/     published indexes, and CURRENT, the name of the live one
├── uploads/         images that came in over HTTP, by content
├── queue.db         changes of the catalog that are accepted and not made yet (likewise)
├── cache/           embeddings by content, runtime compile cache; may be deleted
├── tagging.db       what `tag` wrote beside and into images: needed to undo it
├── tagging.lock     held by the `tag` that writes
├── publish.lock     held by the job that publishes an index
└── lock             held by the job that writes
"""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from db.databases import Held, alike_elsewhere, database_of, locked_elsewhere
from errors import HomeError, LockedError, PairdexError

LOCAL = "tagging.lock"  # of what is written beside and into images: no other machine's matter


@dataclass(frozen=True)
class Home:
    path: Path

    @property
    def database(self) -> Path:
        return self.path / "pairdex.db"

    @property
    def artifact(self) -> Path:
        return self.path / "artifact"

    @property
    def artifact_before(self) -> Path:
        """The model before it, for as long as the live index is of that one."""
        return self.path / "artifact.previous"

    @property
    def recogniser(self) -> Path:
        return self.path / "recogniser"

    @property
    def generations(self) -> Path:
        return self.path / "generations"

    @property
    def uploads(self) -> Path:
        return self.path / "uploads"

    @property
    def queue(self) -> Path:
        return self.path / "queue.db"

    @property
    def cache(self) -> Path:
        return self.path / "cache"

    @property
    def compiled(self) -> Path:
        """The inference runtime's own cache of compiled graphs."""
        return self.cache / "compiled"

    @property
    def shards(self) -> Path:
        """What a cluster has embedded and no job has taken in yet; a folder for each model."""
        return self.cache / "shards"

    @property
    def thumbnails(self) -> Path:
        """Small pictures that the service has made, by the content of the large ones."""
        return self.cache / "thumbnails"

    @property
    def stamps(self) -> Path:
        """Which files of the generations were read and found sound."""
        return self.cache / "sound.json"

    def require(self) -> None:
        """There is a catalog here, or an error that says how to make one.

        Whether a database that `db.url` names holds one shows when it is opened.
        """
        if database_of(self.path).url:
            return
        try:
            if self.database.is_file():
                return
        except OSError as error:
            raise disk_error(self.path, error) from None
        raise HomeError(
            f"no catalog at {self.path}",
            "the folder does not exist or holds no database",
            "run `pairdex catalog import SOURCE` or name another folder with --home",
        )

    def create(self) -> None:
        with writing(self.path):
            self.path.mkdir(parents=True, exist_ok=True)

    @contextmanager
    def locked(
        self, job: str, name: str = "lock", wait: bool = False, shared: bool = False
    ) -> Iterator[Held]:
        """Only one job writes to a home at a time; the second is told who holds it.

        `shared` is for jobs that may run beside each other, but not beside others. Tagging writes
        nothing that other jobs read, so it has a lock of another name. Where the rows are in
        PostgreSQL the lock is held there too, so that it holds between machines. What is given says
        whether it still is: a server that was started anew has let go of it.
        """
        if database_of(self.path).url:
            self.create()  # a machine that joins has none yet
        with writing(self.path / name):
            # Opened without truncation: the holder's line must survive our looking.
            descriptor = os.open(self.path / name, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            how = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
            try:
                fcntl.flock(descriptor, how | (0 if wait else fcntl.LOCK_NB))
            except OSError:
                holder = os.read(descriptor, 200).decode("utf-8", "replace").strip()
                raise LockedError(
                    f"{self.path} is locked",
                    f"held by {holder or 'another process'}",
                    "wait until it ends, then run this again",
                ) from None
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"{job} (process {os.getpid()})".encode(), 0)
            if name == LOCAL:
                yield lambda: True
            else:
                with locked_elsewhere(self.path, job, name, wait, shared) as held:
                    yield held
        finally:
            # The kernel frees the lock with the descriptor, so a killed job leaves none behind.
            os.close(descriptor)

    @contextmanager
    def building(self, job: str, model: str) -> Iterator[Held]:
        """The lock of a job that builds; where the rows are in PostgreSQL, several may beside each
        other that have the same model, which is named by its fingerprint."""
        shared = bool(database_of(self.path).url)
        with self.locked(job, shared=shared) as held, alike_elsewhere(self.path, job, model):
            yield held

    def publishing(self) -> AbstractContextManager[Held]:
        """Builders publish one after the other; waits for its turn."""
        return self.locked("index publish", "publish.lock", wait=True)


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Translates what the disk says into one line that names the path."""
    try:
        yield
    except OSError as error:
        raise disk_error(path, error) from None


def disk_error(path: Path, error: OSError) -> PairdexError:
    remedies = {
        errno.EACCES: "give yourself permission or name another --home",
        errno.EPERM: "give yourself permission or name another --home",
        errno.EROFS: "name a --home on a disk that can be written",
        errno.ENOSPC: "free some space, then run this again",
        errno.EDQUOT: "free some space, then run this again",
        errno.EFBIG: "raise the limit on the size of files, then run this again",
        errno.ENOTDIR: "name a folder with --home",
        errno.EEXIST: "name a folder with --home",
    }
    where = error.filename if isinstance(error.filename, str) else str(path)
    return HomeError(
        f"{where} cannot be used",
        (error.strerror or str(error)).lower(),
        remedies.get(error.errno or 0, "check the path"),
    )

"""What a home holds that nothing will ask for again, and its removal."""

from __future__ import annotations

import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from db import caches
from db.databases import generations_of
from db.home import Home, writing
from db.published import Generations, folder_bytes
from db.queue import Queue
from db.store import Store
from db.uploads import Uploads
from errors import IndexStateError

_BEGUN = 3600.0  # seconds after which nobody is still writing a file


@dataclass
class Collected:
    """What was removed, or what would be."""

    dry_run: bool
    generations: list[str] = field(default_factory=list)
    leftovers: list[str] = field(default_factory=list)  # folders of killed jobs
    embeddings: int = 0  # rows of other models
    compiled: int = 0  # files of other models
    uploads: int = 0  # images that were sent to us and that no item has
    thumbnails: int = 0  # of images that no item has
    models: int = 0  # the one before the artifact, once no index needs it
    bytes: int = 0


def collect(home: Home, fingerprint: str | None, keep: int, dry_run: bool = False) -> Collected:
    """Remove old generations but the newest `keep` and the live one, and what belongs to no one.

    `fingerprint` is what the artifact embeds with; None, where there is no artifact, keeps the
    cache whole: the model may be put back. So does a live generation of another model: a new one
    is trained and its index is still to be built, until then the other serves.
    """
    found = Collected(dry_run)
    with home.locked("index gc"):
        kept = generations_of(home)
        live = kept.current_name()
        for name in kept.names()[:-keep]:
            if name != live:
                size = kept.size(name)
                if dry_run or kept.drop(name):
                    found.generations.append(name)
                    found.bytes += size
        for folder in kept.leftovers():
            found.leftovers.append(folder.name)
            found.bytes += folder_bytes(folder)
            if not dry_run:
                with writing(folder):
                    shutil.rmtree(folder)
        if fingerprint is not None and _served(kept, live) in (None, fingerprint):
            _embeddings(home, fingerprint, found)
            _compiled(home, found)
            _shards(home, fingerprint, found)
            _model_before(home, found)
        _uploads(home, found)
        _thumbnails(home, found)
    return found


def wanted(store: Store, queue: Queue, contents: Sequence[str]) -> set[str]:
    """Those of the contents that an item has, or will have once a waiting change is made."""
    return store.contents(contents) | queue.contents(contents)


def _uploads(home: Home, found: Collected) -> None:
    uploads = Uploads(home)
    files = list(uploads.files())
    if files:
        with Store.open(home.path) as store, Queue(home) as queue:
            gone = uploads.collect(files, lambda some: wanted(store, queue, some), found.dry_run)
        found.uploads = len(gone)
        found.bytes += sum(size for _, size in gone)


def _thumbnails(home: Home, found: Collected) -> None:
    """Of images that no item has; and what services that were killed had begun to write."""
    files = [file for file in home.thumbnails.glob("??/*") if file.is_file()]
    if not files:
        return
    contents = sorted({_content(file) for file in files})
    with Store.open(home.path) as store, Queue(home) as queue:
        kept = wanted(store, queue, contents)
    long_ago = time.time() - _BEGUN
    for file in files:
        try:
            status = file.stat()
        except FileNotFoundError:
            continue  # it has its name by now, or another one took it away
        begun = file.name.startswith(".")
        if status.st_mtime > long_ago if begun else _content(file) in kept:
            continue
        found.thumbnails += 1
        found.bytes += status.st_size
        if not found.dry_run:
            _remove(file)


def _content(thumbnail: Path) -> str:
    """The hash of the image that it shows."""
    return thumbnail.stem.rpartition("-")[0]


def _model_before(home: Home, found: Collected) -> None:
    """What is live is of the artifact: a job was killed before it took the older one away."""
    if not home.artifact_before.is_dir():
        return
    found.models += 1
    found.bytes += folder_bytes(home.artifact_before)
    if not found.dry_run:
        with writing(home.artifact_before):
            shutil.rmtree(home.artifact_before)


def _served(kept: Generations, live: str | None) -> str | None:
    """What the live generation was embedded with; None where there is nothing sound."""
    try:
        return None if live is None else kept.manifest(live).fingerprint
    except IndexStateError:
        return None


def _embeddings(home: Home, fingerprint: str, found: Collected) -> None:
    if not caches.exist(home):
        return
    with caches.open_cache(home, fingerprint) as cache:
        rows, size = cache.other_models()
        found.embeddings += rows
        found.bytes += size
        if rows and not found.dry_run:
            cache.forget_other_models()
            cache.compact()


def _shards(home: Home, fingerprint: str, found: Collected) -> None:
    """Of other models; a folder has the first letters of its model's fingerprint as its name."""
    if not home.shards.is_dir():
        return
    for folder in sorted(home.shards.iterdir()):
        if not fingerprint.startswith(folder.name):
            found.leftovers.append(f"{home.shards.name}/{folder.name}")
            found.bytes += folder_bytes(folder)
            if not found.dry_run:
                with writing(folder):
                    shutil.rmtree(folder)


def _compiled(home: Home, found: Collected) -> None:
    """Graphs that were compiled before the artifact was made are of other models.

    Their names are the runtime's secret. Where a clock has jumped, one is compiled again.
    """
    made = (home.artifact / "artifact.json").stat().st_mtime_ns
    if not home.compiled.is_dir():
        return
    for file in sorted(home.compiled.iterdir()):
        status = file.stat()
        if file.is_file() and status.st_mtime_ns < made:
            found.compiled += 1
            found.bytes += status.st_size
            if not found.dry_run:
                _remove(file)


def _remove(file: Path) -> None:
    with writing(file):
        file.unlink(missing_ok=True)

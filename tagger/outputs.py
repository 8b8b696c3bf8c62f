"""What is to be written for an image, before anything is."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from db.journal import Change
from errors import ImageError, PairdexError
from images import read_file
from tagger import embedded, files, sidecars, xmp
from tagger.results import Tagged

EMBEDDED = "embedded"
_VERSION = 1  # another one writes all outputs anew


class Outputs(msgspec.Struct, frozen=True):
    """What the user asked to have written."""

    sidecars: tuple[str, ...] = ()
    embed: bool = False  # keywords inside the image files
    hashtags: bool = False
    force: bool = False  # over what somebody else wrote, and though nothing changed
    dry_run: bool = False

    def __bool__(self) -> bool:
        return bool(self.sidecars) or self.embed

    @property
    def told(self) -> str:
        """As the command line says it."""
        return " ".join([f"--sidecar {kind}" for kind in self.sidecars] + ["--write"] * self.embed)

    def paths(self, image: Path) -> list[Path]:
        """All files that hold something of an image."""
        beside = [sidecars.path(image, kind) for kind in self.sidecars]
        return [target(image), *beside] if self.embed else beside

    def signature(self, *facts: object) -> str:
        """Equal where the same image would be given the same outputs."""
        told = (_VERSION, sorted(self.sidecars), self.embed, self.hashtags, *facts)
        return hashlib.sha256(repr(told).encode()).hexdigest()


@dataclass(frozen=True)
class Model:
    """By what an answer was given."""

    fingerprint: str
    generation: str | None


@dataclass(frozen=True)
class Planned:
    """A file with its old and new bytes."""

    path: Path
    kind: str
    old: bytes | None
    new: bytes
    added: tuple[str, ...] = ()
    stamp: tuple[int, int] | None = None  # of the old file: it must still be that one
    mtime_ns: int | None = None


@dataclass(frozen=True)
class Plan:
    tagged: Tagged
    image: Path  # its path, absolute
    files: tuple[Planned, ...] = ()
    errors: tuple[PairdexError, ...] = ()


def target(image: Path) -> Path:
    """The file that a link leads to: that one is written, and the link stays a link."""
    return Path(os.path.realpath(image)) if image.is_symlink() else image


def plan(
    tagged: Tagged, image: Path, outputs: Outputs, marks: Mapping[Path, Change], model: Model
) -> Plan:
    """What changes, if anything; `marks` are the last changes that we made to these files.

    `image` is the path of what was tagged, absolute.
    """
    content, found = tagged.content, list[Planned]()
    errors: list[PairdexError] = []
    words = xmp.clean(given.tag for given in tagged.tags)
    if outputs.embed:
        try:
            for planned in _embedded(tagged, target(image), words, marks):
                found.append(planned)
                content = hashlib.sha256(planned.new).hexdigest()
        except (ImageError, OSError) as error:
            errors.append(_told(image, error))
    for kind in outputs.sidecars:
        path = sidecars.path(image, kind)
        try:
            found += _sidecar(tagged, kind, path, content, words, outputs, marks.get(path), model)
        except (ImageError, OSError) as error:
            errors.append(_told(path, error))
    return Plan(tagged, image, tuple(found), tuple(errors))


def _embedded(
    tagged: Tagged, path: Path, words: list[str], marks: Mapping[Path, Change]
) -> Iterator[Planned]:
    status = path.stat()
    old = read_file(path)
    if hashlib.sha256(old).hexdigest() != tagged.content:
        raise ImageError(f"{path} changed while it was tagged", "", "run this again")
    mine = marks[path].added if path in marks else ()
    new = embedded.with_keywords(old, words, set(mine) - set(words), str(path))
    if new == old:
        return
    # Only now: a file that holds everything already may be as closed as it likes.
    if not status.st_mode & 0o222:
        raise ImageError(f"{path} is read-only", "", "allow writing, or use --sidecar xmp")
    if status.st_nlink > 1:
        raise ImageError(
            f"{path} has {status.st_nlink} names", "hard links would part", "use --sidecar xmp"
        )
    stamp = (status.st_size, status.st_mtime_ns)
    ours = _ours(words, mine, embedded.keywords(old))
    yield Planned(path, EMBEDDED, old, new, ours, stamp, status.st_mtime_ns)


def _sidecar(
    tagged: Tagged,
    kind: str,
    path: Path,
    content: str,
    words: list[str],
    outputs: Outputs,
    mark: Change | None,
    model: Model,
) -> Iterator[Planned]:
    old = files.read(path)
    mine = mark.added if mark is not None and old is not None else ()
    ours: tuple[str, ...] = ()
    if kind == "xmp":
        try:
            new = sidecars.xmp_text(old, words, set(mine) - set(words), str(path))
            ours = _ours(words, mine, [] if old is None else xmp.keywords(old, str(path)))
        except ImageError:
            if not outputs.force:
                raise
            new, ours = xmp.new(words), tuple(words)
    elif kind == "json":
        new = sidecars.json_text(tagged, content, model.fingerprint, model.generation)
    else:
        new = sidecars.txt_text(tagged)
    if new == old:
        return
    if kind != "xmp" and old is not None and not (outputs.force or _is_ours(old, kind, mark)):
        raise ImageError(
            f"{path} is left as it is",
            "`tag` did not write it, or it was changed since",
            "--force writes over it",
        )
    stamp = None if old is None else _stamp(path)
    yield Planned(path, kind, old, new, ours, stamp, stamp and stamp[1])


def _is_ours(old: bytes, kind: str, mark: Change | None) -> bool:
    if mark is not None:
        return mark.after_hash == hashlib.sha256(old).digest()
    return kind == "json" and sidecars.is_json_sidecar(old)


def _ours(words: Sequence[str], mine: Sequence[str], present: Sequence[str]) -> tuple[str, ...]:
    """Keywords to be taken out again when the model no longer gives them."""
    return tuple(word for word in words if word in mine or word not in present)


def _stamp(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_size, status.st_mtime_ns


def _told(path: Path, error: PairdexError | OSError) -> PairdexError:
    return files.trouble(path, error) if isinstance(error, OSError) else error

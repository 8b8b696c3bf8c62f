"""Planned files onto the disk, told to the journal before and after."""

from __future__ import annotations

import dataclasses
import hashlib
import os
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from db.journal import Change, Journal, Seen
from errors import HomeError, ImageError, PairdexError
from tagger import files
from tagger.delta import made, recipe
from tagger.outputs import EMBEDDED, Model, Outputs, Plan, Planned, plan
from tagger.results import Tagged


class Writer:
    """Writes the outputs of one run. Must be the only one at work in a home."""

    def __init__(
        self,
        journal: Journal,
        outputs: Outputs,
        model: Model,
        signature: str,
        run: int | None = None,
    ) -> None:
        """`run` is that of the journal where an earlier writer of this run began it."""
        self._journal, self._outputs, self._model = journal, outputs, model
        self._signature = signature
        self.run = run
        self.written: Counter[str] = Counter()
        if not outputs.dry_run:
            recover(journal)

    def __call__(self, answers: Sequence[Tagged]) -> list[Tagged]:
        """The answers with what was written for them, or in a dry run would be."""
        plans = self._plans([answer for answer in answers if answer.error is None])
        told = {id(made.tagged): made for made in plans}
        if not self._outputs.dry_run:
            done = self._carry_out(plans)
            told = {id(before.tagged): after for before, after in zip(plans, done, strict=True)}
        return [_answer(told[id(answer)]) if id(answer) in told else answer for answer in answers]

    def unchanged(self, images: Sequence[Path]) -> list[bool]:
        """Whether all outputs of each image are there, made of it by this model and index."""
        whole = [Path(os.path.abspath(image)) for image in images]  # noqa: PTH100  # links stay
        seen = self._journal.seen(whole)
        return [image in seen and self._holds(seen[image]) for image in whole]

    def _holds(self, seen: Seen) -> bool:
        if seen.signature != self._signature:
            return False
        return all(_stamp(name) == (size, mtime) for name, size, mtime in seen.stamps)

    def _plans(self, answers: Sequence[Tagged]) -> list[Plan]:
        images = [Path(os.path.abspath(answer.path)) for answer in answers]  # noqa: PTH100
        marks = self._journal.latest([p for image in images for p in self._outputs.paths(image)])

        def planned(answer: Tagged, image: Path) -> Plan:
            return plan(answer, image, self._outputs, marks, self._model)

        if not self._outputs.embed:
            return list(map(planned, answers, images))
        # Each image is decoded twice more, to see that its pixels stay.
        with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
            return list(pool.map(planned, answers, images))

    def _carry_out(self, plans: Sequence[Plan]) -> list[Plan]:
        files_ = [(number, file) for number, made in enumerate(plans) for file in made.files]
        begun: list[int] = []
        if files_:
            if self.run is None:
                self.run = self._journal.start(self._outputs.told)
            changes = [_change(plans[number], file) for number, file in files_]
            begun = self._journal.begin(self.run, changes)
        done, errors = list[int](), dict[int, list[PairdexError]]()
        made_of: dict[int, list[Planned]] = {}
        try:
            for (number, file), change in zip(files_, begun, strict=True):
                try:
                    _write(file)
                except (ImageError, OSError) as error:
                    trouble = _told(file.path, error)
                    if isinstance(trouble, HomeError):  # all that follow would meet the same
                        raise trouble from None
                    errors.setdefault(number, []).append(trouble)
                else:
                    done.append(change)
                    made_of.setdefault(number, []).append(file)
                    self.written[file.kind] += 1
        except BaseException:
            self._journal.finish(done, sorted({*begun} - {*done}))
            raise
        after = [
            Plan(p.tagged, p.image, tuple(made_of.get(n, ())), (*p.errors, *errors.get(n, ())))
            for n, p in enumerate(plans)
        ]
        whole = [self._seen(p) for p in after if not p.errors]
        self._journal.finish(done, sorted({*begun} - {*done}), whole)
        return after

    def _seen(self, made: Plan) -> Seen:
        names = dict.fromkeys([str(made.image), *map(str, self._outputs.paths(made.image))])
        stamps = ((name, *stamp) for name in names if (stamp := _stamp(name)) is not None)
        return Seen(made.image, self._signature, tuple(stamps))


def recover(journal: Journal) -> None:
    """After a run that ended without a word: what it began is done or was never done."""
    done, never = list[int](), list[int]()
    for change in journal.unfinished():
        Path(files.partial(change.path)).unlink(missing_ok=True)
        (done if digest(change.path) == change.after_hash else never).append(change.id)
    if done or never:
        journal.finish(done, never)


def digest(path: Path) -> bytes | None:
    """SHA-256 of what is there now, None where nothing can be read."""
    try:
        return hashlib.sha256(path.read_bytes()).digest()
    except OSError:
        return None


def _change(made: Plan, file: Planned) -> Change:
    return Change(
        path=file.path,
        image=made.image,
        kind=file.kind,
        before=None if file.old is None else _recipe(file.old, file.new),
        before_hash=None if file.old is None else hashlib.sha256(file.old).digest(),
        before_mtime_ns=file.mtime_ns,
        after_hash=hashlib.sha256(file.new).digest(),
        added=file.added,
    )


def _recipe(old: bytes, new: bytes) -> bytes:
    found = recipe(old, new)
    assert made(new, found) == old  # nothing is replaced that could not be put back
    return found


def _write(file: Planned) -> None:
    if file.stamp is not None and _stamp(str(file.path)) != file.stamp:
        raise ImageError(f"{file.path} changed while it was tagged", "", "run this again")
    if file.stamp is None and _stamp(str(file.path)) is not None:
        raise ImageError(f"{file.path} appeared while it was tagged", "", "run this again")
    files.replace(file.path, file.new, like=file.path if file.kind == EMBEDDED else None)


def _stamp(name: str) -> tuple[int, int] | None:
    try:
        status = os.stat(name)  # noqa: PTH116  # a string, a thousand times a second
    except OSError:
        return None
    return status.st_size, status.st_mtime_ns


def _told(path: Path, error: ImageError | OSError) -> PairdexError:
    return files.trouble(path, error) if isinstance(error, OSError) else error


def _answer(made: Plan) -> Tagged:
    written = tuple(str(file.path) for file in made.files)
    if not made.errors:
        return dataclasses.replace(made.tagged, written=written)
    why = "; ".join(str(error) for error in made.errors)
    return dataclasses.replace(made.tagged, written=written, error=why, status="failed")

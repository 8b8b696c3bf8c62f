"""Any number of images: what is new is tagged and written, and all of them are accounted for."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from itertools import islice
from pathlib import Path

import msgspec

from db.home import Home
from db.journal import Journal
from progress import Progress, silent
from settings import TaggerSettings
from tagger.gather import Inputs
from tagger.hashtags import hashtags
from tagger.outputs import Model, Outputs
from tagger.results import Tagged
from tagger.tagger import ANSWERED, Tagger
from tagger.writing import Writer

CHECKED = 500  # images that the journal is asked about at once
LOCK = "tagging.lock"


@dataclasses.dataclass
class Report:
    """Every input is in exactly one of the first five counts."""

    tagged: int = 0
    unchanged: int = 0  # what would be written is there already
    failed: int = 0  # unreadable, or one of its outputs could not be written
    others: int = 0  # files of folders that are no images by their names
    repeated: int = 0  # named more than once
    written: dict[str, int] = dataclasses.field(default_factory=dict)  # files by kind
    dry_run: bool = False
    run: int | None = None  # what `tag --undo` calls it; None where nothing was written
    seconds: float = 0.0
    images_per_second: float = 0.0


class Run:
    """One run over many images. Iterate for the answers; `report` is whole when that has ended."""

    def __init__(
        self,
        home: Home,
        tagger: Tagger,
        settings: TaggerSettings,
        outputs: Outputs,
        top: int | None = None,
        whole: bool = True,
    ) -> None:
        """`whole`: images that need no writing are answered too, as somebody reads the answers."""
        self._home, self._tagger, self._settings = home, tagger, settings
        self._outputs, self._top, self._whole = outputs, top, whole
        self._model = Model(tagger.model, tagger.generation)
        told = msgspec.to_builtins(settings).items()
        shown = sorted((key, value) for key, value in told if not key.startswith("watch_"))
        self._signature = outputs.signature(self._model, top, shown, tagger.manner)
        self.report = Report(dry_run=outputs.dry_run)

    @property
    def generation(self) -> str | None:
        return self._model.generation

    def close(self) -> None:
        self._tagger.close()

    def __call__(
        self, inputs: Inputs, progress: Progress = silent, wait: bool = False
    ) -> Iterator[Tagged]:
        """`wait` for another run that writes, instead of refusing to."""
        start, report = time.perf_counter(), self.report
        report.others += inputs.others
        report.repeated += inputs.repeated
        for folder, why in inputs.unreadable:
            yield self._counted(_unreadable(folder, why))
        with ExitStack() as stack:
            writer = self._writer(stack, wait)
            total = len(inputs.files)
            for done, answer in enumerate(self._answers(inputs.files, writer), start=1):
                progress("images", done, total)
                yield self._counted(answer)
            if writer is not None:
                report.run = writer.run
                for kind, count in writer.written.items():
                    report.written[kind] = report.written.get(kind, 0) + count
        report.seconds += round(time.perf_counter() - start, 3)
        if report.tagged:
            report.images_per_second = round(report.tagged / max(report.seconds, 1e-9), 1)

    def _writer(self, stack: ExitStack, wait: bool) -> Writer | None:
        if not self._outputs:
            return None
        if not self._outputs.dry_run:
            stack.enter_context(self._home.locked("tag", LOCK, wait))
        journal = stack.enter_context(Journal(self._home))
        return Writer(journal, self._outputs, self._model, self._signature, self.report.run)

    def _answers(self, files: Sequence[Path], writer: Writer | None) -> Iterator[Tagged]:
        pending: Iterator[Path] = iter(files)
        if writer is not None and not self._whole and not self._outputs.force:
            left = list[Path]()
            for path, unchanged in _checked(files, writer):
                if unchanged:
                    yield Tagged(str(path), status="unchanged")
                else:
                    left.append(path)
            files, pending = left, iter(left)
        answers = self._hashed(self._tagger.stream(pending, len(files), self._top))
        if writer is None:
            yield from answers
            return
        while part := list(islice(answers, ANSWERED)):
            yield from writer(part)

    def _hashed(self, answers: Iterator[Tagged]) -> Iterator[Tagged]:
        if not self._outputs.hashtags:
            return answers
        limit, style = self._settings.hashtags, self._settings.hashtag_style
        return (
            dataclasses.replace(
                answer, hashtags=hashtags([given.tag for given in answer.tags], limit, style)
            )
            for answer in answers
        )

    def _counted(self, answer: Tagged) -> Tagged:
        name = answer.status
        setattr(self.report, name, getattr(self.report, name) + 1)
        return answer


def _checked(files: Sequence[Path], writer: Writer) -> Iterator[tuple[Path, bool]]:
    for start in range(0, len(files), CHECKED):
        part = files[start : start + CHECKED]
        yield from zip(part, writer.unchanged(part), strict=True)


def _unreadable(folder: str, why: str) -> Tagged:
    return Tagged(folder, f"{folder} cannot be read: {why} (check permissions)", status="failed")

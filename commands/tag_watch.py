"""pairdex tag --watch FOLDER: tags what arrives, until Ctrl-C."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from commands.context import Session, plain

if TYPE_CHECKING:
    from commands.tag_output import Printer
    from tagger.many import Run


def watch_folder(current: Session, folder: Path, recursive: bool, run: Run, out: Printer) -> None:
    """Files that cannot be read are told and passed over: more will come."""
    from tagger.gather import Inputs
    from tagger.watch import Arrivals

    settings = current.settings.tagger
    out.begin(run.generation)
    rest = (settings.watch_settle, settings.watch_rescan)
    with Arrivals(folder, recursive, *rest) as arrivals, _stopped_by_signals(arrivals.stop):
        current.err.print(f"watching {plain(str(folder))}, Ctrl-C ends", soft_wrap=True)
        for files in arrivals:
            inputs = Inputs(files=files, unreadable=arrivals.unreadable[:])
            arrivals.unreadable.clear()
            for answer in run(inputs, wait=True):
                out.answer(answer)
            current.err.print(f"{run.report.tagged} tagged, {run.report.failed} failed so far")
    out.end(run.report)


@contextmanager
def _stopped_by_signals(stop: Callable[[], None]) -> Iterator[None]:
    """The first Ctrl-C (or SIGTERM, by which services are ended) ends it after the files at hand;
    the second ends it at once."""

    def heard(number: int, _frame: FrameType | None) -> None:
        signal.signal(number, before[signal.Signals(number)])
        stop()

    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    for number in before:
        signal.signal(number, heard)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

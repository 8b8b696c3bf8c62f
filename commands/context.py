"""What every command gets: the home, its settings, two consoles and the progress bar."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from progress import Progress, silent

if TYPE_CHECKING:
    from rich.console import Console

    from settings import Settings

JsonFlag = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]


@dataclass(frozen=True)
class Session:
    home: Path
    flags: tuple[str, ...]
    quiet: bool

    @cached_property
    def settings(self) -> Settings:
        from settings import load_settings

        return load_settings(self.home, flags=self.flags)

    @cached_property
    def out(self) -> Console:
        from rich.console import Console

        return Console(highlight=False)

    @cached_property
    def err(self) -> Console:
        from rich.console import Console

        return Console(stderr=True, highlight=False, quiet=self.quiet)

    @contextmanager
    def progress(self) -> Iterator[Progress]:
        """A bar per stage on a terminal; in a log, a line when a stage ends."""
        if self.quiet:
            yield silent
        elif self.err.is_terminal:
            with _bars(self.err) as report:
                yield report
        else:
            yield _lines(self.err)


def session(context: typer.Context) -> Session:
    found = context.obj
    assert isinstance(found, Session)
    return found


def print_json(value: object) -> None:
    """One JSON document on stdout, and nothing else."""
    sys.stdout.buffer.write(json_text(value, indent=2).encode("utf-8") + b"\n")
    sys.stdout.flush()


def json_text(value: object, indent: int | None = None) -> str:
    """JSON on one line, or indented."""
    import json

    text = json.dumps(value, ensure_ascii=False, indent=indent)
    # A file name that is not UTF-8 holds lone surrogates: escaped, so that the document is sound
    # and the name can be had back from it.
    return re.sub("[\ud800-\udfff]", lambda found: f"\\u{ord(found.group()):04x}", text)


def bar(score: float, width: int = 10) -> str:
    """A score from 0 to 1 at a glance: a bar and two digits."""
    full = round(max(0.0, min(1.0, score)) * width)
    return f"[green]{'━' * full}[/][dim]{'─' * (width - full)}[/] {score:.2f}"


def plain(text: str) -> str:
    """Text of the catalog, which must not be read as markup or move the cursor."""
    from rich.markup import escape

    from errors import printable

    return escape(printable(text))


def fault(line: str) -> None:
    """What went wrong with a part, told whatever --quiet says: in silence it would be lost."""
    from errors import printable

    print(printable(line), file=sys.stderr)


@contextmanager
def _bars(console: Console) -> Iterator[Progress]:
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    columns = (
        TextColumn("{task.description:<12}"),
        BarColumn(bar_width=30),
        MofNCompleteColumn(),
        TimeRemainingColumn(compact=True, elapsed_when_finished=True),
        TextColumn("{task.fields[note]}"),
    )
    with Bars(*columns, console=console) as bars:
        tasks: dict[str, int] = {}

        def report(stage: str, done: int, total: int, note: str = "") -> None:
            if stage not in tasks:
                tasks[stage] = bars.add_task(stage, total=total or None, note=note)
            bars.update(tasks[stage], completed=done, total=total or None, note=note)  # type: ignore[arg-type]  # TaskID is an int

        yield report


def _lines(console: Console) -> Progress:
    def report(stage: str, done: int, total: int, note: str = "") -> None:
        if total and done >= total:
            console.print(f"{stage}: {done}/{total} {note}".rstrip(), markup=False, soft_wrap=True)

    return report

"""What `tag` prints: tables for people, JSON, JSON Lines or CSV for programs."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from commands.context import Session, bar, fault, json_text, plain, print_json

if TYPE_CHECKING:
    from tagger.many import Report
    from tagger.outputs import Outputs
    from tagger.results import Tagged

SCHEMA = "pairdex.tag.v1"
_COLUMNS = (
    "path", "status", "error", "tags", "scores", "caption", "caption_of", "nearest", "hashtags",
    "content", "written", "label", "label_score",
)  # fmt: skip


def printer(form: str, current: Session, asked: Outputs) -> Printer:
    kinds = {"json": Whole, "jsonl": Lines, "csv": Table}
    if form in kinds:
        return kinds[form](current, asked)
    return Account(current, asked) if asked else People(current, asked)


class Printer:
    """Told of each answer as it comes, then of the whole run."""

    captions_only = False  # nothing else was asked for
    on_terminal = False  # what is printed would tear a progress bar apart

    def __init__(self, current: Session, asked: Outputs) -> None:
        self.current, self.asked = current, asked

    def begin(self, generation: str | None) -> None:
        """Before the first answer."""

    def answer(self, answer: Tagged) -> None:
        raise NotImplementedError

    def end(self, report: Report) -> None:
        """After the last."""
        self.notes(report)

    def fail(self, answer: Tagged) -> None:
        fault(f"error: {answer.error}")

    def notes(self, report: Report) -> None:
        from rich.markup import escape

        for line in summary(report):
            self.current.err.print(escape(line), soft_wrap=True)


class Whole(Printer):
    """One document, when all is done: all answers are in memory until then."""

    def __init__(self, current: Session, asked: Outputs) -> None:
        super().__init__(current, asked)
        self._body: dict[str, Any] = {"schema": SCHEMA}
        self._images: list[Any] = []

    def begin(self, generation: str | None) -> None:
        self._body["generation"] = generation

    def answer(self, answer: Tagged) -> None:
        self._images.append(_builtins(answer))

    def end(self, report: Report) -> None:
        print_json(self._body | {"images": self._images, "report": _builtins(report)})


class Lines(Printer):
    """A line per image; what stands in a line is what stands under `images` in the document."""

    def answer(self, answer: Tagged) -> None:
        text = json_text(_builtins(answer))
        sys.stdout.buffer.write(text.encode() + b"\n")
        sys.stdout.buffer.flush()


class Table(Printer):
    def begin(self, _generation: str | None) -> None:
        self._row(_COLUMNS)

    def answer(self, answer: Tagged) -> None:
        best, label = answer.captions[:1], answer.label[:1]
        self._row(
            (
                answer.path,
                answer.status,
                answer.error or "",
                "; ".join(given.tag for given in answer.tags),
                "; ".join(f"{given.score:.4f}" for given in answer.tags),
                *((best[0].caption, best[0].id) if best else ("", "")),
                "; ".join(near.id for near in answer.nearest),
                answer.hashtags,
                answer.content,
                "; ".join(answer.written),
                *((label[0].value, f"{label[0].score:.4f}") if label else ("", "")),
            )
        )

    def _row(self, cells: tuple[str, ...]) -> None:
        import csv
        import io

        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerow(cells)
        # File names as the file system has them, whatever their bytes.
        sys.stdout.buffer.write(text.getvalue().encode("utf-8", "surrogateescape"))
        sys.stdout.buffer.flush()


class Account(Printer):
    """Where something is written, the report is the result; in a dry run, the files before it."""

    def answer(self, answer: Tagged) -> None:
        if answer.error:
            self.fail(answer)
        if self.asked.dry_run:
            for path in answer.written:
                self.current.out.print(f"would write {plain(path)}", soft_wrap=True)

    def notes(self, report: Report) -> None:
        for line in summary(report):
            self.current.out.print(plain(line), soft_wrap=True)


class People(Printer):
    """A small table per image."""

    def __init__(self, current: Session, asked: Outputs) -> None:
        super().__init__(current, asked)
        self.on_terminal = sys.stdout.isatty()
        self._index = True

    def begin(self, generation: str | None) -> None:
        self._index = generation is not None

    def answer(self, answer: Tagged) -> None:
        if answer.error:
            self.fail(answer)
        else:
            show(self.current, answer, tags=not self.captions_only)

    def end(self, report: Report) -> None:
        if not self._index:
            self.current.err.print(
                "no index yet: captions and nearest items need `pairdex index build`"
            )
        if report.tagged + report.failed + report.others + report.repeated > 1:
            self.notes(report)


def show(current: Session, answer: Tagged, tags: bool = True) -> None:
    from rich.table import Table as Rows

    current.out.print(plain(answer.path), style="italic", soft_wrap=True)
    table = Rows(box=None, pad_edge=False, show_header=False)
    table.add_column(no_wrap=True, style="dim")
    table.add_column(no_wrap=True)
    table.add_column()
    for number, given in enumerate(answer.tags):
        table.add_row("" if number else "tags", bar(given.score), plain(given.tag))
    if tags and not answer.tags:
        table.add_row("tags", "", "none is sure enough")
    for number, value in enumerate(answer.label):
        table.add_row("" if number else "label", bar(value.score), plain(value.value))
    for number, match in enumerate(answer.captions):
        table.add_row("" if number else "captions", bar(match.score), plain(match.caption))
    if answer.nearest:
        near = "  ".join(f"{item.id} ({item.score:.2f})" for item in answer.nearest)
        table.add_row("nearest", "", plain(near))
    current.out.print(table)
    if answer.hashtags:
        current.out.print(plain(answer.hashtags), soft_wrap=True)


def summary(report: Report) -> list[str]:
    """The run in two lines at most."""
    counts = {
        "tagged": report.tagged,
        "unchanged": report.unchanged,
        "failed": report.failed,
        "no images": report.others,
        "named twice": report.repeated,
    }
    shown = [f"{count} {name}" for name, count in counts.items() if count or name == "tagged"]
    line = ", ".join(shown) + f" in {report.seconds:.1f} s"
    if report.tagged > 1:
        line += f" ({report.images_per_second:.0f} images/s)"
    lines = [line]
    if report.written:
        files = ", ".join(f"{count} {kind}" for kind, count in sorted(report.written.items()))
        lines.append(f"written: {files} (run {report.run}; `pairdex tag --undo {report.run}`)")
    return lines


def _builtins(value: object) -> Any:
    import msgspec

    return msgspec.to_builtins(value)

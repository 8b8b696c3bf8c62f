"""pairdex review: doubtful tags and matches asked one by one, or as files."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from commands.context import JsonFlag, Session, print_json, session
from errors import QueryError

if TYPE_CHECKING:
    from db.questions import Kind, Question
    from review import Review

SCHEMA, ANSWERS = "pairdex.review.v1", "pairdex.answers.v1"


def review(
    context: typer.Context,
    images: Annotated[
        list[Path] | None,
        typer.Argument(
            help="Images or folders to ask about; else the catalog and what was tagged since.",
            show_default=False,
        ),
    ] = None,
    count: Annotated[int, typer.Option("--count", "-n", min=1, help="Most questions.")] = 50,
    kind: Annotated[
        Literal["all", "tag", "match"],
        typer.Option("--kind", help="Ask about tags, about matches of words and images, or both."),
    ] = "all",
    json: JsonFlag = False,
    answers: Annotated[
        Path | None,
        typer.Option(
            "--answers",
            metavar="FILE",
            help="Take answers from a file, JSON Lines or CSV; - is stdin.",
            show_default=False,
        ),
    ] = None,
    export: Annotated[
        bool, typer.Option("--export", help="Print every answer as CSV, or with --json.")
    ] = False,
    preview: Annotated[
        str,
        typer.Option(
            "--preview",
            metavar="auto|kitty|iterm|sixel|blocks|none",
            help="How pictures are shown.",
        ),
    ] = "auto",
) -> None:
    """Ask about the most doubtful tags and matches; `refit` learns from the answers.

    One key an answer: y yes, n no, s skip, u take the last one back, q leave. Without a terminal,
    --json prints the queue and --answers takes the answers.
    """
    current = session(context)
    if sum((export, answers is not None, bool(images))) > 1:
        raise QueryError("--export, --answers and images do not go together", "", "give one")
    if export:
        _export(current, json)
        return
    if answers is not None:
        from commands.review_answers import take

        take(current, answers, json)
        return
    kinds: tuple[Kind, ...] = ("tag", "match") if kind == "all" else (kind,)
    if images and kind == "match":
        raise QueryError("named images are asked about their tags", "", "leave out --kind match")
    if not json and not (sys.stdin.isatty() and current.out.is_terminal):
        raise QueryError(
            "questions need a terminal", "this is none",
            "--json prints the queue, --answers FILE takes the answers",
        )  # fmt: skip
    with _opened(current) as opened:
        found = _queue(current, opened, images or [], count, kinds)
        if json:
            print_json(document(found))
            return
        from commands.review_ask import ask_all

        ask_all(current, opened, found, preview)


def _opened(current: Session) -> Review:
    from commands.model import ensure_model
    from review import Review

    ensure_model(current)
    return Review.open(current.home, current.settings)


def _queue(
    current: Session, opened: Review, named: list[Path], count: int, kinds: tuple[Kind, ...]
) -> list[Question]:
    from tagger.gather import gather

    files = gather(named).files if named else None
    if files == []:
        raise QueryError("there is nothing to ask about", "no image is named", "name images")
    with current.progress() as progress:
        return opened.queue(count, kinds, files, progress)


def document(questions: list[Question], schema: str = SCHEMA) -> dict[str, Any]:
    import dataclasses

    of_answers = {"answer", "turn", "source", "answered"}
    rows = []
    for one in questions:
        row = dataclasses.asdict(one)
        row["question"] = row.pop("id")
        left = of_answers if schema == SCHEMA else {"turn"}
        names = ("question", *(name for name in row if name != "question" and name not in left))
        rows.append({name: row[name] for name in names})
    return {"schema": schema, "questions" if schema == SCHEMA else "answers": rows}


def _export(current: Session, json: bool) -> None:
    from db.store import Store
    from review import Answers

    with Store.open(current.home) as store:
        body = document(Answers(store).all(), ANSWERS)
    if json:
        print_json(body)
        return
    import csv
    import io

    text = io.StringIO()
    columns = (
        *("question", "kind", "item", "image", "tag", "query", "answer"),
        *("said", "score", "source", "answered", "content", "model"),
    )
    writer = csv.DictWriter(text, columns, extrasaction="ignore")
    writer.writeheader()
    writer.writerows(body["answers"])
    sys.stdout.buffer.write(text.getvalue().encode("utf-8", "backslashreplace"))
    sys.stdout.flush()

"""`pairdex review --answers FILE`."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path

import typer

from commands.context import Session, fault, print_json
from errors import QueryError

SCHEMA = "pairdex.review-answers.v1"


def take(current: Session, file: Path, json: bool) -> None:
    from db.store import Store
    from review.answer_file import take as taken_of
    from review.answers import Answers

    name = "stdin" if str(file) == "-" else str(file)
    data = _read(file)
    with Store.open(current.home) as store:
        taken = taken_of(Answers(store), data, name)
    if json:
        wrong = [{"line": line, "error": why} for line, why in taken.wrong]
        print_json({"schema": SCHEMA} | dataclasses.asdict(taken) | {"wrong": wrong})
    else:
        current.out.print(
            f"{taken.new} new answers, {taken.same} as before, {taken.blank} rows without one, "
            f"{len(taken.wrong)} that cannot be taken"
        )
    for line, why in taken.wrong:
        fault(f"{name}, line {line}: {why}")
    if taken.wrong:
        raise typer.Exit(QueryError.exit_code)


def _read(file: Path) -> bytes:
    if str(file) == "-":
        return sys.stdin.buffer.read()
    try:
        return file.read_bytes()
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise QueryError(f"--answers {file} cannot be read", reason, "check the path") from None

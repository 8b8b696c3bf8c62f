"""`search --queries FILE`: thousands of searches to JSON Lines, in the order of the file."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from commands.context import Session, fault, json_text
from errors import PairdexError, QueryError

if TYPE_CHECKING:
    from search import Request

SCHEMA = "pairdex.search-line.v1"
SOME_WRONG = QueryError.exit_code
# Fields of a line that is a JSON object, as the options are called.
_NAMES = {"query": "text", "image": "images", "not": "without", "tag": "tags"}
_LISTS = ("images", "like", "without", "tags", "good", "bad")


@dataclasses.dataclass(frozen=True)
class Line:
    number: int  # from 1, as editors count
    id: str | int | None
    request: Request | QueryError


def answer_all(session: Session, file: Path, base: Request) -> int:
    """Answers to stdout; returns the exit code. `base` is what each line has unless it says so."""
    from search import Searcher

    with ExitStack() as stack:
        source, total = _opened(file, stack)
        searcher = stack.enter_context(Searcher.open(session.home, session.settings))
        report = stack.enter_context(session.progress())
        lines: list[Line] = []  # read, not yet answered
        wrong = done = 0

        def asked() -> Iterator[Request]:
            for line in read_lines(source, base):
                lines.append(line)
                # A wrong line keeps its place: an empty request is refused without any work.
                yield line.request if not isinstance(line.request, QueryError) else _empty(base)

        for answer in searcher.search_many(asked()):
            line = lines.pop(0)
            if isinstance(line.request, QueryError):
                answer = line.request
            wrong += isinstance(answer, PairdexError)
            body = {"schema": SCHEMA, "line": line.number, "id": line.id} | _said(answer)
            sys.stdout.buffer.write(json_text(body).encode() + b"\n")
            done += 1
            if done % 64 == 0:
                report("queries", done, max(total, done))
        sys.stdout.flush()
        if done:
            report("queries", done, done, f"{wrong} with errors" if wrong else "")
    if wrong:
        fault(f"{wrong} of {done} lines have an error: see their key `error`")
    return SOME_WRONG if wrong else 0


def _empty(base: Request) -> Request:
    return type(base)()


def _said(answer: Any) -> dict[str, Any]:
    if isinstance(answer, PairdexError):
        return {"error": str(answer), "code": answer.exit_code}
    said: dict[str, Any] = msgspec.to_builtins(answer)
    return said


def _opened(file: Path, stack: ExitStack) -> tuple[Iterable[bytes], int]:
    """The lines, and how many there are, 0 where that shows only at the end."""
    if str(file) == "-":
        return sys.stdin.buffer, 0
    try:
        with file.open("rb") as counted:
            total = sum(1 for _ in counted)
        return stack.enter_context(file.open("rb")), total
    except OSError as error:
        raise QueryError(
            f"{file} cannot be read", str(error.strerror), "name a file with a query per line"
        ) from None


def read_lines(source: Iterable[bytes], base: Request) -> Iterator[Line]:
    """Empty lines are passed over. A line that begins with { is a JSON object."""
    for number, raw in enumerate(source, start=1):
        try:
            text = raw.decode("utf-8-sig" if number == 1 else "utf-8").strip()
        except UnicodeDecodeError:
            error = QueryError(f"line {number} is no UTF-8", "", "save the file as UTF-8")
            yield Line(number, None, error)
            continue
        if text.startswith("{"):
            yield _from_json(number, text, base)
        elif text:
            yield Line(number, None, dataclasses.replace(base, text=text))


def _from_json(number: int, text: str, base: Request) -> Line:
    from search.stored import request_of

    mark: str | int | None = None
    try:
        fields = msgspec.json.decode(text, type=dict[str, Any])
        mark = fields.pop("id", None)
        if not isinstance(mark, str | int | None):
            mark = None
            raise msgspec.ValidationError("`id` must be a text or a whole number")
        given = {
            _NAMES.get(name.replace("-", "_"), name.replace("-", "_")): value
            for name, value in fields.items()
        }
        known = {field.name for field in dataclasses.fields(base)}
        if unknown := sorted(set(given) - known):
            raise msgspec.ValidationError(f"`{unknown[0]}` is not known")
        for name in _LISTS:
            if isinstance(given.get(name), str):
                given[name] = [given[name]]
        checked = request_of(given)
        changed = {name: getattr(checked, name) for name in given}
        return Line(number, mark, dataclasses.replace(base, **changed))
    except msgspec.MsgspecError as error:
        reason = str(error).removeprefix("JSON is malformed: ").strip()
        reason = reason[:1].lower() + reason[1:]
        return Line(number, mark, QueryError(f"line {number} cannot be read", reason))

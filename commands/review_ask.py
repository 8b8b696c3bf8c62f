"""One question after another on a terminal, one key an answer."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from commands.context import Session, bar, plain
from commands.search_preview import CHOICES, thumbnail
from errors import QueryError

if TYPE_CHECKING:
    from db.questions import Question
    from review import Answers

COLUMNS, ROWS = 36, 18  # cells of the picture
KEYS = {"y": "yes", "n": "no", "s": "skip"}
LEGEND = "[b]y[/] yes  [b]n[/] no  [b]s[/] skip  [b]u[/] undo  [b]q[/] leave"


def ask_all(
    current: Session,
    answers: Answers,
    questions: Sequence[Question],
    preview: str,
    key: Callable[[], str] | None = None,
) -> None:
    """Until the last one, `q` or the end of the input; each answer is stored at once."""
    from commands.terminal import graphics, read_key

    how = _protocol(preview, graphics)
    if not questions:
        current.out.print("nothing is doubtful that was not asked already")
        return
    given: list[Question] = []
    key, place = key or read_key, 0
    while place < len(questions):
        _show(current, questions[place], place + 1, len(questions), how)
        pressed = key().lower()
        if pressed in KEYS:
            given.append(answers.answer(questions[place].id, KEYS[pressed]))
            current.out.print(f"  → {KEYS[pressed]}\n")
            place += 1
        elif pressed == "u" and given:
            answers.take_back(given.pop().id)
            current.out.print("  → taken back\n")
            place -= 1
        elif pressed in ("q", "", "\x03", "\x04"):
            break
    _tell(current, given, len(questions))


def _show(current: Session, one: Question, number: int, total: int, how: str) -> None:
    from commands.pictures import sequence
    from commands.terminal import cell

    if how:
        width, height = cell()
        picture = thumbnail(Path(one.image), (COLUMNS * width, ROWS * height), blank=True)
        sys.stdout.write(sequence(picture, how, COLUMNS, ROWS) + "\n")
        sys.stdout.flush()
    out = current.out
    about = f"Does it show [b]{plain(one.tag)}[/]?"
    if one.kind == "match":
        about = f"Does it answer [b]{plain(one.query)}[/]?"
    said = {True: "the catalog says yes", False: "the catalog says no", None: ""}[one.said]
    place = plain(one.item or one.image)
    out.print(f"[dim]{number}/{total}[/]  {about}")
    score = "" if one.score is None else bar(one.score)
    out.print(f"      {score}  [dim]{said}  {place}[/]", soft_wrap=True)
    out.print(f"      {LEGEND}")


def _tell(current: Session, given: Sequence[Question], total: int) -> None:
    counts = Counter[str](one.answer for one in given)
    told = ", ".join(f"{counts[verdict]} {verdict}" for verdict in KEYS.values())
    current.out.print(f"{len(given)} of {total} answered: {told}")
    if counts["yes"] + counts["no"]:
        current.out.print("next: pairdex refit")


def _protocol(wanted: str, graphics: Callable[[], str]) -> str:
    if wanted == "none":
        return ""
    if wanted not in CHOICES:
        known = f"it is one of {', '.join((*CHOICES, 'none'))}"
        raise QueryError(f"--preview {wanted} is not known", "", known)
    # A picture made of characters is better than none: it is what the question is about.
    return (graphics() or "blocks") if wanted == "auto" else wanted

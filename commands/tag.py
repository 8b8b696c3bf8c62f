"""pairdex tag IMAGE…"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from commands.context import JsonFlag, Session, bar, plain, print_json, session

if TYPE_CHECKING:
    from tagger import Tagged

SCHEMA = "pairdex.tag.v1"
UNREADABLE = 5  # the exit code of an ImageError


def tag(
    context: typer.Context,
    images: Annotated[list[Path], typer.Argument(help="Image files, in the catalog or not.")],
    top: Annotated[
        int | None, typer.Option("--top", "-n", min=1, help="Most tags.", show_default=False)
    ] = None,
    json: JsonFlag = False,
) -> None:
    """Give images their tags, best captions and nearest items."""
    from commands.model import ensure_model
    from tagger import Tagger

    current = session(context)
    ensure_model(current)
    tagger = Tagger.open(current.home, current.settings)
    answers = tagger.tag(images, top)
    if json:
        import msgspec

        body = {"schema": SCHEMA, "generation": tagger.generation}
        print_json(body | {"images": msgspec.to_builtins(answers)})
    else:
        for answer in answers:
            _show(current, answer)
        if tagger.generation is None:
            current.err.print("no index yet: captions and nearest items need `pairdex index build`")
    if any(answer.error for answer in answers):
        raise typer.Exit(UNREADABLE)


def _show(current: Session, answer: Tagged) -> None:
    from rich.table import Table

    if answer.error:
        current.err.print(f"error: {answer.error}", markup=False, soft_wrap=True)
        return
    current.out.print(plain(answer.path), style="italic", soft_wrap=True)
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(no_wrap=True, style="dim")
    table.add_column(no_wrap=True)
    table.add_column()
    for number, given in enumerate(answer.tags):
        table.add_row("" if number else "tags", bar(given.score), plain(given.tag))
    if not answer.tags:
        table.add_row("tags", "", "none is sure enough")
    for number, match in enumerate(answer.captions):
        table.add_row("" if number else "captions", bar(match.score), plain(match.caption))
    if answer.nearest:
        near = "  ".join(f"{item.id} ({item.score:.2f})" for item in answer.nearest)
        table.add_row("nearest", "", plain(near))
    current.out.print(table)

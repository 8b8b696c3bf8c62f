"""pairdex search QUERY"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from commands import refining
from commands.context import JsonFlag, Session, bar, plain, print_json, session

if TYPE_CHECKING:
    from search import SearchResult

SCHEMA = "pairdex.search.v1"


def search(
    context: typer.Context,
    query: Annotated[
        str, typer.Argument(help="What you are looking for, in your own words.", show_default=False)
    ] = "",
    top: Annotated[
        int | None, typer.Option("--top", "-n", min=1, help="How many results.", show_default=False)
    ] = None,
    where: Annotated[
        str,
        typer.Option(
            "--where",
            metavar="FILTER",
            help='Only items that it holds for: "type=fire and height<2".',
            show_default=False,
        ),
    ] = "",
    tag: Annotated[
        list[str] | None,
        typer.Option("--tag", help="Only items with this tag; may be given again."),
    ] = None,
    split: Annotated[
        str, typer.Option("--split", help="Only items of train, val or test.", show_default=False)
    ] = "",
    offset: refining.Offset = 0,
    cursor: refining.Cursor = "",
    min_score: refining.MinScore = None,
    group: refining.Group = True,
    diversity: refining.Diversity = 0.0,
    good: refining.Good = None,
    bad: refining.Bad = None,
    save: refining.Save = "",
    saved: refining.Saved = "",
    html: Annotated[
        Path | None,
        typer.Option("--html", help="Also write a page with pictures.", show_default=False),
    ] = None,
    json: JsonFlag = False,
) -> None:
    """Find items of the catalog by words."""
    from search import Request, Searcher

    current = session(context)
    given = Request(
        text=query,
        where=where,
        tags=tuple(tag or ()),
        split=split,
        good=tuple(good or ()),
        bad=tuple(bad or ()),
        top=top,
        offset=offset,
        cursor=cursor,
        min_score=min_score,
        group=group,
        diversity=diversity,
    )
    request = refining.with_saved(current.home, saved, given)
    result = Searcher.open(current.home, current.settings).search(request)
    for note in refining.store_given(current.home, given, request, result, save):
        current.err.print(note, markup=False, soft_wrap=True)
    if html is not None:
        from commands.page import write_page

        write_page(html, result)
    if json:
        import msgspec

        print_json({"schema": SCHEMA} | msgspec.to_builtins(result))
    else:
        _show(current, result)


def _show(current: Session, result: SearchResult) -> None:
    from rich.table import Table

    if result.no_match:
        current.out.print("[bold]Nothing matches.[/] The nearest are:")
    table = Table(box=None, pad_edge=False, header_style="dim", expand=True)
    table.add_column("#", justify="right", min_width=2)
    table.add_column("score", no_wrap=True, min_width=15)
    table.add_column("name", style="bold", no_wrap=True, overflow="ellipsis", min_width=12)
    # One line per hit, whatever the width: --json and --html have all of it.
    table.add_column("caption", ratio=3, no_wrap=True, overflow="ellipsis")
    table.add_column("tags", ratio=2, no_wrap=True, overflow="ellipsis", style="cyan")
    for hit in result.results or result.nearest:
        name, tags = hit.name or hit.id, " ".join(hit.tags)
        table.add_row(str(hit.rank), bar(hit.score), *map(plain, (name, hit.caption, tags)))
    current.out.print(table)
    note = f"{len(result.results)} results in {result.took_ms} ms, generation {result.generation}"
    current.out.print(note, style="dim")

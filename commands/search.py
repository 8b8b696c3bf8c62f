"""pairdex search QUERY"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from commands import refining
from commands import search_options as options
from commands.context import JsonFlag, Session, session
from errors import NOTHING_MATCHES, QueryError

if TYPE_CHECKING:
    from search import SearchResult


def search(
    context: typer.Context,
    query: options.Query = "",
    image: options.Images = None,
    like: options.Like = None,
    not_: options.Without = None,
    where: options.Where = "",
    tag: options.Tags = None,
    split: options.Split = "",
    good: refining.Good = None,
    bad: refining.Bad = None,
    top: options.Top = None,
    offset: refining.Offset = 0,
    cursor: refining.Cursor = "",
    min_score: refining.MinScore = None,
    group: refining.Group = True,
    diversity: refining.Diversity = 0.0,
    correct: refining.Correct = True,
    save: refining.Save = "",
    saved: refining.Saved = "",
    explain: options.Explain = False,
    preview: options.Preview = "",
    html: options.Html = None,
    open_: options.Open = False,
    queries: options.Queries = None,
    json: JsonFlag = False,
    jsonl: options.JsonLines = False,
    csv: options.Csv = False,
    paths: options.Paths = False,
    null: options.Null = False,
) -> None:
    """Find items of the catalog by words, pictures, and what the catalog says of them.

    Exit code 9: nothing matches.
    """
    from commands import search_formats
    from search import Request, Searcher

    current = session(context)
    form = search_formats.chosen(null, json=json, jsonl=jsonl, csv=csv, paths=paths)
    given = Request(
        text=query,
        images=tuple(image or ()),
        like=tuple(like or ()),
        without=tuple(not_ or ()),
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
        correct=correct,
        explain=explain,
    )
    request = refining.with_saved(current.home, saved, given)
    if queries is not None:
        from commands.search_queries import answer_all

        beside = (preview, html, open_, save, given.text, jsonl or not form)
        if any(beside[:-1]) or not beside[-1]:
            why = "each line is a search, and the answers are JSON Lines"
            raise QueryError("--queries stands alone", why, "only options of a search go with it")
        raise typer.Exit(answer_all(current, queries, request))
    how = _preview(current, preview, form) if preview else ""
    request.checked()
    with Searcher.open(current.home, current.settings) as searcher:
        result = searcher.search(request)
    for note in refining.store_given(current.home, given, request, result, save):
        current.err.print(note, markup=False, soft_wrap=True)
    show(current, result, form, null, explain, how)
    if html is not None:
        from commands.page import write_page

        write_page(html, result)
    if open_:
        open_results(result, html)
    if result.no_match:
        raise typer.Exit(NOTHING_MATCHES)


def _preview(current: Session, wanted: str, form: str) -> str:
    from commands.search_preview import protocol

    if form:
        raise QueryError(f"--preview and --{form} do not go together", "", "give one of them")
    return protocol(wanted, current)


def show(
    current: Session, result: SearchResult, form: str, null: bool, explain: bool, how: str
) -> None:
    from commands import search_formats, search_preview, search_table

    if form:
        search_formats.write(form, result, null)
        if form != "json":  # what a person should know goes to where it disturbs no program
            for line in search_table.above(result):
                current.err.print(line.removesuffix(" The nearest are:"), soft_wrap=True)
        if form == "paths" and not null and any("\n" in hit.image for hit in result.results):
            current.err.print("a path holds a line break: -0 ends each with NUL")
        return
    if how:
        search_preview.show(current.out, result.results or result.nearest, how)
    search_table.show(current.out, result, explain)


def open_results(result: SearchResult, html: Path | None, first: int = 0) -> None:
    """The page where there is one, else the pictures of the hits."""
    from commands.opening import open_files

    hits = result.results or result.nearest
    files: Sequence[Path] = [html] if html else [Path(hit.image) for hit in hits[first:]]
    if files:
        open_files(files)

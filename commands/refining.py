"""Options of `pairdex search` for what comes after the judge: pages, groups, judgements, names."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from pathlib import Path

    from search import Request, SearchResult

Offset = Annotated[
    int, typer.Option("--offset", min=0, help="Leave out so many results first.", metavar="COUNT")
]
Cursor = Annotated[
    str,
    typer.Option("--cursor", help="Go on where an earlier page ended.", show_default=False),
]
MinScore = Annotated[
    float | None,
    typer.Option("--min-score", min=0, max=1, help="Leave out what scores less.", metavar="SCORE"),
]
Group = Annotated[
    bool,
    typer.Option("--group/--no-group", help="Fold near duplicates and variants under their best."),
]
Correct = Annotated[
    bool,
    typer.Option(
        "--correct/--no-correct", help="Answer what is surely misspelt as the word that is meant."
    ),
]
Diversity = Annotated[
    float,
    typer.Option(
        "--diversity", min=0, max=1, help="From 0, by score alone, to 1, as different as possible."
    ),
]
Good = Annotated[
    list[str] | None,
    typer.Option("--good", metavar="ID", help="An item that answers the query; is remembered."),
]
Bad = Annotated[
    list[str] | None,
    typer.Option("--bad", metavar="ID", help="One that does not; is remembered."),
]
Save = Annotated[
    str, typer.Option("--save", metavar="NAME", help="Keep this search.", show_default=False)
]
Saved = Annotated[
    str,
    typer.Option(
        "--saved",
        metavar="NAME",
        help="A search that was kept; what is given beside it goes first.",
        show_default=False,
    ),
]


def with_saved(home: Path, name: str, given: Request) -> Request:
    """A saved search with what is given beside it in its place."""
    if not name:
        return given
    from db.store import Store
    from search.stored import take

    with Store.open(home) as store:
        saved = take(store, name)
    bare = type(given)()
    fields = (field.name for field in dataclasses.fields(given))
    changed = {n: getattr(given, n) for n in fields if getattr(given, n) != getattr(bare, n)}
    return dataclasses.replace(saved, **changed)


def store_given(
    home: Path, given: Request, asked: Request, result: SearchResult, name: str
) -> list[str]:
    """Keep the judgements that were given and the search itself; returns what to tell of it.

    `asked` is what was searched for: `given`, or a saved search with it.
    """
    notes: list[str] = []
    if not (name or given.good or given.bad):
        return notes
    from db.store import Store
    from search.feedback import record
    from search.stored import keep

    with Store.open(home) as store:
        said = dataclasses.replace(asked, good=given.good, bad=given.bad)
        count = record(store, said, result)
        if count:
            notes.append(f"{count} {'judgement' if count == 1 else 'judgements'} stored")
        if name:
            replaced = keep(store, name, asked)
            notes.append(f"saved as {name!r}" + (", in place of the earlier" if replaced else ""))
    return notes

"""pairdex judgements: what was said of results, `search --good` and `--bad`, and its way out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from commands.context import JsonFlag, Session, plain, print_json, session

if TYPE_CHECKING:
    from db.judgements import Judgement

app = typer.Typer(no_args_is_help=True, help="What was called good and bad among results.")

QueryOption = Annotated[
    str | None,
    typer.Option("--query", metavar="TEXT", help="Those of one query.", show_default=False),
]


@app.command("list")
def list_(context: typer.Context, query: QueryOption = None, json: JsonFlag = False) -> None:
    """List the judgements, the newest first."""
    from search.feedback import document

    current = session(context)
    found = _of(current, query)[::-1]
    if json:
        print_json(document(found))
    elif found:
        _table(current, found)
    else:
        current.out.print("there are no judgements: search --good ID and --bad ID make some")


@app.command()
def remove(
    context: typer.Context,
    numbers: Annotated[
        list[int] | None,
        typer.Argument(help="Numbers of the list.", metavar="[NUMBER]...", show_default=False),
    ] = None,
    query: QueryOption = None,
    all_: Annotated[bool, typer.Option("--all", help="All of them.")] = False,
) -> None:
    """Take judgements back."""
    from db.store import Store
    from errors import QueryError

    if sum((bool(numbers), query is not None, all_)) != 1:
        raise QueryError(
            "say which judgements", "", "give numbers of the list, --query TEXT or --all"
        )
    current = session(context)
    chosen = list(numbers or []) if query is None else [one.id for one in _of(current, query)]
    with Store.open(current.home) as store:
        known = {one.id for one in store.judgements.all()}
        for number in chosen:
            if number not in known:
                raise QueryError(
                    f"there is no judgement {number}", "", "`pairdex judgements list` shows them"
                )
        removed = store.judgements.remove(None if all_ else chosen)
    current.out.print(f"{removed} {'judgement' if removed == 1 else 'judgements'} removed")


@app.command()
def export(
    context: typer.Context,
    query: QueryOption = None,
    csv: Annotated[bool, typer.Option("--csv", help="A table; this is the default.")] = False,
    json: JsonFlag = False,
) -> None:
    """Write all judgements to stdout, the oldest first."""
    from errors import QueryError
    from search.feedback import document

    if csv and json:
        raise QueryError("--csv and --json do not go together", "", "give one of them")
    said = document(_of(session(context), query))
    if json:
        print_json(said)
    else:
        _print_csv(said["judgements"])


def _of(current: Session, query: str | None) -> list[Judgement]:
    from db.store import Store
    from search.feedback import of_query

    with Store.open(current.home) as store:
        return of_query(store.judgements.all(), query)


def _print_csv(rows: list[dict[str, Any]]) -> None:
    import csv
    import io
    import sys

    text = io.StringIO()
    columns = ("id", "query", "item", "verdict", "score", "generation", "source", "created")
    writer = csv.DictWriter(text, columns, extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
    sys.stdout.buffer.write(text.getvalue().encode("utf-8", "backslashreplace"))
    sys.stdout.flush()


def _table(current: Session, found: list[Judgement]) -> None:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in ("number", "query", "item", "verdict", "score", "when"):
        table.add_column(name, justify="right" if name in ("number", "score") else "left")
    for one in found:
        gone = "" if one.item_id is not None else " [dim](not in the catalog now)[/]"
        table.add_row(
            str(one.id),
            plain(one.query),
            plain(one.item) + gone,
            "[green]good[/]" if one.good else "[red]bad[/]",
            "" if one.score is None else f"{one.score:.2f}",
            one.created[:16].replace("T", " "),
        )
    current.out.print(table)

"""pairdex catalog …: import a source, look at what came in, draw the demo catalog."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from commands.adding import add, remove
from commands.context import JsonFlag, Session, plain, print_json, session
from commands.fields import fields
from commands.links import link, links, sync, unlink
from errors import QueryError

if TYPE_CHECKING:
    from catalog.importing import ImportSummary

_WIDEST = 120


class DemoKind(StrEnum):
    creatures = "creatures"
    goods = "goods"


app = typer.Typer(no_args_is_help=True, help="Bring a catalog in and look at what came.")


def _column(role: str) -> typer.models.OptionInfo:
    option: typer.models.OptionInfo = typer.Option(
        f"--{role}",
        metavar="COLUMN",
        help=f"The column that holds the {role}.",
        show_default=False,
        rich_help_panel="Columns with other names",
    )
    return option


@app.command("import")
def import_(
    context: typer.Context,
    source: Annotated[
        Path, typer.Argument(help="A .csv, .tsv, .jsonl, .json or .parquet file, or a folder.")
    ],
    images: Annotated[
        Path | None,
        typer.Option(help="Where image paths start; else the source's folder.", show_default=False),
    ] = None,
    id_: Annotated[str | None, _column("id")] = None,
    image: Annotated[str | None, _column("image")] = None,
    caption: Annotated[str | None, _column("caption")] = None,
    tags: Annotated[str | None, _column("tags")] = None,
    split: Annotated[str | None, _column("split")] = None,
    name: Annotated[str | None, _column("name")] = None,
    encoding: Annotated[
        str | None, typer.Option(help="Of a text source; else found.", show_default=False)
    ] = None,
    prune: Annotated[
        bool, typer.Option("--prune", help="Remove items that the source no longer names.")
    ] = False,
    json: JsonFlag = False,
) -> None:
    """Read a source, check every row and image, and store what is whole."""
    from catalog.columns import ColumnFlags
    from catalog.importing import import_catalog
    from db.home import Home
    from db.store import Store

    current = session(context)
    flags = ColumnFlags(id_, image, caption, tags, split, name)
    with (
        Store.open(current.home, create=True) as store,
        Home(current.home).locked("catalog import"),
        current.progress() as progress,
    ):
        summary = import_catalog(
            source, images, flags, current.settings.catalog, store, prune, progress, encoding
        )
    if json:
        import msgspec

        print_json({"schema": "pairdex.catalog-import.v1", **msgspec.to_builtins(summary)})
    else:
        _show_summary(current, summary)


app.command()(fields)
for _command in (add, remove, link, links, unlink, sync):
    app.command()(_command)


@app.command()
def problems(
    context: typer.Context,
    code: Annotated[str | None, typer.Option(help="Only this kind.", show_default=False)] = None,
    json: JsonFlag = False,
) -> None:
    """List the rows of the last import that were left out or changed, with the reason."""
    from rich.table import Table

    from db.store import Store

    current = session(context)
    with Store.open(current.home) as store:
        listed = store.problems()
    found = [p for p in listed if code in (None, p.code)]
    if code is not None and not found:
        codes = ", ".join(sorted({p.code for p in listed})) or "none at all"
        raise QueryError(f"no problem has the code {code}", f"the last import has {codes}")
    if json:
        import msgspec

        body = {"schema": "pairdex.catalog-problems.v1"}
        print_json(body | {"problems": msgspec.to_builtins(found)})
        return
    if not found:
        current.out.print("no problems")
        return
    table = Table(box=None, pad_edge=False)
    table.add_column("row", justify="right", style="dim")
    table.add_column("id or image", overflow="fold")
    table.add_column("problem", no_wrap=True)
    table.add_column("detail", overflow="fold")
    for problem in found:
        look = "yellow" if problem.kept else "red"
        table.add_row(
            str(problem.row),
            plain(_shortened(problem.key)),
            f"[{look}]{plain(problem.code)}[/]" + (" (kept)" if problem.kept else ""),
            plain(_shortened(problem.detail)),
        )
    current.out.print(table)


@app.command()
def duplicates(context: typer.Context, json: JsonFlag = False) -> None:
    """List groups of equal images and of images that look the same."""
    from catalog.report_data import duplicates_of
    from db.store import Store

    current = session(context)
    with Store.open(current.home) as store:
        groups = duplicates_of(store.items(), current.settings.catalog.near_duplicate_bits)
    if json:
        rows = [{"kind": "exact" if exact else "near", "ids": keys} for exact, keys in groups]
        print_json({"schema": "pairdex.catalog-duplicates.v1", "groups": rows})
        return
    if not groups:
        current.out.print("no duplicates")
    for exact, keys in groups:
        kind = "[red]exact[/]" if exact else "[yellow]near[/] "
        current.out.print(f"{kind}  {plain('  '.join(keys))}", soft_wrap=True)


@app.command()
def report(
    context: typer.Context,
    out: Annotated[
        Path | None, typer.Option(help="Else report.html in the home.", show_default=False)
    ] = None,
    json: JsonFlag = False,
) -> None:
    """Write one HTML page about the catalog: tags, captions, images, duplicates, problems."""
    from catalog.report import write_report
    from db.store import Store

    current = session(context)
    bits = current.settings.catalog.near_duplicate_bits
    with Store.open(current.home) as store, current.progress() as progress:
        path = write_report(store, out or current.home / "report.html", bits, progress)
    if json:
        print_json({"schema": "pairdex.catalog-report.v1", "path": str(path)})
    else:
        current.out.print(plain(str(path)), soft_wrap=True)


@app.command()
def demo(
    context: typer.Context,
    items: Annotated[
        int | None,
        typer.Option(min=1, help="How many; else 1025 creatures or 40 goods.", show_default=False),
    ] = None,
    seed: Annotated[int, typer.Option(help="The same seed draws the same.")] = 7,
    out: Annotated[
        Path | None, typer.Option(help="Else demo/ in the home.", show_default=False)
    ] = None,
    kind: Annotated[
        DemoKind, typer.Option(help="Creatures, or a shop's goods with promotions and stores.")
    ] = DemoKind.creatures,
    json: JsonFlag = False,
) -> None:
    """Draw a catalog of invented things with captions and tags, to try everything on."""
    from db.home import writing

    current = session(context)
    folder = out or current.home / "demo"
    with current.progress() as progress, writing(folder):
        if kind is DemoKind.goods:
            from catalog.demo.goods import draw_goods

            items = items or 40
            table = draw_goods(folder, items=items, seed=seed, progress=progress)
        else:
            from catalog.demo import draw_demo

            items = items or 1025
            table = draw_demo(folder, items=items, seed=seed, progress=progress)
    if json:
        body = {"schema": "pairdex.catalog-demo.v1", "path": str(table), "items": items}
        print_json(body | {"seed": seed})
        return
    current.out.print(plain(str(table)), soft_wrap=True)
    current.err.print(f"next: pairdex catalog import {plain(str(table))}", soft_wrap=True)


def _shortened(text: str) -> str:
    """Enough of a text for a table; `--json` gives it whole."""
    return text if len(text) <= _WIDEST else text[: _WIDEST - 1] + "…"


def _show_summary(current: Session, summary: ImportSummary) -> None:
    out, counts = current.out, summary.counts
    out.print(
        f"[bold]{summary.items:,} items[/] from {summary.rows:,} rows: {counts.added:,} added, "
        f"{counts.changed:,} changed, {counts.unchanged:,} unchanged, {counts.removed:,} removed",
        soft_wrap=True,
    )
    shares = ", ".join(f"{split} {count:,}" for split, count in summary.splits.items())
    out.print(f"splits      {shares}", soft_wrap=True)
    captions = ", ".join(f"{column} ({code})" for column, code in summary.columns.captions)
    out.print(f"captions    {plain(captions)}", soft_wrap=True)
    if summary.kinds:
        kinds = ", ".join(f"{name} ({kind})" for name, kind in summary.kinds.items())
        out.print(f"attributes  {plain(kinds)}", soft_wrap=True)
    if summary.exact_groups or summary.near_groups:
        out.print(
            f"duplicates  {summary.exact_groups:,} exact and {summary.near_groups:,} near groups: "
            "`pairdex catalog duplicates`",
            soft_wrap=True,
        )
    for name, look, codes in (
        ("left out", "red", summary.problems),
        ("changed", "yellow", summary.changes),
    ):
        if codes:
            listed = ", ".join(f"{count:,} {code}" for code, count in codes.items())
            line = f"[{look}]{name:<10}[/]  {listed}: `pairdex catalog problems`"
            out.print(line, soft_wrap=True)
    for note in summary.notes:
        current.err.print(f"note: {plain(note)}", soft_wrap=True)

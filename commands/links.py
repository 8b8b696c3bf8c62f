"""pairdex catalog link, links, unlink, sync: tables of others beside the catalog."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from commands.context import JsonFlag, Session, fault, plain, print_json, session
from errors import CatalogError, QueryError

if TYPE_CHECKING:
    from db.links import LinkKind, LinkState
    from db.store import Store

SCHEMA = "pairdex.catalog-links.v1"
_KINDS: dict[str, LinkKind] = {k: k for k in ("promotions", "stores", "table")}
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_NAME = re.compile(r"[\w][\w.-]{0,63}")


def link(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="What to call it: promotions, stores, prices …")],
    source: Annotated[str, typer.Argument(help="A table file, or an http(s) address of one.")],
    on: Annotated[
        str, typer.Option("--on", metavar="COLUMN", help="The catalog's column that it joins on.")
    ] = "",
    key: Annotated[
        str,
        typer.Option("--key", metavar="COLUMN", help="Its own column, where it is called else."),
    ] = "",
    kind: Annotated[
        str,
        typer.Option("--kind", help="promotions, stores or table; else told by the name."),
    ] = "",
    every: Annotated[
        str, typer.Option("--every", help="How often `sync --due` visits it: 30m, 6h, 1d.")
    ] = "",
    encoding: Annotated[str, typer.Option("--encoding", help="Of a text table; else found.")] = "",
    json: JsonFlag = False,
) -> None:
    """Link a table: promotions and prices by product, stores by place.

    What `tag --record` recognises is joined with its rows.
    """
    from catalog.feeds import link_table
    from catalog.feeds.fetch import is_address
    from db.links import Link
    from db.store import Store

    current = session(context)
    if not _NAME.fullmatch(name):
        raise QueryError(f"{name} is no name for a link", "letters, digits, `.`, `_`, `-`", "")
    kind = kind or (name if name in _KINDS else "table")
    if kind not in _KINDS:
        raise QueryError(f"--kind {kind}", f"no such kind; there are {', '.join(_KINDS)}")
    if kind != "stores" and not on:
        raise QueryError(f"{name} joins on nothing", "", "say on which column: --on product")
    place = source if is_address(source) else str(Path(source).absolute())
    if "://" in source and not is_address(source):
        raise QueryError(source, "only http and https addresses are fetched")
    wanted = Link(name, place, _KINDS[kind], on, key, encoding, _seconds(every))
    with Store.open(current.home) as store:
        state = link_table(store, wanted, current.settings.links)
        listed = _listed(store, state)
    if json:
        print_json({"schema": SCHEMA, "links": [listed]})
        return
    current.out.print(f"{plain(name)}: {state.rows:,} rows", soft_wrap=True)
    _show_problems(current, listed)


def links(context: typer.Context, json: JsonFlag = False) -> None:
    """List the linked tables: how old each copy is, and what is wrong with it."""
    from db.store import Store

    current = session(context)
    with Store.open(current.home) as store:
        found = [_listed(store, state) for state in store.links.all()]
    if json:
        print_json({"schema": SCHEMA, "links": found})
        return
    if not found:
        current.out.print("nothing is linked: `pairdex catalog link promotions FEED.csv --on …`")
    for one in found:
        _show(current, one)


def unlink(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="A name of the list.")],
) -> None:
    """Remove a linked table with its rows."""
    from db.store import Store

    current = session(context)
    with Store.open(current.home) as store:
        if not store.links.remove(name):
            known = ", ".join(state.link.name for state in store.links.all()) or "none"
            raise QueryError(f"no link has the name {name}", f"there are {known}")
    current.out.print(f"{plain(name)} is no longer linked")


def sync(
    context: typer.Context,
    names: Annotated[
        list[str] | None, typer.Argument(help="Else all.", metavar="[NAME]...", show_default=False)
    ] = None,
    due: Annotated[
        bool, typer.Option("--due", help="Only those whose time has come, for cron or systemd.")
    ] = False,
    json: JsonFlag = False,
) -> None:
    """Fetch linked tables anew; one that fails keeps its last good copy and is told."""
    from catalog.feeds import sync_links
    from db.store import Store

    current = session(context)
    with Store.open(current.home) as store, current.progress() as progress:
        done = sync_links(store, current.settings.links, names or (), due=due, progress=progress)
        found = [_listed(store, one.state, one.outcome) for one in done]
    if json:
        print_json({"schema": SCHEMA, "links": found})
    else:
        for one in found:
            if one["outcome"] == "failed":
                fault(f"error: {one['name']}: {one['error']} ({_stays(one)})")
            else:
                current.out.print(f"{plain(one['name'])}: {one['outcome']}, {one['rows']:,} rows")
                _show_problems(current, one)
    if any(one["outcome"] == "failed" for one in found):
        raise typer.Exit(CatalogError.exit_code)


def _seconds(every: str) -> int:
    if not every:
        return 0
    found = re.fullmatch(r"(\d{1,6})([smhd])", every)
    if not found or not int(found[1]):
        raise QueryError(f"--every {every}", "it is no time such as 30m, 6h or 1d")
    return int(found[1]) * _SECONDS[found[2]]


def _listed(store: Store, state: LinkState, outcome: str | None = None) -> dict[str, Any]:
    from catalog.feeds.fetch import shown

    link = state.link
    problems = store.links.problems(link.name)
    return {
        "name": link.name, "source": shown(link.source), "kind": link.kind, "on": link.on,
        "key": link.key, "every": link.every, "rows": state.rows, "left_out": state.left_out,
        "fetched": state.fetched.isoformat(timespec="seconds"),
        "checked": state.checked.isoformat(timespec="seconds"),
        "failing": state.failing and state.failing.isoformat(timespec="seconds"),
        "error": state.error, "outcome": outcome,
        "problems": [
            {"row": p.row, "key": p.key, "code": p.code, "detail": p.detail} for p in problems
        ],
    }  # fmt: skip


def _show(current: Session, one: dict[str, Any]) -> None:
    joins = f" on {one['on']}" if one["on"] else ""
    current.out.print(
        f"[bold]{plain(one['name'])}[/]  {one['kind']}{plain(joins)}, {one['rows']:,} rows of "
        f"{one['fetched']}",
        soft_wrap=True,
    )
    current.out.print(f"  {plain(one['source'])}", style="dim", soft_wrap=True)
    if one["failing"]:
        line = f"fails since {one['failing']}: {plain(one['error'])}"
        current.out.print(f"  [red]{line}[/] ({_stays(one)})", soft_wrap=True)
    _show_problems(current, one)


def _show_problems(current: Session, one: dict[str, Any], most: int = 5) -> None:
    for problem in one["problems"][:most]:
        line = f"row {problem['row']} left out: {problem['code']}: {problem['detail']}"
        current.out.print(f"  [yellow]{plain(line)}[/]", soft_wrap=True)
    if one["left_out"] > most:
        current.out.print(f"  and {one['left_out'] - most:,} rows more: --json lists them")


def _stays(one: dict[str, Any]) -> str:
    return f"the copy of {one['fetched']} stays in use"

"""pairdex key: who may use the service from elsewhere, `pairdex serve`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from commands.context import JsonFlag, plain, print_json, session

if TYPE_CHECKING:
    import datetime as dt

    from db.keys import Key

app = typer.Typer(no_args_is_help=True, help="API keys of the service.")
SCHEMA, LIST_SCHEMA = "pairdex.key.v1", "pairdex.keys.v1"
MAX_NAME = 100


@app.command()
def create(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="Whose it is, for the list.")],
    scope: Annotated[
        Literal["read", "tag", "write"],
        typer.Option(help="read: search and look; tag: also tag; write: also change the catalog."),
    ] = "read",
    expires: Annotated[
        str | None,
        typer.Option(
            metavar="DATE|DAYS",
            help="The day (2027-01-31, UTC) or in how many days (90d) it ends.",
            show_default="never",
        ),
    ] = None,
    json: JsonFlag = False,
) -> None:
    """Make a key and show it, this once: only a digest of it is kept."""
    from db.store import Store
    from errors import QueryError

    if not name.strip() or len(name) > MAX_NAME or not name.isprintable():
        raise QueryError(f"{name!r} is no name for a key", f"1 to {MAX_NAME} characters, one line")
    end, current = None if expires is None else _end(expires), session(context)
    with Store.open(current.home) as store:
        if any(key.name == name.strip() for key in store.keys.active()):
            raise QueryError(f"there is a key {name!r}", "", "revoke it or choose another name")
        presented, key = store.keys.create(name.strip(), scope, end)
    if json:
        print_json({"schema": SCHEMA, "key": presented} | _document(key))
    else:
        # The key alone on stdout: KEY=$(pairdex key create shop)
        print(presented)
        current.err.print("keep it: it is not shown again", style="dim")


@app.command("list")
def list_(context: typer.Context, json: JsonFlag = False) -> None:
    """List the keys, without what is secret of them."""
    from rich.table import Table

    from db.store import Store

    current = session(context)
    with Store.open(current.home) as store:
        rows = [_document(key) for key in store.keys.all()]
    if json:
        print_json({"schema": LIST_SCHEMA, "keys": rows})
        return
    if not rows:
        current.out.print("there are no keys: `pairdex key create NAME` makes one")
        return
    table = Table(box=None, pad_edge=False, header_style="dim")
    for title in ("id", "name", "scope", "state", "created", "last used", "expires"):
        table.add_column(title, overflow="fold")
    for row in rows:
        days = [str(row[name] or "-")[:10] for name in ("created", "used", "expires")]
        table.add_row(row["id"], plain(row["name"]), row["scope"], row["state"], *days)
    current.out.print(table)


@app.command()
def revoke(
    context: typer.Context,
    key: Annotated[str, typer.Argument(help="Its id or name, as `pairdex key list` shows it.")],
) -> None:
    """End a key: a running service refuses it within a second."""
    from db.store import Store
    from errors import QueryError

    current = session(context)
    with Store.open(current.home) as store:
        live = [one for one in store.keys.all() if one.revoked is None]
        found = [one for one in live if one.public == key] or [
            one for one in live if one.name == key
        ]
        if not found:
            raise QueryError(f"there is no key {key!r}", "", "`pairdex key list` shows them")
        if len(found) > 1:
            raise QueryError(f"{len(found)} keys are called {key!r}", "", "name it by its id")
        store.keys.revoke(found[0].public)
    current.out.print(f"{plain(found[0].name)} ({found[0].public}) is revoked")


def _end(text: str) -> dt.datetime:
    """The moment from which a key is no longer taken."""
    import datetime as dt
    import re

    from errors import QueryError

    now = dt.datetime.now(dt.UTC)
    days = re.fullmatch(r"(\d{1,4})d", text.strip())
    try:
        # A key of a day holds to the end of the day.
        end = (
            now + dt.timedelta(days=int(days[1]))
            if days
            else dt.datetime.combine(dt.date.fromisoformat(text.strip()), dt.time.max, dt.UTC)
        )
    except ValueError:
        raise QueryError(f"--expires {text}", "no day", "give 2027-01-31 or 90d") from None
    if end <= now:
        raise QueryError(f"--expires {text}", "that day is over", "give one that is to come")
    return end


def _document(key: Key) -> dict[str, Any]:
    import datetime as dt

    def shown(when: dt.datetime | None) -> str | None:
        return None if when is None else when.isoformat(timespec="seconds")

    return {
        "id": key.public,
        "name": key.name,
        "scope": key.scope,
        "state": key.state(dt.datetime.now(dt.UTC)),
        "created": shown(key.created),
        "used": shown(key.used),
        "expires": shown(key.expires),
    }

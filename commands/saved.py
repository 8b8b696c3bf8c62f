"""pairdex saved: searches kept under a name, `search --save NAME` and `search --saved NAME`."""

from __future__ import annotations

from typing import Annotated

import typer

from commands.context import JsonFlag, plain, print_json, session

app = typer.Typer(no_args_is_help=True, help="Searches that were kept under a name.")
SCHEMA = "pairdex.saved.v1"


@app.command("list")
def list_(context: typer.Context, json: JsonFlag = False) -> None:
    """List the saved searches."""
    import msgspec

    from db.store import Store

    current = session(context)
    with Store.open(current.home) as store:
        found = store.saved.all()
    if json:
        print_json({"schema": SCHEMA, "searches": msgspec.to_builtins(found)})
        return
    if not found:
        current.out.print("no search is saved: `pairdex search QUERY --save NAME` saves one")
    for one in found:
        line = f"[bold]{plain(one.name)}[/]  {plain(as_options(one.request))}"
        current.out.print(line, soft_wrap=True)


@app.command()
def remove(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="As `pairdex saved list` shows it.")],
) -> None:
    """Forget a saved search."""
    from db.store import Store
    from search.stored import unknown

    current = session(context)
    with Store.open(current.home) as store:
        if not store.saved.remove(name):
            raise unknown(name)
    current.out.print(f"{plain(name)} is forgotten")


def as_options(request: dict[str, object]) -> str:
    """A stored request as one would type it."""
    import shlex

    words = [str(request["text"])] if request.get("text") else []
    options = {"images": "image", "tags": "tag", "without": "not", "min_score": "min-score"}
    for name, value in request.items():
        flag = f"--{options.get(name, name)}"
        if name in ("group", "correct"):
            words.append(f"--no-{name}")
        elif isinstance(value, list):
            words += [part for entry in value for part in (flag, str(entry))]
        elif name != "text":
            words += [flag, str(value)]
    return " ".join(map(shlex.quote, words))

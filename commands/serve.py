"""pairdex serve: search, tag and change the catalog over HTTP."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Annotated

import typer

from commands.context import session

if TYPE_CHECKING:
    from service.state import Service


def serve(
    context: typer.Context,
    host: Annotated[
        str | None, typer.Option(help="Address to listen on.", show_default="127.0.0.1")
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(min=0, max=65535, help="Port; 0 = any free one.", show_default="8765"),
    ] = None,
    open_: Annotated[bool, typer.Option("--open", help="Open the page in the browser.")] = False,
) -> None:
    """Serve search, tagging and the page over HTTP, until Ctrl-C.

    Prints one line with its address when it is ready. Its log is on stderr, a line of JSON for each
    request; with --quiet only warnings and errors.
    """
    from service.serving import serve as run

    current = session(context)
    flags = [f'service.host="{host}"'] if host is not None else []
    flags += [f"service.port={port}"] if port is not None else []
    current = dataclasses.replace(current, flags=(*current.flags, *flags))

    def announce(address: str, service: Service) -> None:
        trouble = service.live.trouble
        state = f"without an index: {trouble}" if trouble else "ready"
        current.out.print(f"{address} {state}", markup=False, soft_wrap=True)
        if open_ and typer.launch(address) != 0:
            current.err.print("no browser could be opened", markup=False)

    run(current.home, current.settings, announce, current.quiet)

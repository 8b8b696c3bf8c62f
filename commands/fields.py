"""pairdex catalog fields: what a search can be filtered by."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from commands.context import JsonFlag, plain, print_json, session

if TYPE_CHECKING:
    from db.fields import FieldRecord

_SHOWN = 24  # characters of a value in the table; `--json` gives it whole


def fields(context: typer.Context, json: JsonFlag = False) -> None:
    """List what `search --where` can ask for: names, kinds and values."""
    from rich.table import Table

    from db.store import Store

    current = session(context)
    with Store.open(current.home) as store:
        found = store.fields()
    if json:
        import msgspec

        body = {"schema": "pairdex.catalog-fields.v1"}
        print_json(body | {"fields": msgspec.to_builtins(found)})
        return
    from search.where_fields import written

    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("field", style="bold", overflow="fold")
    table.add_column("kind", no_wrap=True)
    table.add_column("items", justify="right", no_wrap=True)
    table.add_column("values", justify="right", no_wrap=True)
    table.add_column("from … to, or the most frequent", style="cyan", overflow="fold")
    first_builtin = next((field for field in found if field.builtin), None)
    for field in found:
        if field is first_builtin and table.row_count:
            table.add_section()
            table.add_row()  # attributes above, what every item has below
        name = field.name if field.builtin else written(field.name)
        counts = (f"{field.items:,}", f"{field.values:,}")
        table.add_row(plain(name), field.kind, *counts, plain(_values(field)))
    current.out.print(table)


def _values(field: FieldRecord) -> str:
    if field.lowest is not None:
        low, high = (
            f"{end:.6g}" if isinstance(end, float) else str(end)
            for end in (field.lowest, field.highest)
        )
        return low if low == high else f"{low} … {high}"
    more = ", …" if field.values > len(field.top) > 0 else ""
    return ", ".join(f"{_short(one.value)} ({one.items:,})" for one in field.top) + more


def _short(value: str) -> str:
    return value if len(value) <= _SHOWN else value[: _SHOWN - 1] + "…"

"""pairdex tag IMAGE --record: the product that an image shows, with what linked tables add."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from commands.context import Session, bar, fault, plain, print_json
from errors import ImageError

if TYPE_CHECKING:
    from tagger.gather import Inputs
    from tagger.offers import Promotion
    from tagger.record import Record

SCHEMA = "pairdex.record.v1"


def records(
    current: Session,
    inputs: Inputs,
    near: str | None,
    within: str | None,
    on: str | None,
    json: bool,
) -> None:
    """Print the record of each image."""
    from tagger.offers import asked
    from tagger.record import Recogniser

    place, metres, day = asked(near, within, on)
    recogniser = Recogniser.open(current.home, current.settings)
    found = recogniser.recognise_all(inputs.files, place, metres, day, strict=False)
    if json:
        import msgspec

        print_json({"schema": SCHEMA, "images": msgspec.to_builtins(found)})
    else:
        for record in found:
            _show(current, record, near is not None)
    if any(record.error for record in found):
        raise typer.Exit(ImageError.exit_code)


def _show(current: Session, record: Record, placed: bool) -> None:
    from rich.table import Table

    if record.error:
        fault(f"error: {record.error}")
        return
    current.out.print(plain(record.path), style="italic", soft_wrap=True)
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(no_wrap=True, style="dim")
    table.add_column(overflow="fold")
    said = f"{bar(record.probability)} {plain(record.product)}"
    if not record.known:
        table.add_row("product", f"unknown (the likeliest: {said})")
        current.out.print(table)
        return
    table.add_row("product", said)
    if record.name and record.name != record.product:
        table.add_row("name", plain(record.name))
    for name, value in record.attributes.items():
        if value != record.product:  # the column of the products says it again
            said = ", ".join(value) if isinstance(value, list) else str(value)
            table.add_row(plain(name), plain(said))
    for linked, row in record.tables.items():
        pairs = ", ".join(f"{name} {value}" for name, value in row.items() if value)
        table.add_row(plain(linked), plain(pairs))
    for number, promotion in enumerate(record.promotions):
        table.add_row("" if number else "promotions", _offer(promotion, placed))
    if not record.promotions:
        table.add_row("promotions", f"none on {record.day}, {plain(record.timezone)}")
    current.out.print(table)


def _offer(promotion: Promotion, placed: bool) -> str:
    parts = [promotion.text, promotion.price]
    if promotion.starts or promotion.ends:
        parts.append(f"{promotion.starts or ''} to {promotion.ends or ''}".strip())
    line = plain(", ".join(part for part in parts if part))
    if promotion.store is not None:
        store = promotion.store
        where = ", ".join(part for part in (store.name, store.address) if part)
        line += f"\n  {plain(where)}, {_far(store.metres)}"
    elif placed:
        line += "\n  no store near enough runs it"
    return line


def _far(metres: float) -> str:
    return f"{metres:,.0f} m" if metres < 1000 else f"{metres / 1000:.1f} km"

"""The parts of the report's HTML: tiles, bars, tables, thumbnails. All text is escaped here."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path

from errors import ImageError, printable
from images import read_rgb

_THUMBNAIL = 112
_SHORT, _WIDEST = 24, 200  # characters of a table cell

STYLE = """
:root { color-scheme: light }
body { margin: 0 auto; max-width: 1080px; padding: 28px 24px 64px; background: #fff; color: #1f2933;
  font: 15px/1.5 system-ui, "Segoe UI", "Noto Sans", "Noto Sans KR", sans-serif }
h1 { font-size: 26px; margin: 0 } h2 { font-size: 19px; margin: 40px 0 10px; padding-top: 14px;
  border-top: 1px solid #e3e8ee } h3 { font-size: 14px; margin: 14px 0 4px }
p { margin: 6px 0 } .note { color: #52606d } .warn { background: #fdf3e1; border-left: 4px solid
  #d08a2e; padding: 8px 12px; border-radius: 4px }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(125px, 1fr)); gap: 12px;
  margin: 20px 0 } .tile { padding: 12px 16px; border: 1px solid #e3e8ee; border-radius: 10px }
.tile b { display: block; font-size: 26px; line-height: 1.15; font-variant-numeric: tabular-nums }
.grid { display: grid; grid-template-columns: repeat(auto-fit, minmax(300px, 1fr)); gap: 18px 28px }
.wide { grid-template-columns: repeat(auto-fit, minmax(440px, 1fr)) }
.bars { display: grid; grid-template-columns: minmax(70px, max-content) 1fr max-content;
  gap: 2px 10px; align-items: center; font-size: 13px }
.bars span:nth-child(3n+1) { max-width: 190px; overflow: hidden; text-overflow: ellipsis;
  white-space: nowrap } .bars i { display: block; height: 11px; border-radius: 2px;
  background: #2f6f9f; min-width: 1px } .bars span:nth-child(3n) { text-align: right;
  color: #52606d; font-variant-numeric: tabular-nums }
table { border-collapse: collapse; min-width: 40%; font-size: 13.5px } th { text-align: left;
  font-weight: 600; border-bottom: 2px solid #cbd2d9 } th, td { padding: 4px 22px 4px 0;
  vertical-align: top } td { border-bottom: 1px solid #eef1f4; overflow-wrap: anywhere }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap }
.short { white-space: nowrap }
.group { display: flex; flex-wrap: wrap; gap: 8px; align-items: flex-start; padding: 10px 0;
  border-bottom: 1px solid #eef1f4 } .group > b { width: 56px; font-size: 13px }
figure { margin: 0; width: 120px; font-size: 12px; overflow-wrap: anywhere } img { display: block;
  max-width: 120px; border-radius: 4px } svg { width: 100%; height: auto; font-family: inherit }
"""


def page(title: str, body: Iterable[str]) -> str:
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f"<title>{_text(title)}</title>"
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{STYLE}</style></head><body>\n{''.join(body)}\n</body></html>\n"
    )


def tiles(figures: Sequence[tuple[str, str]]) -> str:
    cells = (f'<div class="tile"><b>{_text(b)}</b>{_text(name)}</div>' for name, b in figures)
    return f'<div class="tiles">{"".join(cells)}</div>'


def heading(text: str) -> str:
    return f"<h2>{_text(text)}</h2>"


def note(text: str, warning: bool = False) -> str:
    return f'<p class="{"warn" if warning else "note"}">{_text(text)}</p>'


def grid(parts: Iterable[str], wide: bool = False) -> str:
    kind = "grid wide" if wide else "grid"
    return f'<div class="{kind}">{"".join(f"<div>{part}</div>" for part in parts)}</div>'


def titled(title: str, part: str) -> str:
    return f"<h3>{_text(title)}</h3>{part}"


def bars(counts: Sequence[tuple[str, int]], most: int | None = None) -> str:
    """A bar per name; `most` is the count of a full bar, for lists side by side."""
    most = most or max((count for _, count in counts), default=1)
    rows = (
        f'<span title="{_text(name)}">{_text(name)}</span>'
        f'<span><i style="width:{100 * count / most:.1f}%"></i></span><span>{count:,}</span>'
        for name, count in counts
    )
    return f'<div class="bars">{"".join(rows)}</div>'


def table(columns: Sequence[str], rows: Iterable[Sequence[str | int | float]]) -> str:
    """Numbers stand on the right; a column is one of numbers by its first value."""
    shown = list(rows)
    right = [bool(shown) and not isinstance(value, str) for value in (shown or [columns])[0]]
    cells = [
        "<tr>"
        + "".join(
            f"<td{_class(value, side)}>{_text(_figure(value))}</td>"
            for value, side in zip(row, right, strict=True)
        )
        + "</tr>"
        for row in shown
    ]
    head = "".join(
        f"<th{' class=number' if side else ''}>{_text(name)}</th>"
        for name, side in zip(columns, right, strict=True)
    )
    return f"<table><tr>{head}</tr>{''.join(cells)}</table>"


def group(kind: str, members: Sequence[tuple[str, str]], more: int) -> str:
    """One group of duplicates: (id, path) of each, with a small picture."""
    figures = (f"<figure>{_picture(Path(path))}{_text(key)}</figure>" for key, path in members)
    rest = f"<span>and {more} more</span>" if more else ""
    return f'<div class="group"><b>{_text(kind)}</b>{"".join(figures)}{rest}</div>'


def _picture(path: Path) -> str:
    """The image inside the page itself, so that the page can be sent to someone."""
    try:
        image = read_rgb(path)
    except ImageError:
        return ""  # moved since the import: its id is shown all the same
    image.thumbnail((_THUMBNAIL, _THUMBNAIL))
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=80)
    data = base64.b64encode(buffer.getvalue()).decode("ascii")
    return f'<img alt="" src="data:image/jpeg;base64,{data}">'


def _class(value: str | int | float, right: bool) -> str:
    """Short texts such as codes stay on one line, whatever their neighbours need."""
    if right:
        return " class=number"
    return " class=short" if isinstance(value, str) and len(value) <= _SHORT else ""


def _figure(value: str | int | float) -> str:
    if isinstance(value, float):
        return f"{value:,.1f}"
    if isinstance(value, int):
        return f"{value:,}"
    return value if len(value) <= _WIDEST else value[: _WIDEST - 1] + "…"


def _text(text: str) -> str:
    return escape(printable(text))

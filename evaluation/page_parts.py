"""The parts of the page: style, tables, figures with their intervals. All text is escaped here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from errors import printable
from evaluation.report import Confusion, Figure

STYLE = """
:root{color-scheme:light}body{margin:0 auto;max-width:1080px;padding:28px 24px 64px;background:#fff;
color:#1f2933;font:15px/1.5 system-ui,"Segoe UI","Noto Sans","Noto Sans KR",sans-serif}
h1{font-size:26px;margin:0}h2{font-size:19px;margin:36px 0 8px;padding-top:14px;
border-top:1px solid #e3e8ee}h3{font-size:14px;margin:14px 0 4px}.note,small,summary{color:#52606d}
p{margin:6px 0}.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(125px,1fr));
gap:12px;margin:20px 0}.tile{padding:12px 14px;border:1px solid #e3e8ee;border-radius:10px;
font-size:13px}.tile b{display:block;font-size:26px;line-height:1.15}.tile small{display:block}
.grid{display:grid;grid-template-columns:repeat(auto-fit,minmax(320px,1fr));gap:18px 28px}
table{border-collapse:collapse;font-size:13.5px;font-variant-numeric:tabular-nums}
th{text-align:left;font-weight:600;border-bottom:2px solid #cbd2d9}th,td{padding:4px 18px 4px 0}
td{border-bottom:1px solid #eef1f4;vertical-align:top}td.n,th.n{text-align:right}
td small{display:block;font-size:11px;line-height:1.2}tr.random td{color:#7b8794}
.cells td{width:96px;text-align:center;padding:12px;border:2px solid #fff}
.cells th{border:0;font-weight:400;text-align:center;padding:6px 10px;color:#52606d}
svg{width:100%;height:auto;font-family:inherit}li{margin:3px 0}
"""


def matrix(of: Confusion) -> str:
    cells = (
        (of.true_negative, of.false_positive),
        (of.false_negative, of.true_positive),
    )
    most = max(max(row) for row in cells) or 1.0

    def shade(value: float) -> str:
        return f'<td style="background:rgba(47,111,159,{0.08 + 0.5 * value / most:.2f})">{value:g}'

    rows = "".join(
        f"<tr><th>{name}</th>{''.join(map(shade, row))}</tr>"
        for name, row in zip(("others", "own image"), cells, strict=True)
    )
    return (
        f"<h3>{text(of.name)} pairs</h3><table class=cells>"
        f"<tr><th></th><th>said: no</th><th>said: match</th></tr>{rows}</table>"
    )


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Cells are HTML already; all columns but the first hold numbers. Chance is set in grey."""
    head = "".join(f"<th{' class=n' if i else ''}>{text(c)}</th>" for i, c in enumerate(columns))
    body = "".join(
        f"<tr{' class=random' if row[0] in ('random', 'chance') else ''}>"
        + "".join(f"<td{' class=n' if i else ''}>{cell}</td>" for i, cell in enumerate(row))
        + "</tr>"
        for row in rows
    )
    return f"<table><tr>{head}</tr>{body}</table>"


def cell(figure: Figure | None) -> str:
    if figure is None:
        return ""
    return f"{number(figure.value)}<small>{span(figure)}</small>"


def span(figure: Figure) -> str:
    if figure.low == figure.high:
        return "&nbsp;"  # exact, or nothing varies
    return f"{number(figure.low)} – {number(figure.high)}"


def number(value: float) -> str:
    return f"{value:.3f}" if abs(value) <= 1 else f"{value:g}"


def text(text: str) -> str:
    return escape(printable(text))

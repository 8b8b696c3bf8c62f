"""Results as one HTML page that needs nothing beside it: thumbnails are inside."""

from __future__ import annotations

import base64
import io
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

import images
from commands.search_table import explained
from db.home import writing
from errors import ImageError, printable

if TYPE_CHECKING:
    from search import Hit, SearchResult

THUMBNAIL = 320
_STYLE = """
:root{color-scheme:light dark;--ink:#1d1d21;--soft:#5c5c66;--ground:#f6f6f8;--card:#fff;
--frame:#ececf1;--good:#1f8a4c;--tag:#0b5d66;--edge:#0001}
@media (prefers-color-scheme:dark){:root{--ink:#ececf1;--soft:#a2a2ad;--ground:#141417;
--card:#1f1f24;--frame:#2a2a31;--good:#4cc27f;--tag:#7fd0da;--edge:#fff1}}
*{box-sizing:border-box}
body{font:16px/1.45 system-ui,sans-serif;margin:0 auto;padding:2rem;max-width:90rem;
color:var(--ink);background:var(--ground)}
h1{font-size:1.5rem;margin:0;overflow-wrap:anywhere}header{margin-bottom:1.5rem}
header p{margin:.3rem 0}header .note{font-weight:600}small,.soft{color:var(--soft)}
main{display:grid;grid-template-columns:repeat(auto-fill,minmax(14rem,1fr));gap:1.2rem}
article{background:var(--card);border:1px solid var(--edge);border-radius:12px;overflow:hidden;
break-inside:avoid}
article.below{opacity:.75}
img,.none{width:100%;aspect-ratio:1;object-fit:contain;background:var(--frame);display:block}
.none{display:grid;place-items:center;padding:1rem;text-align:center}
.text{padding:.8rem .9rem;overflow-wrap:anywhere}h2{font-size:1rem;margin:0}
.text p{margin:.4rem 0 0}
.score{display:flex;align-items:center;gap:.5rem;margin-top:.3rem;font-variant-numeric:tabular-nums}
.score span{flex:1;height:6px;background:var(--frame);border-radius:3px}
.score i{display:block;height:6px;background:var(--good);border-radius:3px}
.tags{color:var(--tag);font-size:.85rem}
details{margin-top:.4rem;font-size:.85rem;color:var(--soft)}summary{cursor:pointer}
@media print{:root{--ink:#000;--soft:#444;--ground:#fff;--card:#fff;--frame:#eee;--edge:#0003}
body{padding:0;max-width:none;font-size:11px}main{grid-template-columns:repeat(4,1fr);gap:.6rem}
.score i{print-color-adjust:exact;-webkit-print-color-adjust:exact}}
"""
# Nothing may be loaded from anywhere: what is needed is inside.
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"


def write_page(file: Path, result: SearchResult) -> None:
    with writing(file):
        file.write_text(search_page(result), encoding="utf-8")


def search_page(result: SearchResult) -> str:
    title = _text(result.query or "Search")
    hits = result.results or result.nearest
    cards = "\n".join(_card(hit, hit.score < result.threshold) for hit in hits)
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        f"<style>{_STYLE}</style></head><body><header><h1>{title}</h1>{_notes(result)}"
        f'<p class="soft">{len(result.results)} results, of {result.candidates} candidates, in '
        f"{result.took_ms} ms, generation {_text(result.generation)}</p></header>\n"
        f"<main>{cards}</main></body></html>\n"
    )


def _notes(result: SearchResult) -> str:
    lines = []
    if result.no_match:
        nearest = result.results or result.nearest
        lines.append("Nothing matches." + (" These are the nearest." if nearest else ""))
    if result.corrected:
        lines.append(f"Results for: {result.corrected}")
    if result.suggestion:
        lines.append(f"Did you mean: {result.suggestion}")
    if result.unknown:
        lines.append(f"Neither the model nor the catalog knows: {', '.join(result.unknown)}")
    return "".join(f'<p class="note">{_text(line)}</p>' for line in (*lines, *result.notes))


def _card(hit: Hit, below: bool) -> str:
    name = _text(hit.name or hit.id)
    tags = f'<p class="tags">{_text(" · ".join(hit.tags))}</p>' if hit.tags else ""
    return (
        f'<article{" class=below" * below}>{_picture(hit)}<div class="text">'
        f'<h2>{hit.rank}. {name}</h2><div class="score"><span>'
        f'<i style="width:{100 * hit.score:.0f}%"></i></span>{hit.score:.2f}</div>'
        f'<p>{_text(hit.caption)}</p>{tags}<p class="soft"><small>{_text(hit.id)}</small></p>'
        f"{_more(hit)}</div></article>"
    )


def _more(hit: Hit) -> str:
    """How it was found, open where that was asked for; and what is folded under it."""
    lines = "<br>".join(map(_text, explained(hit)))
    if hit.explanation is not None:
        return f"<details open><summary>how it was found</summary>{lines}</details>"
    if hit.group:
        return f"<details><summary>+{len(hit.group)} alike</summary>{lines}</details>"
    return ""


def _picture(hit: Hit) -> str:
    try:
        image = images.read_rgb(Path(hit.image))
    except ImageError as error:  # moved or damaged since the index was built
        return f'<div class="none"><small>{_text(str(error))}</small></div>'
    image.thumbnail((THUMBNAIL, THUMBNAIL))
    data = io.BytesIO()
    image.save(data, "JPEG", quality=85)
    encoded = base64.b64encode(data.getvalue()).decode("ascii")
    return f'<img alt="{_text(hit.caption)}" src="data:image/jpeg;base64,{encoded}">'


def _text(text: str) -> str:
    return escape(printable(text), quote=True)

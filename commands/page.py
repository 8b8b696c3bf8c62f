"""Results as one HTML page that needs nothing beside it: thumbnails are inside."""

from __future__ import annotations

import base64
import io
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

import images
from db.home import writing
from errors import ImageError, printable

if TYPE_CHECKING:
    from search import Hit, SearchResult

THUMBNAIL = 320
_STYLE = """
body{font:16px/1.4 system-ui,sans-serif;margin:2rem;color:#222;background:#fafafa}
main{display:grid;grid-template-columns:repeat(auto-fill,minmax(230px,1fr));gap:1.2rem}
article{background:#fff;border-radius:12px;overflow:hidden;box-shadow:0 1px 4px #0002}
img,.none{width:100%;aspect-ratio:1;object-fit:contain;background:#f0f0f3;display:block}
div.text{padding:.7rem .9rem}p{margin:.3rem 0}.tags{color:#066;font-size:.85rem}
.score{height:6px;background:#e5e5ea;border-radius:3px}.score i{display:block;height:6px;
background:#2a9d5c;border-radius:3px}small{color:#666}
"""


def write_page(file: Path, result: SearchResult) -> None:
    with writing(file):
        file.write_text(search_page(result), encoding="utf-8")


def search_page(result: SearchResult) -> str:
    title = _text(result.query)
    count = f"{len(result.results)} results"
    note = "nothing matches; these are the nearest" if result.no_match else count
    cards = "\n".join(_card(hit) for hit in result.results)
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>'
        f"<style>{_STYLE}</style><h1>{title}</h1>"
        f"<p><small>{note}, in {result.took_ms} ms, generation {_text(result.generation)}"
        f"</small></p><main>{cards}</main></html>\n"
    )


def _card(hit: Hit) -> str:
    name = _text(hit.name or hit.id)
    return (
        f'<article>{_picture(hit)}<div class="text"><b>{hit.rank}. {name}</b> '
        f"<small>{hit.score:.2f}</small>"
        f'<div class="score"><i style="width:{100 * hit.score:.0f}%"></i></div>'
        f'<p>{_text(hit.caption)}</p><p class="tags">{_text(" · ".join(hit.tags))}</p>'
        "</div></article>"
    )


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

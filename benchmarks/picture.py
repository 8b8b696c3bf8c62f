"""The picture in the README: real results of real queries on the demo catalog.

python -m benchmarks.picture HOME OUT.png QUERY…
"""

from __future__ import annotations

import sys
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

import images
from catalog.demo import contact_sheet
from search import Searcher
from settings import load_settings

RESULTS = 6


def main(home: str, out: str, *queries: str) -> None:
    searcher = Searcher.open(Path(home), load_settings(Path(home)))
    strips = []
    for query in queries:
        result = searcher.search(query, top=RESULTS)
        strip = contact_sheet(
            [
                (images.read_rgb(Path(hit.image)), f"{hit.name}  {hit.score:.2f}")
                for hit in result.results
            ],
            RESULTS,
            cell=160,
        )
        page = Image.new("RGB", (strip.width, strip.height + 34), "white")
        page.paste(strip, (0, 34))
        pen = ImageDraw.Draw(page)
        pen.text((12, 10), f'pairdex search "{query}"', "#222", ImageFont.load_default(18))
        strips.append(page)
    sheet = Image.new("RGB", (max(s.width for s in strips), sum(s.height for s in strips)), "white")
    top = 0
    for strip in strips:
        sheet.paste(strip, (0, top))
        top += strip.height
    sheet.quantize(128).save(out, optimize=True)
    print(out, sheet.size)


if __name__ == "__main__":
    main(*sys.argv[1:])

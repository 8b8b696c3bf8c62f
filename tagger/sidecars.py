"""What is written beside an image: `cat.jpg` has `cat.jpg.json`, `cat.jpg.txt`, `cat.jpg.xmp`.

The whole name stays in front, so `cat.jpg` and `cat.png` never share one.
"""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path
from typing import Literal

import msgspec

from errors import printable
from tagger import xmp
from tagger.results import Tagged

Kind = Literal["json", "txt", "xmp"]
KINDS: tuple[Kind, ...] = ("json", "txt", "xmp")
SCHEMA = "pairdex.sidecar.v1"


@lru_cache(4096)  # asked some times for each image, as it is planned, written and noted down
def path(image: Path, kind: str) -> Path:
    return image.with_name(f"{image.name}.{kind}")


def json_text(tagged: Tagged, content: str, model: str, generation: str | None) -> bytes:
    """Without a time: the same image under the same model gives the same bytes."""
    body = {
        "schema": SCHEMA,
        # A name that is not UTF-8 is shown escaped: JSON is text.
        "image": printable(os.path.basename(tagged.path)),  # noqa: PTH119  # a string as it came
        "content": content,
        "model": model,
        "generation": generation,
        "tags": tagged.tags,
        "captions": tagged.captions,
        "nearest": tagged.nearest,
    }
    if tagged.hashtags:
        body["hashtags"] = tagged.hashtags
    return msgspec.json.format(msgspec.json.encode(body), indent=2) + b"\n"


def is_json_sidecar(data: bytes) -> bool:
    """Of this program, whichever home it was written from."""
    try:
        body = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return False
    return isinstance(body, dict) and str(body.get("schema", "")).startswith("pairdex.sidecar.")


def txt_text(tagged: Tagged) -> bytes:
    """A tag a line; with hashtags, these are the last line."""
    lines = [printable(given.tag) for given in tagged.tags]
    if tagged.hashtags:
        lines.append(tagged.hashtags)
    return "".join(f"{line}\n" for line in lines).encode()


def xmp_text(old: bytes | None, add: list[str], drop: set[str], name: str) -> bytes:
    """A new file, or an old one with its keywords changed and nothing else."""
    return xmp.new(add) if old is None else xmp.changed(old, add, drop, name)

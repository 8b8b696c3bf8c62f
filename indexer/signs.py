"""By what look-alikes are told when a search folds them: content, picture and name, as numbers."""

from __future__ import annotations

import hashlib
import re
import unicodedata

# What shops write behind a name to tell sizes, colours and views of one thing apart.
_VARIANT = re.compile(r"\([^()]*\)|\[[^\[\]]*\]|（[^（）]*）|\s[-–—/|]\s.*$|[,;].*$")
_LETTERS = 2  # a shorter name says too little
Signs = tuple[int, int, int]


def signs(content: bytes, picture: str, name: str) -> Signs:
    """Digest of the content, perceptual hash, digest of the name; 0 for what there is not."""
    base = base_name(name)
    digest = hashlib.sha256(base.encode("utf-8", "surrogatepass")).digest() if base else b""
    return (
        int.from_bytes(content[:8], "little"),
        int(picture, 16) if picture else 0,
        int.from_bytes(digest[:8], "little"),
    )


def base_name(name: str) -> str:
    """The name without its variant: "Mug (red)", "Mug, 2 l" and "MUG - front" are all "mug"."""
    plain = unicodedata.normalize("NFKC", name).casefold()
    base = " ".join(_VARIANT.sub(" ", plain).split())
    return base if sum(char.isalpha() for char in base) >= _LETTERS else ""

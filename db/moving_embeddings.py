"""Embeddings by content from one cache to another, so that a moved home embeds nothing again."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from db.cache import CHUNK, EmbeddingCache, as_bytes
from db.home import Home
from progress import Progress, silent
from settings import DbSettings


def cache_at(home: Home, settings: DbSettings, fingerprint: str) -> EmbeddingCache:
    """That of a home, or of the database that `settings` name."""
    if not settings.url:
        return EmbeddingCache(home.cache, fingerprint)
    from db.cache_shared import SharedCache

    return SharedCache(settings, fingerprint)


def move_embeddings(
    source: EmbeddingCache,
    target: EmbeddingCache,
    kinds: Sequence[str],
    progress: Progress = silent,
) -> int:
    """How many came over; those that the target has are left as they are."""
    moved = 0
    for kind in kinds:
        contents = source.known(kind)
        new = contents[~np.isin(contents, target.known(kind))]
        done = 0
        for rows in source.get(kind, new):
            target.put(kind, as_bytes(new[done : done + CHUNK]), rows)
            done += len(rows)
            progress(f"embeddings {kind}", done, len(new))
        moved += done
    return moved

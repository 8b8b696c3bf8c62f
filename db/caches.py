"""The embedding cache of a home: a file in it, or tables beside the rows in PostgreSQL."""

from __future__ import annotations

from db.cache import EmbeddingCache
from db.databases import database_of
from db.home import Home


def open_cache(home: Home, fingerprint: str) -> EmbeddingCache:
    """That of one model."""
    settings = database_of(home.path)
    if not settings.url:
        return EmbeddingCache(home.cache, fingerprint)
    from db.cache_shared import SharedCache

    return SharedCache(settings, fingerprint)


def exist(home: Home) -> bool:
    """Whether there may be any embeddings."""
    return bool(database_of(home.path).url) or EmbeddingCache.exists(home.cache)

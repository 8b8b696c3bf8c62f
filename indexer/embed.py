"""Stage 3: batches → rows in the embedding cache, each batch on disk before the next."""

from __future__ import annotations

import os

import numpy as np

from db.cache import EmbeddingCache, Row
from encoder.encoded import Encoded, Encoder
from errors import ImageError
from indexer.decode import decode
from indexer.scan import ImageRow, Plan
from progress import Progress

IMAGE, TEXT = "image", "text"


def embed_images(
    plan: Plan, encoder: Encoder, cache: EmbeddingCache, batch: int, progress: Progress
) -> int:
    """Embed what is left to do; what cannot be decoded is added to the plan's failures."""
    work = sorted(plan.files.values(), key=lambda row: row.item)
    unreadable: dict[str, str] = {}
    done = 0
    for decoded in decode(work, encoder.image_size, batch, workers=os.cpu_count() or 1):
        good: list[ImageRow] = []
        arrays = []
        for row, result in decoded:
            if isinstance(result, ImageError):
                unreadable[row.content] = str(result)
            else:
                good.append(row)
                arrays.append(result)
        if good:
            rows = packed(encoder.images(np.stack(arrays)))
            cache.put(IMAGE, zip((row.content for row in good), rows, strict=True))
        done += len(decoded)
        progress("images", done, len(work))
    _drop(plan, unreadable)
    return done - len(unreadable)


def embed_texts(
    plan: Plan, encoder: Encoder, cache: EmbeddingCache, batch: int, progress: Progress
) -> int:
    work = list(plan.texts.items())
    for start in range(0, len(work), batch):
        part = work[start : start + batch]
        rows = packed(encoder.texts([text for _, text in part]))
        cache.put(TEXT, zip((content for content, _ in part), rows, strict=True))
        progress("captions", min(start + batch, len(work)), len(work))
    return len(work)


def packed(encoded: Encoded) -> list[Row]:
    """One float16 row per item: vector, then half."""
    return list(np.concatenate([encoded.vectors, encoded.halves], axis=1).astype(np.float16))


def _drop(plan: Plan, unreadable: dict[str, str]) -> None:
    if not unreadable:
        return
    lost = {row.item: unreadable[row.content] for row in plan.images if row.content in unreadable}
    plan.failures += [(item, "failed", reason) for item, reason in lost.items()]
    plan.images = [row for row in plan.images if row.item not in lost]
    plan.captions = [row for row in plan.captions if row.item not in lost]

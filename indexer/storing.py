"""Embedded rows on their way into the cache: what is told as done is stored."""

from __future__ import annotations

import numpy as np

from db.cache import Rows
from encoder.encoded import Encoded
from indexer.memory import trim
from indexer.run import IMAGE, INT8, TEXT, Run

# Rows that are stored together: the most that a killed job does again.
STORED = {IMAGE: 32, INT8: 32, TEXT: 512}


def packed(encoded: Encoded) -> Rows:
    """One float16 row per item: vector, then half."""
    return np.concatenate([encoded.vectors, encoded.halves], axis=1).astype(np.float16)


class RowWriter:
    """Rows of one kind, some at a time, `total` in all.

    To be closed however the stage ends, by Ctrl-C too: what is ready is stored first.
    """

    def __init__(self, run: Run, kind: str, total: int) -> None:
        self._cache, self._progress = run.cache, run.progress
        self._kind, self._total = kind, total
        self._contents: list[bytes] = []
        self._rows: list[Rows] = []
        self._done = 0
        self.stored = 0  # by us; others may have stored some of what was to be done

    def add(self, contents: list[bytes], encoded: Encoded) -> None:
        self._contents += contents
        self._rows.append(packed(encoded))
        if len(self._contents) >= STORED[self._kind]:
            self.flush()

    def leave_out(self, count: int) -> None:
        """These need not be waited for."""
        self._done += count

    def left(self, count: int) -> None:
        """So many are not stored yet, by whomever."""
        self._done = max(self._done, self._total - count)
        self._tell()

    def flush(self) -> None:
        if self._contents:
            self._cache.put(self._kind, self._contents, np.concatenate(self._rows))
            self._done += len(self._contents)
            self.stored += len(self._contents)
            self._contents, self._rows = [], []
            if self._kind == TEXT:
                trim()  # texts are many small pieces
        self._tell()

    close = flush

    def _tell(self) -> None:
        stage = "captions" if self._kind == TEXT else "images"
        self._progress(stage, self._done, self._total)

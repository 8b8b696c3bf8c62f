"""FAISS, and the only place that knows it: vectors by id, nearest first by cosine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from errors import IndexStateError, SettingsError

Ids = NDArray[np.int64]
Floats = NDArray[np.float32]
_CORES = faiss.omp_get_max_threads()


class VectorIndex:
    """Unit vectors under their row ids. Searches are safe in parallel."""

    def __init__(self, index: Any) -> None:
        self._index = index

    @classmethod
    def build(cls, vectors: Floats, ids: Ids, factory: str) -> VectorIndex:
        dimension = vectors.shape[1]
        try:
            inner = faiss.index_factory(dimension, factory, faiss.METRIC_INNER_PRODUCT)
            index = faiss.IndexIDMap2(inner)
            faiss.omp_set_num_threads(_CORES)
            if not index.is_trained:
                index.train(vectors)
            index.add_with_ids(vectors, ids)
        except (RuntimeError, AssertionError) as error:
            reason = str(error).strip().splitlines()[-1]
            raise SettingsError(
                f"index.factory {factory!r} cannot index {len(ids)} vectors of {dimension} numbers",
                reason.rpartition("Error: ")[2],
                'take "Flat" or another FAISS index_factory string',
            ) from None
        return cls(index)

    @classmethod
    def read(cls, file: Path) -> VectorIndex:
        """FAISS has no checksums: compare the manifest's before calling this."""
        try:
            return cls(faiss.read_index(str(file)))
        except RuntimeError as error:
            raise IndexStateError(
                f"{file} cannot be read",
                str(error).strip().splitlines()[-1],
                "build the index again",
            ) from None

    def write(self, file: Path) -> None:
        try:
            faiss.write_index(self._index, str(file))
        except RuntimeError as error:
            raise OSError(0, str(error).strip().splitlines()[-1], str(file)) from None

    def __len__(self) -> int:
        return int(self._index.ntotal)

    def search(self, queries: Floats, count: int) -> tuple[Ids, Floats]:
        """Ids `[n, count]` and cosines of the nearest; fewer where the index holds fewer."""
        count = min(count, len(self))
        if count == 0:
            return np.empty((len(queries), 0), np.int64), np.empty((len(queries), 0), np.float32)
        # Waking the threads costs a single query more than its search does.
        faiss.omp_set_num_threads(1 if len(queries) == 1 else _CORES)
        cosines, ids = self._index.search(np.ascontiguousarray(queries, np.float32), count)
        return ids, cosines

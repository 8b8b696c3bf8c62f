"""Where ids are among the ascending ids of a generation."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Ids = NDArray[np.int64]


def rows_of(ids: Ids, sought: Ids) -> Ids:
    """The row of each sought id; all of them must be among the ids."""
    # Ids without a gap say their rows themselves; a search through a million misses the cache.
    if len(ids) and ids[-1] - ids[0] == len(ids) - 1:
        return np.asarray(sought - ids[0], np.int64)
    return np.searchsorted(ids, sought)

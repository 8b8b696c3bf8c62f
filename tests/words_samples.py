"""Word indexes in memory, of items that are not in a generation."""

from __future__ import annotations

import numpy as np

from db.store import Store
from db.words import Words
from db.words_build import build


def words_of(store: Store) -> Words:
    """Of all that a catalog holds."""
    ids = store.item_ids()
    return build(np.asarray(ids, np.int64), store.item_words(ids))

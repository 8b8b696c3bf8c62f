from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from db.places import rows_of


@given(st.sets(st.integers(1, 60), min_size=1))
def test_each_id_is_found_in_its_row_with_and_without_gaps(held: set[int]) -> None:
    for ids in (np.array(sorted(held)), np.arange(min(held), max(held) + 1)):
        rows = np.arange(len(ids))[::-1]
        assert rows_of(ids, ids[rows]).tolist() == rows.tolist()

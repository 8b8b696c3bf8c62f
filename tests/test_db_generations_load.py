"""Publishing while others search: every search is answered, and from one generation."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.publishes import measure


@pytest.mark.slow
def test_searches_during_twenty_publishes_are_all_answered_and_none_is_mixed(
    tmp_path: Path,
) -> None:
    """Real processes; one opens the index anew before each search, one as soon as it changes.

    Only the live generation is kept, so readers meet folders that are being deleted.
    """
    found = measure(tmp_path, items=300, publishes=20, readers=2)
    for reader in found["readers"]:
        assert reader["failed"] == []
        assert reader["mixed"] == 0
        assert reader["searches"] > 0
        assert reader["generations"][-1] == "000021"
        assert len(reader["generations"]) > 2
        assert reader["generations"] == sorted(reader["generations"])

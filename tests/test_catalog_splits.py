"""Splits: shares met, duplicates on one side, items staying where they are as a catalog grows."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.splits import SPLITS, assign_splits, split_of
from db.records import Split

SHARES = (0.8, 0.1, 0.1)


def keys(count: int) -> list[str]:
    return [f"item {number}" for number in range(count)]


def assign(
    count: int,
    given_: dict[int, Split] | None = None,
    groups: list[list[int]] | None = None,
    seed: int = 1,
) -> list[Split]:
    fixed = [(given_ or {}).get(place) for place in range(count)]
    return assign_splits(keys(count), fixed, groups or [], SHARES, seed)


def test_shares_are_met_on_many_items() -> None:
    counts = Counter(assign(5000))
    assert counts["train"] == pytest.approx(4000, abs=120)
    assert counts["val"] == pytest.approx(500, abs=90)


def test_the_seed_decides() -> None:
    assert assign(200) == assign(200)
    assert assign(200) != assign(200, seed=2)


@settings(deadline=None)
@given(st.integers(100, 200), st.integers(0, 100))
def test_items_stay_where_they_are_as_the_catalog_grows(count: int, more: int) -> None:
    groups = [[3, 50], [7, count + more]]
    before = assign(count, groups=[[3, 50]])
    assert assign(count + more + 1, groups=groups)[:count] == before


@settings(deadline=None)
@given(st.integers(2, 60), st.data())
def test_groups_stay_together(count: int, data: st.DataObject) -> None:
    places = data.draw(st.permutations(range(count)))
    cut = data.draw(st.integers(0, count))
    groups = [list(places[:cut])] if cut > 1 else []
    splits = assign(count, groups=groups)
    for group in groups:
        assert len({splits[place] for place in group}) == 1


@settings(deadline=None)
@given(st.integers(10, 30), st.integers(0, 500))
def test_from_ten_items_on_no_split_is_empty(count: int, seed: int) -> None:
    assert set(assign(count, seed=seed)) == set(SPLITS)


def test_a_share_of_zero_stays_empty() -> None:
    assert set(assign_splits(keys(50), [None] * 50, [], (1.0, 0.0, 0.0), 1)) == {"train"}


def test_given_splits_are_respected_even_against_the_groups() -> None:
    splits = assign(20, {0: "val", 1: "train"}, [[0, 1, 2]])
    assert splits[:2] == ["val", "train"]
    assert splits[2] == "val"  # the side where it leaks nothing


@pytest.mark.parametrize(
    ("name", "split"),
    [("Training", "train"), (" dev ", "val"), ("valid", "val"), ("eval", "val"), ("TEST", "test")],
)
def test_usual_names_of_splits_are_known(name: str, split: Split) -> None:
    assert split_of(name) == split


def test_other_names_are_not() -> None:
    assert split_of("holdout 3") is None

"""The ablation's fair play: what is held out, what is changed, what is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from training.recipe import Pair

pytestmark = pytest.mark.slow  # it imports Keras


def pairs() -> list[Pair]:
    splits = ["train"] * 8 + ["val", "test"]
    return [Pair(str(n), Path("x"), (("en", "x"),), (), splits[n % 10]) for n in range(100)]


def test_each_item_is_held_out_by_one_fold_and_test_items_by_none() -> None:
    from benchmarks.ablation import FOLDS, folded

    held = [{p.id for p in folded(pairs(), fold) if p.split == "val"} for fold in range(FOLDS)]
    known = {pair.id for pair in pairs() if pair.split != "test"}
    assert set().union(*held) == known
    assert sum(map(len, held)) == len(known)
    assert {p.id for fold in range(FOLDS) for p in folded(pairs(), fold)} == known


def test_every_row_changes_the_settings_it_names(tmp_path: Path) -> None:
    from benchmarks.ablation import DEFAULT, ROWS, changed

    usual = changed(tmp_path, DEFAULT, 0)
    for row in ROWS:
        other = changed(tmp_path, row, 0)
        same = (other.encoder, other.training) == (usual.encoder, usual.training)
        assert same == (row == DEFAULT)


def test_the_table_says_how_many_seeds_got_worse() -> None:
    from benchmarks.ablation import DEFAULT, FIGURES, table

    usual = {str(seed): dict.fromkeys(FIGURES, 0.5) for seed in range(3)}
    other = {str(seed): dict.fromkeys(FIGURES, value) for seed, value in enumerate((0.4, 0.3, 0.6))}
    [line] = [line for line in table({DEFAULT: usual, "no palette": other}).splitlines()
              if "no palette" in line]  # fmt: skip
    assert "0.433 (-0.067, 2/3 worse)" in line

"""From a source to the store: every row is accounted for, and importing again changes nothing."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from catalog.columns import ColumnFlags
from catalog.facts import map_ordered
from db.store import Store
from errors import CatalogError
from tests.catalog_samples import load, picture, save_picture, write_csv
from tests.words_samples import words_of

HEADER = ["id", "image", "caption", "tags", "split"]


def catalog(folder: Path, count: int = 12, **changes: list[str]) -> Path:
    """A table of `count` pictures; `changes` replaces single rows by their id."""
    rows = []
    for number in range(count):
        name = save_picture(folder / "images" / f"{number}.png").name
        row = [str(number), f"images/{name}", f"picture {number}", "red|round", ""]
        rows.append(changes.get(f"row{number}", row))
    return write_csv(folder / "catalog.csv", [HEADER, *rows])


def test_a_row_becomes_an_item_with_all_it_says(tmp_path: Path) -> None:
    save_picture(tmp_path / "a.png")
    header = ["id", "image", "caption", "caption_2", "caption_ko", "tags", "price", "made", "kinds"]
    row = ["7", "a.png", "a red fox", "fox", "붉은 여우", "Red|Fox", "3.50", "2024-02-29", "a|b"]
    source = write_csv(tmp_path / "catalog.csv", [header, row])
    summary, items, _ = load(source, tmp_path / "home")
    item = items["7"]
    assert [(c.text, c.language) for c in item.captions] == [
        ("a red fox", "en"),
        ("fox", "en"),
        ("붉은 여우", "ko"),
    ]
    assert set(item.tags) == {"red", "fox"}
    assert item.attributes == {"price": 3.5, "made": "2024-02-29", "kinds": ["a", "b"]}
    assert item.kinds == {"price": "number", "made": "date", "kinds": "list"} == summary.kinds
    assert (item.facts.format, item.facts.width, item.facts.height) == ("PNG", 48, 40)


def test_importing_again_changes_nothing_and_decodes_nothing(tmp_path: Path) -> None:
    source = catalog(tmp_path)
    first, before, _ = load(source, tmp_path / "home")
    again, after, _ = load(source, tmp_path / "home")
    assert (first.counts.added, first.decoded) == (12, 12)
    assert (again.counts.unchanged, again.decoded) == (12, 0)
    assert before == after


def test_a_changed_file_is_decoded_again(tmp_path: Path) -> None:
    source = catalog(tmp_path)
    _, before, _ = load(source, tmp_path / "home")
    picture("another").save(tmp_path / "images" / "3.png")
    os.utime(tmp_path / "images" / "3.png", ns=(1, 1))
    summary, after, _ = load(source, tmp_path / "home")
    assert (summary.decoded, summary.counts.changed) == (1, 1)
    assert after["3"].facts.content_hash != before["3"].facts.content_hash


def test_items_that_the_source_no_longer_names_stay_unless_pruned(tmp_path: Path) -> None:
    load(catalog(tmp_path, 12), tmp_path / "home")
    smaller = catalog(tmp_path, 5)
    assert len(load(smaller, tmp_path / "home")[1]) == 12
    summary, items, _ = load(smaller, tmp_path / "home", prune=True)
    assert (len(items), summary.counts.removed) == (5, 7)


def test_duplicates_share_a_split_even_across_imports(tmp_path: Path) -> None:
    _, items, _ = load(catalog(tmp_path, 40), tmp_path / "home")
    held_out = next(item for item in items.values() if item.split == "test")
    rows = [HEADER]
    for number in range(5):
        picture(Path(held_out.image).name).save(tmp_path / f"copy{number}.png")
        rows.append([f"copy{number}", f"copy{number}.png", f"copy {number}", "", ""])
    summary, items, _ = load(write_csv(tmp_path / "more.csv", rows), tmp_path / "home")
    assert {items[f"copy{number}"].split for number in range(5)} == {"test"}
    assert summary.exact_groups == 1


def test_items_keep_their_split_when_the_catalog_grows(tmp_path: Path) -> None:
    _, before, _ = load(catalog(tmp_path, 30), tmp_path / "home")
    _, after, _ = load(catalog(tmp_path, 45), tmp_path / "other home")
    assert {key: after[key].split for key in before} == {k: i.split for k, i in before.items()}


def test_given_splits_are_taken_and_unknown_ones_listed(tmp_path: Path) -> None:
    source = catalog(
        tmp_path,
        row0=["0", "images/0.png", "a", "", "Validation"],
        row1=["1", "images/1.png", "b", "", "holdout"],
    )
    _, items, problems = load(source, tmp_path / "home")
    assert items["0"].split == "val"
    assert problems == {"1": "bad-split"}
    assert "1" in items


def test_rows_that_repeat_an_image_add_their_captions(tmp_path: Path) -> None:
    save_picture(tmp_path / "a.png")
    rows = [["image", "caption"], ["a.png", "one"], ["a.png", "two"], ["a.png", "one"]]
    summary, items, problems = load(write_csv(tmp_path / "c.csv", rows), tmp_path / "home")
    assert [caption.text for caption in items["a.png"].captions] == ["one", "two"]
    assert summary.merged == 1
    assert problems == {"a.png": "duplicate-id"}
    assert summary.rows == summary.items + summary.merged + sum(summary.problems.values())


def test_rows_that_repeat_a_broken_image_are_all_listed(tmp_path: Path) -> None:
    save_picture(tmp_path / "fine.png")
    (tmp_path / "a.png").write_text("none")
    rows = [["image", "caption"], ["a.png", "one"], ["a.png", "two"], ["fine.png", "fine"]]
    summary, _, _ = load(write_csv(tmp_path / "c.csv", rows), tmp_path / "home")
    assert summary.problems == {"not-an-image": 2}


def test_a_mapped_caption_keeps_the_plain_one_out_of_the_store(tmp_path: Path) -> None:
    save_picture(tmp_path / "a.png")
    rows = [["image", "caption", "blind"], ["a.png", "Bulbasaur, a seed", "a seed"]]
    source = write_csv(tmp_path / "c.csv", rows)
    home = tmp_path / "home"
    summary, items, _ = load(source, home, ColumnFlags(caption="blind"))
    assert [caption.text for caption in items["a.png"].captions] == ["a seed"]
    assert items["a.png"].attributes == {}
    assert any("`caption` was left out" in note for note in summary.notes)
    with Store.open(home) as store:
        assert words_of(store).unknown("Bulbasaur")


def test_images_may_lie_elsewhere(tmp_path: Path) -> None:
    save_picture(tmp_path / "photos" / "a.png")
    (tmp_path / "tables").mkdir()
    rows = [["image", "caption"], ["a.png", "a fox"]]
    source = write_csv(tmp_path / "tables" / "c.csv", rows)
    _, items, _ = load(source, tmp_path / "home", images=tmp_path / "photos")
    assert items["a.png"].image == str(tmp_path / "photos" / "a.png")
    with pytest.raises(CatalogError, match="is not a folder"):
        load(source, tmp_path / "home", images=tmp_path / "none")


def test_every_kind_of_source_gives_the_same_item(tmp_path: Path) -> None:
    import pandas as pd

    save_picture(tmp_path / "a.png")
    row = {"image": "a.png", "caption": "a fox", "tags": "red|fox", "price": 3}
    pd.DataFrame([row]).to_csv(tmp_path / "c.csv", index=False)
    pd.DataFrame([row]).to_csv(tmp_path / "c.tsv", index=False, sep="\t")
    pd.DataFrame([row]).to_parquet(tmp_path / "c.parquet")
    (tmp_path / "c.jsonl").write_text(json.dumps(row))
    (tmp_path / "c.json").write_text(json.dumps([row | {"tags": ["red", "fox"]}]))
    found = [
        load(tmp_path / f"c.{kind}", tmp_path / kind)[1]
        for kind in ("csv", "tsv", "parquet", "jsonl", "json")
    ]
    assert all(items == found[0] for items in found)
    assert found[0]["a.png"].attributes == {"price": 3.0}


def test_when_nothing_can_be_taken_the_error_says_why_and_the_rows_are_listed(
    tmp_path: Path,
) -> None:
    rows = [["image", "caption"], ["a.png", "one"], ["b.png", "two"]]
    source = write_csv(tmp_path / "c.csv", rows)
    with pytest.raises(CatalogError, match="none of 2 rows could be taken: missing-image 2 times"):
        load(source, tmp_path / "home")
    with Store.open(tmp_path / "home") as store:
        assert [problem.key for problem in store.problems()] == ["a.png", "b.png"]


def test_a_table_with_a_header_only_is_an_empty_catalog(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match="holds no rows"):
        load(write_csv(tmp_path / "c.csv", [["image", "caption"]]), tmp_path / "home")


def test_the_work_in_flight_is_bounded() -> None:
    begun: list[int] = []

    def numbers() -> Iterator[int]:
        for number in range(1000):
            begun.append(number)
            yield number

    results = map_ordered(lambda number: number * 2, numbers(), threads=2)
    assert [next(results) for _ in range(3)] == [0, 2, 4]
    assert len(begun) <= 3 + 8

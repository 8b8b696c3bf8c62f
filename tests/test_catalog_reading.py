"""Reading sources: what was written comes back, and any bytes give rows or one clear error."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalog.rows import Row, Value
from catalog.source import open_source
from errors import CatalogError
from tests.catalog_samples import save_picture

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
SHARED_FOLDER = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def values(path: Path, encoding: str | None = None) -> list[dict[str, Value]]:
    return [row.values for row in open_source(path, encoding).read()]


@SHARED_FOLDER
@given(st.lists(st.tuples(TEXT, TEXT), min_size=1, max_size=5), st.sampled_from([".csv", ".tsv"]))
def test_any_text_survives_csv_and_tsv(
    tmp_path: Path, rows: list[tuple[str, str]], suffix: str
) -> None:
    buffer = io.StringIO()
    writer = csv.writer(buffer, "excel" if suffix == ".csv" else "excel-tab", quoting=csv.QUOTE_ALL)
    writer.writerows([("image", "caption"), *rows])
    path = tmp_path / f"any{suffix}"
    path.write_bytes(buffer.getvalue().encode())
    assert values(path) == [{"image": a, "caption": b} for a, b in rows]


@SHARED_FOLDER
@given(st.lists(st.dictionaries(TEXT.map(str.strip), TEXT, min_size=1), min_size=1, max_size=5))
def test_any_objects_survive_jsonl_and_json(tmp_path: Path, rows: list[dict[str, str]]) -> None:
    (tmp_path / "any.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    (tmp_path / "any.json").write_text(json.dumps(rows, ensure_ascii=False), encoding="utf-8")
    assert values(tmp_path / "any.jsonl") == rows
    assert values(tmp_path / "any.json") == rows


@SHARED_FOLDER
@given(
    st.binary(max_size=300) | TEXT.map(str.encode),
    st.sampled_from([".csv", ".tsv", ".jsonl", ".json", ".parquet"]),
)
def test_any_bytes_give_rows_or_one_clear_error(tmp_path: Path, data: bytes, suffix: str) -> None:
    path = tmp_path / f"any{suffix}"
    path.write_bytes(data)
    try:
        source = open_source(path)
    except CatalogError:
        return
    numbers = [row.number for row in source.read()]
    assert numbers == list(range(1, source.total + 1))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "cp949"])
def test_encodings_are_told_apart(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "table.csv"
    path.write_text("image,caption\na.png,불꽃 도마뱀\n", encoding=encoding)
    assert values(path) == [{"image": "a.png", "caption": "불꽃 도마뱀"}]


def test_an_encoding_can_be_named(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes("image,caption\na.png,café\n".encode("cp1252"))
    assert values(path, "cp1252")[0]["caption"] == "café"
    with pytest.raises(CatalogError, match="no such encoding"):
        open_source(path, "hex")
    with pytest.raises(CatalogError, match="at byte 23"):
        open_source(path, "utf-8")


def test_quoted_newlines_stay_in_their_field(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text('image,caption\r\na.png,"two\r\nlines, one ""field"""\r\n', newline="")
    assert values(path)[0]["caption"] == 'two\r\nlines, one "field"'


def test_semicolons_are_recognised(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("image;caption\na.png;red, round\n")
    assert values(path) == [{"image": "a.png", "caption": "red, round"}]


def test_an_unclosed_quote_is_an_error_that_names_its_line(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text('image,caption\na.png,fine\nb.png,"open\nc.png,lost\nd.png,lost\n')
    with pytest.raises(CatalogError, match="begins in line 3"):
        open_source(path)


def test_rows_with_too_many_fields_are_faults_and_short_ones_are_not(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("image,caption,tags\na.png,red,round,extra\nb.png,blue\n")
    long, short = open_source(path).read()
    assert "4 fields for 3 columns" in long.fault
    assert short == Row(2, {"image": "b.png", "caption": "blue"})


def test_repeated_and_nameless_columns_get_names_of_their_own(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("image,size,,size\na.png,1,2,3\n")
    assert open_source(path).columns == ("image", "size", "column 3", "size (2)")


def test_a_broken_line_of_jsonl_is_one_fault_and_the_rest_is_read(tmp_path: Path) -> None:
    path = tmp_path / "table.jsonl"
    path.write_text('{"image": "a.png"}\n{"image": \n[1]\n\n{"caption": "red"}\n')
    source = open_source(path)
    assert [bool(row.fault) for row in source.read()] == [False, True, True, False]
    assert source.columns == ("image", "caption")


def test_parquet_keeps_types_and_leaves_binary_columns_out(tmp_path: Path) -> None:
    path = tmp_path / "table.parquet"
    frame = pd.DataFrame(
        {
            "image": ["a.png", "b.png"],
            "price": [1.5, None],
            "tags": [["red", "round"], []],
            "pixels": [b"\0", b"\1"],
        }
    )
    frame.to_parquet(path)
    source = open_source(path)
    assert source.columns == ("image", "price", "tags")
    assert next(source.read()).values == {"image": "a.png", "price": 1.5, "tags": ["red", "round"]}
    assert "pixels" in source.notes[0]


def test_sidecars_give_captions_and_other_columns(tmp_path: Path) -> None:
    save_picture(tmp_path / "red" / "a.png").with_suffix(".txt").write_text("a red fox")
    save_picture(tmp_path / "red" / "b.png").with_suffix(".json").write_text(
        '{"caption": "a red cat", "price": 3, "image": "other.png"}'
    )
    save_picture(tmp_path / "red" / "c.png").with_name("c.png.json").write_text("[]")
    first, second, third = open_source(tmp_path).read()
    assert first.values == {"image": "red/a.png", "tags": ["red"], "caption": "a red fox"}
    assert second.values["image"] == "red/b.png"
    assert (second.values["caption"], second.values["price"]) == ("a red cat", 3)
    assert "no JSON object" in third.fault


def test_without_sidecars_the_folders_are_tags_caption_and_split(tmp_path: Path) -> None:
    save_picture(tmp_path / "train" / "fruit" / "red_apple" / "a.png")
    save_picture(tmp_path / "valid" / "fruit" / "pear" / "b.png")
    first, second = open_source(tmp_path).read()
    assert first.values == {
        "image": "train/fruit/red_apple/a.png",
        "split": "train",
        "tags": ["fruit", "red apple"],
        "caption": "red apple, fruit",
    }
    assert second.values["split"] == "valid"


def test_links_to_folders_are_not_followed(tmp_path: Path) -> None:
    save_picture(tmp_path / "cat" / "a.png")
    (tmp_path / "cat" / "again").symlink_to(tmp_path)
    assert open_source(tmp_path).total == 1


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda _: None, "does not exist"),
        (lambda path: path.touch(), "empty"),
        (lambda path: path.write_text("\n\n"), "no header"),
        (lambda path: path.mkdir(), "no images"),
        (lambda path: path.symlink_to(path), "cannot be opened|does not exist"),
    ],
)
def test_a_source_that_is_none_says_why(
    tmp_path: Path, make: Callable[[Path], object], reason: str
) -> None:
    path = tmp_path / "table.csv"
    make(path)
    with pytest.raises(CatalogError, match=reason):
        open_source(path)


def test_an_unknown_kind_of_file_names_the_known_ones(tmp_path: Path) -> None:
    path = tmp_path / "table.xlsx"
    path.write_text("x")
    with pytest.raises(CatalogError, match=r"\.parquet"):
        open_source(path)

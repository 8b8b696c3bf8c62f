"""The commands of `pairdex catalog`: results on stdout, everything else on stderr."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from cli import app
from errors import CatalogError, QueryError
from tests.catalog_samples import picture, save_picture, write_csv


@pytest.fixture
def source(tmp_path: Path) -> Path:
    rows = [["id", "image", "caption", "blind", "tags"]]
    for number in range(10):
        save_picture(tmp_path / f"{number}.png")
        rows.append([f"n{number}", f"{number}.png", f"Name {number}", f"picture {number}", "red"])
    picture("0.png").save(tmp_path / "copy.png")
    rows += [["copy", "copy.png", "Copy", "a copy", ""], ["[bold]", "gone.png", "x", "y", ""]]
    return write_csv(tmp_path / "catalog.csv", rows)


def run(home: Path, *words: object) -> Result:
    return CliRunner().invoke(
        app, ["--home", str(home), "catalog", *map(str, words)], catch_exceptions=False
    )


def test_import_sums_up_what_came_in(tmp_path: Path, source: Path) -> None:
    result = run(tmp_path / "home", "import", source, "--caption", "blind")
    assert "11 items from 12 rows: 11 added" in result.stdout
    assert "1 missing-image" in result.stdout
    assert "1 exact and 0 near" in result.stdout
    assert "`caption` was left out" in result.stderr


def test_import_speaks_json(tmp_path: Path, source: Path) -> None:
    found = json.loads(run(tmp_path / "home", "import", source, "--json").stdout)
    assert found["schema"] == "pairdex.catalog-import.v1"
    assert (found["rows"], found["items"], found["problems"]) == (12, 11, {"missing-image": 1})
    assert found["counts"]["added"] == 11


def test_problems_are_listed_as_they_are(tmp_path: Path, source: Path) -> None:
    run(tmp_path / "home", "import", source)
    assert "[bold]" in run(tmp_path / "home", "problems").stdout
    with pytest.raises(QueryError, match="missing-image"):
        run(tmp_path / "home", "problems", "--code", "url")
    found = json.loads(run(tmp_path / "home", "problems", "--json").stdout)
    assert found["problems"] == [
        {
            "row": 12,
            "key": "[bold]",
            "code": "missing-image",
            "detail": "gone.png: no such file",
            "kept": False,
        }
    ]


def test_duplicates_are_listed_by_group(tmp_path: Path, source: Path) -> None:
    run(tmp_path / "home", "import", source)
    assert run(tmp_path / "home", "duplicates").stdout.split() == ["exact", "n0", "copy"]
    found = json.loads(run(tmp_path / "home", "duplicates", "--json").stdout)
    assert found["groups"] == [{"kind": "exact", "ids": ["n0", "copy"]}]


def test_report_says_where_the_page_is(tmp_path: Path, source: Path) -> None:
    run(tmp_path / "home", "import", source)
    result = run(tmp_path / "home", "report", "--out", tmp_path / "page.html")
    assert result.stdout.strip() == str(tmp_path / "page.html")
    assert (tmp_path / "page.html").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")


def test_an_error_is_that_of_the_library(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match="does not exist"):
        run(tmp_path / "home", "import", tmp_path / "none.csv")


@pytest.mark.parametrize("command", ["import", "problems", "duplicates", "report", "demo"])
def test_each_command_explains_itself(tmp_path: Path, command: str) -> None:
    result = run(tmp_path, command, "--help")
    assert result.exit_code == 0
    assert "Usage" in result.stdout

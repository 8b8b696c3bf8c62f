"""The data report: one page that needs nothing else and tells what is in the catalog."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from catalog.report import write_report
from db.store import Store
from errors import CatalogError, HomeError
from tests.catalog_samples import load, picture, save_picture, write_csv


@pytest.fixture
def home(tmp_path: Path) -> Path:
    rows = [["id", "image", "caption", "caption_ko", "tags", "colour", "price"]]
    for number in range(12):
        save_picture(tmp_path / f"{number}.png")
        colour = "red" if number % 3 else "<b>blue</b>"
        rows.append(
            [str(number), f"{number}.png", f"picture {number}", "그림", "round|빨강", colour, "3"]
        )
    picture("0.png").save(tmp_path / "copy.png")
    rows += [
        ["<i>copy</i>", "copy.png", "a copy", "", "", "", ""],
        ["gone", "gone.png", "gone", "", "", "", ""],
    ]
    load(write_csv(tmp_path / "c.csv", rows), tmp_path / "home")
    return tmp_path / "home"


def test_the_page_tells_counts_duplicates_and_problems(home: Path) -> None:
    with Store.open(home) as store:
        page = write_report(store, home / "report.html", 4).read_text(encoding="utf-8")
    assert "<b>13</b>items" in page
    assert "빨강" in page
    assert "missing-image" in page
    assert "data:image/jpeg;base64," in page
    assert page.count("<svg") == 5


def test_the_page_needs_no_other_file_and_no_network(home: Path) -> None:
    with Store.open(home) as store:
        page = write_report(store, home / "report.html", 4).read_text(encoding="utf-8")
    sources = re.findall(r'(?:src|href)="(?!#)([^"]{0,20})', page)
    assert all(source.startswith("data:") for source in sources)
    assert "<script" not in page


def test_text_of_the_catalog_cannot_become_markup(home: Path) -> None:
    with Store.open(home) as store:
        page = write_report(store, home / "report.html", 4).read_text(encoding="utf-8")
    assert "&lt;b&gt;blue&lt;/b&gt;" in page
    assert "<b>blue" not in page
    assert "<i>copy" not in page


def test_an_image_that_has_gone_since_is_shown_by_its_id(home: Path) -> None:
    (home.parent / "copy.png").unlink()
    with Store.open(home) as store:
        page = write_report(store, home / "report.html", 4).read_text(encoding="utf-8")
    assert "&lt;i&gt;copy" in page


def test_an_empty_catalog_has_no_report(tmp_path: Path) -> None:
    with (
        Store.open(tmp_path / "home", create=True) as store,
        pytest.raises(CatalogError, match="empty"),
    ):
        write_report(store, tmp_path / "report.html", 4)


def test_a_place_that_cannot_be_written_is_one_clear_error(home: Path) -> None:
    with Store.open(home) as store, pytest.raises(HomeError, match="cannot be used"):
        write_report(store, home, 4)

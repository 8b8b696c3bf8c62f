"""What goes to pipes, pages and terminals, from hits made by hand."""

from __future__ import annotations

import base64
import csv
import io
import json
import os
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from commands import search_formats
from commands.page import search_page
from commands.pictures import sequence
from commands.search_preview import COLUMNS, ROWS, strip
from commands.search_table import explained
from commands.terminal import graphics
from errors import QueryError, printable
from search import Explanation, Hit, Member, SearchResult

ODD = 'a "big" one,\nin two lines; <b>&'


def hit(folder: Path, rank: int = 1, name: str = ODD) -> Hit:
    file = folder / f"{rank}.png"
    Image.new("RGB", (40, 20), (250, 20 * rank, 0)).save(file)
    return Hit(
        rank, f"id{rank}", name, str(file), ODD, 1.0 - rank / 10, ("red", "small"),
        {"height": 1.5, "seen": ["x", "y"], "kind": ODD}, {"image": 3, "words": 1},
        (Member("twin", "", "", 0.5, "same file"),),
        Explanation(7, 0.4, 0.5, 0.6, 0.7, 0.5, ("big",)),
    )  # fmt: skip


def result(folder: Path, **changes: object) -> SearchResult:
    hits = tuple(hit(folder, rank) for rank in (1, 2))
    fields = {"query": ODD, "generation": "000001", "took_ms": 1.0, "no_match": False}
    return SearchResult(**{**fields, "results": hits, **changes})  # type: ignore[arg-type]


def test_csv_survives_quotes_commas_and_line_breaks(tmp_path: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(search_formats.csv_text(result(tmp_path).results))))
    assert [row["rank"] for row in rows] == ["1", "2"]
    assert rows[0]["caption"] == rows[0]["name"] == rows[0]["attribute.kind"] == ODD
    assert (rows[0]["attribute.height"], rows[0]["attribute.seen"]) == ("1.5", "x; y")


def test_a_format_that_holds_matches_is_empty_where_nothing_matches(
    tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    nothing = result(tmp_path, no_match=True)
    for form in ("jsonl", "paths"):
        search_formats.write(form, nothing)
    assert capfdbinary.readouterr().out == b""
    search_formats.write("csv", nothing)
    assert capfdbinary.readouterr().out == b"rank,id,score,name,image,caption,tags\n"
    search_formats.write("json", nothing)
    assert len(json.loads(capfdbinary.readouterr().out)["results"]) == 2


def test_paths_are_the_bytes_that_the_file_system_has(
    tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    raw = os.fsencode(tmp_path) + b"/odd \xff\nname.png"
    one = Hit(1, "a", "", os.fsdecode(raw), "", 1.0, (), {})
    search_formats.write("paths", result(tmp_path, results=(one,)), null=True)
    assert capfdbinary.readouterr().out == raw + b"\0"
    search_formats.write("jsonl", result(tmp_path, results=(one,)))
    assert os.fsencode(json.loads(capfdbinary.readouterr().out)["image"]) == raw


def test_only_one_format_is_taken() -> None:
    assert search_formats.chosen(json=False, csv=True) == "csv"
    with pytest.raises(QueryError, match="--json and --csv do not go together"):
        search_formats.chosen(json=True, csv=True)
    with pytest.raises(QueryError, match="-0"):
        search_formats.chosen(null=True, json=True)


def test_an_explanation_names_channels_places_and_words(tmp_path: Path) -> None:
    text = "\n".join(explained(hit(tmp_path)))
    for part in ("image 3, words 1", "place 7 before", "1 after", "0.40", "0.60", "big", "twin"):
        assert part in text


class Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_page_is_whole_in_itself_and_says_all(tmp_path: Path) -> None:
    page = search_page(result(tmp_path, no_match=True, suggestion="a bigger one", notes=("note!",)))
    reader = Reader()
    reader.feed(page)
    pictures = [attrs["src"] or "" for tag, attrs in reader.tags if tag == "img"]
    assert len(pictures) == 2
    for source in pictures:
        data = base64.b64decode(source.removeprefix("data:image/jpeg;base64,"))
        assert Image.open(io.BytesIO(data)).size == (40, 20)
    # Nothing that a browser would fetch.
    assert {tag for tag, _ in reader.tags}.isdisjoint({"script", "link", "iframe", "b"})
    for source in pictures:
        page = page.replace(source, "")
    assert not re.search(r"//|@import|url\(", page)
    said = (printable(ODD), "Nothing matches", "a bigger one", "note!", "place 7 before", "0.90")
    assert [part for part in said if part not in reader.text] == []


def test_a_picture_that_is_gone_leaves_a_note_on_the_page(tmp_path: Path) -> None:
    some = result(tmp_path)
    Path(some.results[0].image).unlink()
    reader = Reader()
    reader.feed(search_page(some))
    assert len([tag for tag, _ in reader.tags if tag == "img"]) == 1
    assert "cannot be opened" in reader.text


# -- pictures in a terminal -----------------------------------------------------------------


@pytest.fixture
def picture(tmp_path: Path) -> Image.Image:
    """Two thumbnails side by side, more than one chunk of kitty's when packed."""
    noise = np.random.default_rng(0).integers(0, 255, (60, 90, 3), np.uint8)
    Image.fromarray(noise).save(tmp_path / "noise.png")
    return strip([tmp_path / "noise.png", Path(hit(tmp_path).image)], (8, 16))


def test_a_strip_holds_each_picture_in_its_place(picture: Image.Image) -> None:
    assert picture.size == ((2 * COLUMNS + 1) * 8, ROWS * 16)
    assert picture.getpixel((picture.width - COLUMNS * 4, ROWS * 8)) == (250, 20, 0)


def test_kitty_gets_the_picture_in_chunks(picture: Image.Image) -> None:
    text = sequence(picture, "kitty", 33, 8)
    chunks = re.findall(r"\x1b_G([^;]*);([^\x1b]*)\x1b\\", text)
    assert "".join(f"\x1b_G{keys};{data}\x1b\\" for keys, data in chunks) == text
    assert len(chunks) > 1
    assert all(len(data) <= 4096 for _, data in chunks)
    assert [keys.rpartition("m=")[2] for keys, _ in chunks] == ["1"] * (len(chunks) - 1) + ["0"]
    assert {"a=T", "f=100", "c=33", "r=8", "q=2"} <= set(chunks[0][0].split(","))
    assert same(decoded("".join(data for _, data in chunks)), picture)


def test_iterm_gets_the_picture_in_one(picture: Image.Image) -> None:
    text = sequence(picture, "iterm", 33, 8)
    found = re.fullmatch(r"\x1b\]1337;File=([^:]*):([^\x07]*)\x07", text)
    assert found
    keys = dict(pair.split("=") for pair in found[1].split(";"))
    assert (keys["inline"], keys["width"], keys["height"]) == ("1", "33", "8")
    assert int(keys["size"]) == len(base64.b64decode(found[2]))
    assert same(decoded(found[2]), picture)


def test_sixel_decodes_to_the_picture_in_fewer_colours(picture: Image.Image) -> None:
    shown = np.asarray(from_sixel(sequence(picture, "sixel", 33, 8)), np.int64)
    there = np.asarray(picture, np.int64)
    assert shown.shape == there.shape
    assert np.abs(shown - there).mean() < 12  # 255 colours, levels of a hundredth
    plain = np.abs(shown[:, -COLUMNS * 8 :] - there[:, -COLUMNS * 8 :])
    assert plain.max() <= 40
    assert plain.mean() < 4


def test_blocks_hold_two_pixels_in_each_cell(picture: Image.Image) -> None:
    lines = sequence(picture, "blocks", 33, 8).split("\n")
    assert len(lines) == 8
    cells = [re.findall(r"\x1b\[38;2;(\d+);(\d+);(\d+);48;2;(\d+);(\d+);(\d+)m▀", x) for x in lines]
    assert {len(line) for line in cells} == {33}
    small = np.asarray(picture.resize((33, 16), Image.Resampling.BICUBIC))
    assert [int(value) for value in cells[3][20]] == [*small[6, 20], *small[7, 20]]


def test_terminals_are_told_by_their_names() -> None:
    assert graphics({"TERM": "xterm-kitty"}) == "kitty"
    assert graphics({"TERM_PROGRAM": "iTerm.app"}) == "iterm"


def decoded(data: str) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(data)))


def same(one: Image.Image, other: Image.Image) -> bool:
    return bool((np.asarray(one) == np.asarray(other)).all())


def from_sixel(text: str) -> Image.Image:
    """What a terminal would draw."""
    body = re.fullmatch(r'\x1bP0;1q"1;1;(\d+);(\d+)(.*)\x1b\\', text, re.DOTALL)
    assert body
    width, height = int(body[1]), int(body[2])
    pixels = np.zeros((height + 6, width, 3), np.uint8)
    colours: dict[int, tuple[int, ...]] = {}
    column = top = colour = 0
    for one in re.finditer(r"#(\d+)(?:;2;(\d+);(\d+);(\d+))?|!(\d+)(.)|([?-~])|([$-])", body[3]):
        if one[1]:
            colour = int(one[1])
            if one[2]:
                colours[colour] = tuple(int(share) * 255 // 100 for share in one.group(2, 3, 4))
        elif one[8]:
            column, top = 0, top + (6 if one[8] == "-" else 0)
        else:
            bits, count = ord(one[6] or one[7]) - 63, int(one[5] or 1)
            for row in range(6):
                if bits >> row & 1:
                    pixels[top + row, column : column + count] = colours[colour]
            column += count
    return Image.fromarray(pixels[:height])

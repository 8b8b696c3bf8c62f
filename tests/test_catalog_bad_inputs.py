"""Twenty kinds of bad input: each is handled or listed with its reason, and the job goes on."""

from __future__ import annotations

import os
import struct
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from db.records import ItemRecord
from errors import CatalogError
from tests.catalog_samples import load, picture, save_picture, write_csv

Result = tuple[dict[str, ItemRecord], dict[str, str]]


def bomb() -> bytes:
    """A PNG whose header promises 30,000 × 30,000 pixels."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + body))
        return struct.pack(">I", len(body)) + kind + body + check

    header = struct.pack(">IIBBBBB", 30_000, 30_000, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(99_999)))
    return b"\x89PNG\r\n\x1a\n" + body + chunk(b"IEND", b"")


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> Result:
    folder = tmp_path_factory.mktemp("bad")
    fine = save_picture(folder / "fine.png")
    (folder / "zero.png").touch()
    picture("cut").save(folder / "cut.jpg", quality=95)
    (folder / "cut.jpg").write_bytes((folder / "cut.jpg").read_bytes()[:700])
    (folder / "text.png").write_text("this is no picture")
    (folder / "bomb.png").write_bytes(bomb())
    picture("cmyk").convert("CMYK").save(folder / "cmyk.jpg")
    Image.fromarray(np.arange(1600, dtype=np.uint16).reshape(40, 40) * 40).save(folder / "16.png")
    picture("palette").convert("P").save(folder / "palette.png", transparency=3)
    frames = [picture(f"frame {number}") for number in range(3)]
    for name in ("anim.gif", "anim.webp"):
        frames[0].save(folder / name, save_all=True, append_images=frames[1:])
    exif = Image.Exif()
    exif[0x0112] = 6
    picture("turned").save(folder / "turned.jpg", exif=exif)
    (folder / "phone.heic").write_bytes(b"\0\0\0\x18ftypheic" + bytes(40))
    (folder / "loop.png").symlink_to(folder / "loop.png")
    save_picture(folder / "two\nlines.png")
    os.mkfifo(folder / "pipe.png")
    (folder / "folder.png").mkdir()

    names = "fine.png zero.png cut.jpg text.png bomb.png cmyk.jpg 16.png palette.png anim.gif "
    names += "anim.webp turned.jpg phone.heic loop.png pipe.png folder.png gone.png"
    rows = [[name.split(".")[0] + name[-1], name, "a caption"] for name in names.split()]
    rows += [
        ["newline", "two\nlines.png", "its name has two lines"],
        ["emoji", "fine.png", "\U0001f98e\U0001f525"],
        ["nul", "fine.png", "red\0 fox"],
        ["long", "fine.png", "word " * 200_000],
        ["blank", "fine.png", " \u200b "],
        ["nameless", "", "a caption"],
        ["url", "https://example.org/a.png", "a caption"],
        ["data", "data:image/png;base64,AAAA", "a caption"],
        ["fineg", "cmyk.jpg", "the id of row 1"],
        ["absolute", str(fine), "an absolute path"],
        ["windows", r".\fine.png", "backslashes"],
        ["drive", r"C:\photos\fine.png", "a path of another machine"],
        ["x" * 600, "fine.png", "an id that is too long"],
        ["nulname", "fi\0ne.png", "a name that no file can have"],
        ["longname", "f" * 5000 + ".png", "a name that no file can have"],
    ]
    source = write_csv(folder / "catalog.csv", [["id", "image", "caption"], *rows])
    summary, items, problems = load(source, folder / "home")
    assert summary.rows == len(rows)
    assert summary.items + sum(summary.problems.values()) == len(rows)
    return items, problems


@pytest.mark.parametrize(
    ("key", "code"),
    [
        ("zerog", "damaged-image"),
        ("cutg", "damaged-image"),
        ("textg", "not-an-image"),
        ("bombg", "too-large"),
        ("phonec", "not-an-image"),
        ("loopg", "not-a-file"),
        ("pipeg", "not-a-file"),
        ("folderg", "not-a-file"),
        ("goneg", "missing-image"),
        ("blank", "empty-caption"),
        ("nameless", "missing-image-name"),
        ("url", "url"),
        ("data", "url"),
        ("fineg", "duplicate-id"),
        ("nulname", "missing-image"),
        ("longname", "missing-image"),
    ],
)
def test_what_cannot_be_taken_is_listed_with_its_reason(
    imported: Result, key: str, code: str
) -> None:
    items, problems = imported
    assert problems[key] == code
    assert key not in items or key == "fineg"


@pytest.mark.parametrize(
    "key",
    "fineg cmykg 16g paletteg animf animp turnedg newline emoji absolute windows".split(),
)
def test_what_is_odd_but_whole_is_taken(imported: Result, key: str) -> None:
    items, problems = imported
    assert key in items
    assert key not in problems or key == "fineg"


@pytest.mark.parametrize(
    ("key", "code"), [("nul", "nul-removed"), ("long", "caption-cut"), ("drive", "by-tail")]
)
def test_what_is_taken_with_a_change_is_listed_too(imported: Result, key: str, code: str) -> None:
    items, problems = imported
    assert problems[key] == code
    assert key in items


def test_odd_values_are_stored_whole(imported: Result) -> None:
    items, _ = imported
    assert items["nul"].captions[0].text == "red fox"
    assert len(items["long"].captions[0].text) <= 10_000
    assert items["emoji"].captions[0].text == "\U0001f98e\U0001f525"
    assert items["newline"].image.endswith("two\nlines.png")
    assert (items["turnedg"].facts.width, items["turnedg"].facts.height) == (40, 48)


def test_an_id_that_is_too_long_is_listed(imported: Result) -> None:
    assert "bad-id" in imported[1].values()


def test_names_that_are_not_utf8_are_listed_and_the_rest_is_taken(tmp_path: Path) -> None:
    folder = tmp_path / "photos" / "cat"
    save_picture(folder / "fine.png")
    try:
        os.link(folder / "fine.png", os.fsencode(folder) + b"/bad\xff.png")
    except OSError:
        pytest.skip("this file system takes UTF-8 names only")
    save_picture(folder / "two\nlines.png")
    os.mkfifo(folder / "pipe.png")
    _, items, problems = load(tmp_path / "photos", tmp_path / "home")
    assert set(items) == {"cat/fine.png", r"cat/two\nlines.png"}
    assert problems == {r"cat/bad\udcff.png": "bad-file-name", "cat/pipe.png": "not-a-file"}


@pytest.mark.parametrize("text", ["caption\nred fox\n", "image,text\na.png,red fox\n"])
def test_a_table_without_the_columns_is_one_clear_error(tmp_path: Path, text: str) -> None:
    (tmp_path / "catalog.csv").write_text(text)
    with pytest.raises(CatalogError, match=r"its columns are .* \(say which one it is with --"):
        load(tmp_path / "catalog.csv", tmp_path / "home")


def test_an_image_without_permission_is_listed(tmp_path: Path) -> None:
    if os.geteuid() == 0 or sys.platform == "win32":
        pytest.skip("may read everything")
    save_picture(tmp_path / "fine.png")
    save_picture(tmp_path / "secret.png").chmod(0)
    rows = [["image", "caption"], ["fine.png", "a"], ["secret.png", "b"]]
    _, _, problems = load(write_csv(tmp_path / "catalog.csv", rows), tmp_path / "home")
    assert problems == {"secret.png": "unreadable-image"}

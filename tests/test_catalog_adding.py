"""One pair at a time: the rules of an import, told as errors."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from catalog.adding import Change, NoSuchItemError, Said, Shown, look, needs_twins, resolve
from catalog.twins import Twins
from cli import app
from db.records import ImageFacts, ItemRecord
from db.store import Store
from errors import CatalogError, ImageError, PairdexError, QueryError
from tests.catalog_samples import catalog_settings, load, picture, save_picture, write_csv

SETTINGS = catalog_settings()


def taken(store: Store, change: Change, shown: Shown | None = None) -> ItemRecord:
    """The change made, and what is stored of it then."""
    before = store.by_key([change.id]).get(change.id)
    twins = Twins(store.pictures(), SETTINGS) if needs_twins(change, shown) else None
    store.apply_changes([resolve(change, shown, before, store.field_kinds(), twins, SETTINGS).item])
    return store.by_key([change.id])[change.id]


@pytest.fixture
def shown(tmp_path: Path) -> Shown:
    return look(save_picture(tmp_path / "fox.png"))


@pytest.fixture
def catalog(tmp_path: Path) -> Store:
    """Twelve items with a price, a code and sizes; their pictures all differ."""
    rows = [["id", "image", "caption", "caption_ko", "tags", "price", "code", "sizes"]]
    for number in range(12):
        save_picture(tmp_path / "source" / f"{number}.png")
        rows.append(
            [f"n{number}", f"{number}.png", f"picture {number}", "그림", "red|old",
             f"{number}.5", f"00{number}", "s|m"]
        )  # fmt: skip
    load(write_csv(tmp_path / "source" / "catalog.csv", rows), tmp_path / "home")
    return Store.open(tmp_path / "home")


def test_a_pair_becomes_what_an_import_of_its_row_would_make_of_it(
    catalog: Store, tmp_path: Path
) -> None:
    file = save_picture(tmp_path / "source" / "new.png")
    change = Change(
        "new", (Said("A  red\nfox"), Said("여우", "ko")), ("Red", "new", "red"), "Fox", None,
        {"price": 4, "code": 12, "sizes": "l"},
    )  # fmt: skip
    mine = taken(catalog, change, look(file))
    catalog.apply_changes([], ["new"])
    row = [
        ["id", "image", "caption", "caption_ko", "tags", "name", "price", "code", "sizes"],
        *[
            [f"n{n}", f"{n}.png", f"picture {n}", "그림", "red|old", "", f"{n}.5", f"00{n}", "s|m"]
            for n in range(12)
        ],
        ["new", "new.png", "A  red\nfox", "여우", "Red|new|red", "Fox", "4", "12", "l"],
    ]
    _, items, problems = load(
        write_csv(tmp_path / "source" / "catalog.csv", row), tmp_path / "home"
    )
    theirs = items["new"]
    assert not problems
    for part in ("image", "tags", "split", "facts", "name", "attributes", "kinds"):
        assert getattr(mine, part) == getattr(theirs, part), part
    assert [(c.text, c.language) for c in mine.captions] == [
        (c.text, c.language) for c in theirs.captions
    ]
    assert mine.attributes == {"price": 4.0, "code": "12", "sizes": ["l"]}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (Change("x"), "empty-caption"),
        (Change("x", (Said(" \u200b "),)), "empty-caption"),
        (Change("x" * 513, (Said("a"),)), "bad-id"),
        (Change(" ", (Said("a"),)), "no id"),
        (Change("x", (Said("a", "fr"),)), "catalog.languages has en, ko"),
        (Change("x", (Said("a"),), split="middle"), "neither train, val nor test"),
        (Change("x", (Said("a"),), attributes={"price": "cheap"}), "it is a number"),
        (Change("x", (Said("a"),), attributes={"tags": "red"}), "tags is no attribute"),
        (Change("x", (Said("a"),), attributes={"": "red"}), "no name of an attribute"),
    ],
)
def test_what_cannot_be_taken_says_why(
    catalog: Store, shown: Shown, change: Change, reason: str
) -> None:
    with pytest.raises(CatalogError, match=reason):
        taken(catalog, change, shown)
    assert catalog.count_items() == 12


def test_what_is_cut_is_told(shown: Shown) -> None:
    settings = catalog_settings(max_caption_chars=10)
    change = Change("x", (Said("a caption of many words"),), ("t" * 300,))
    done = resolve(change, shown, None, {}, Twins((), settings), settings)
    assert done.item.captions[0].text == "a caption"
    assert done.notes == (
        "caption 1: cut to 10 characters", "tags: a tag was cut to 256 characters",
    )  # fmt: skip


def test_a_change_leaves_what_it_does_not_name_and_a_whole_one_empties_it(catalog: Store) -> None:
    before = catalog.by_key(["n3"])["n3"]
    changed = taken(catalog, Change("n3", name="Three", whole=False))
    assert changed.name == "Three"
    assert (changed.captions, changed.tags) == (before.captions, before.tags)
    assert (changed.attributes, changed.split) == (before.attributes, before.split)
    laid = taken(catalog, Change("n3", attributes={"price": None, "code": "x"}, whole=False))
    assert laid.attributes == {"code": "x", "sizes": ["s", "m"]}
    bare = taken(catalog, Change("n3", (Said("only this"),)))
    assert (bare.name, bare.tags, bare.attributes) == ("", (), {})
    assert (bare.image, bare.split, bare.id) == (before.image, before.split, before.id)


def test_saying_the_same_again_changes_nothing(catalog: Store, shown: Shown) -> None:
    change = Change("new", (Said("a"),), ("b",), attributes={"price": 1})
    taken(catalog, change, shown)
    revision = catalog.revision()
    taken(catalog, change, shown)
    taken(catalog, Change("new", attributes={"price": 1}, whole=False))
    assert catalog.revision() == revision


@pytest.mark.parametrize("near", [False, True])
def test_a_duplicate_goes_to_the_side_of_its_twin(
    catalog: Store, tmp_path: Path, near: bool
) -> None:
    sides = {item.key: item.split for item in catalog.items()}
    assert set(sides.values()) == {"train", "val", "test"}
    for number in range(12):
        twin = tmp_path / f"twin {number}.png"
        picture(f"{number}.png", (96, 80) if near else (48, 40)).save(twin)
        for copy in range(3):  # of which chance would part some
            item = taken(catalog, Change(f"{number}.{copy}", (Said("a"),)), look(twin))
            assert item.split == sides[f"n{number}"]


def test_a_chain_of_near_pictures_is_one_group() -> None:
    rows = [
        ("a", "test", "1", f"{0b1111:016x}"),
        ("b", "train", "2", f"{0b11111111:016x}"),
        ("far", "val", "3", "f" * 16),
    ]
    twins = Twins(rows, SETTINGS)  # type: ignore[arg-type]  # the splits are literals
    facts = _facts(f"{0b111111111111:016x}")
    assert twins.split_of("c", facts) == "test"  # near to b alone, and b to a
    twins.discard("a")
    assert twins.split_of("c", facts) == "train"
    twins.add("a", "val", _facts("0" * 16))
    assert twins.split_of("c", facts) == "train"


def test_a_new_picture_keeps_the_side_of_an_item_without_twins(
    catalog: Store, shown: Shown
) -> None:
    for number in range(12):
        before = catalog.by_key([f"n{number}"])[f"n{number}"]
        after = taken(catalog, Change(before.key, whole=False), shown if number == 5 else None)
        assert after.split == before.split
    assert after.image != shown.path
    assert catalog.by_key(["n5"])["n5"].image == shown.path


@pytest.mark.parametrize("content", [b"", b"GIF89a", b"\x89PNG\r\n\x1a\n" + b"\0" * 40])
def test_an_image_that_does_not_decode_is_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "bad.png"
    file.write_bytes(content)
    with pytest.raises(ImageError, match=r"bad\.png cannot be taken"):
        look(file)
    with pytest.raises(ImageError, match="missing-image"):
        look(tmp_path / "none.png")


def run(home: Path, *words: object) -> Result:
    return CliRunner().invoke(
        app, ["--home", str(home), "catalog", *map(str, words)], catch_exceptions=False
    )


def test_the_commands_add_change_and_remove(tmp_path: Path) -> None:
    home, file = tmp_path / "home", save_picture(tmp_path / "fox.png")
    words = ("--caption", "a red fox", "--caption", "ko:여우", "--tag", "red", "--name", "Fox")
    done = json.loads(run(home, "add", file, *words, "--attribute", "price=4", "--json").stdout)
    assert done.pop("split") in ("train", "val", "test")
    assert done == {
        "schema": "pairdex.catalog-add.v1", "id": "fox.png", "done": "added",
        "image": str(file), "notes": [],
    }  # fmt: skip
    assert "unchanged" in run(home, "add", file).stdout
    assert "changed" in run(home, "add", "--id", "fox.png", "--attribute", "price=").stdout
    with Store.open(home) as store:
        item = store.by_key(["fox.png"])["fox.png"]
    assert [(c.text, c.language) for c in item.captions] == [("a red fox", "en"), ("여우", "ko")]
    assert (item.tags, item.name, item.attributes) == (("red",), "Fox", {})
    assert run(home, "remove", "fox.png").stdout == "1 item removed\n"
    with pytest.raises(NoSuchItemError):
        run(home, "remove", "fox.png")


def test_the_name_of_another_file_does_not_take_an_item_away(tmp_path: Path) -> None:
    home = tmp_path / "home"
    run(home, "add", save_picture(tmp_path / "a" / "1.png"), "--caption", "a")
    other = save_picture(tmp_path / "b" / "1.png", "other")
    with pytest.raises(QueryError, match="there is an item"):
        run(home, "add", other, "--caption", "b")
    assert "added" in run(home, "add", other, "--caption", "b", "--id", "b").stdout
    for wrong in (
        ["add"],
        ["add", "--id", "none", "--name", "x"],
        ["add", "--id", "b", "--attribute", "x"],
    ):
        with pytest.raises(PairdexError):
            run(home, *wrong)


def _facts(perceptual: str) -> ImageFacts:
    return ImageFacts("c" + perceptual, perceptual, 1, 1, 8, 8, "PNG", 0.5, 0.2)

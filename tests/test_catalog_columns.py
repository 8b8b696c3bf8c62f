"""Which column means what, and what a mapped column keeps out."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from catalog.columns import ColumnFlags, Columns, resolve_columns
from errors import CatalogError

POKEMON = "id image name caption caption_blind caption_ko tags color split".split()


def resolve(columns: list[str], **flags: str) -> Columns:
    return resolve_columns(Path("t.csv"), columns, ColumnFlags(**flags), ["en", "ko"])


def test_recognised_columns_need_no_flags() -> None:
    columns = resolve(["id", "image", "name", "caption", "tags", "split", "price"])
    assert columns == Columns(
        image="image",
        captions=(("caption", "en"),),
        id="id",
        tags="tags",
        split="split",
        name="name",
        attributes=("price",),
    )


def test_a_mapped_caption_keeps_the_plain_one_out_altogether() -> None:
    columns = resolve(POKEMON, caption="caption_blind")
    assert columns.captions == (("caption_blind", "en"), ("caption_ko", "ko"))
    assert columns.left_out == ("caption",)
    assert "caption" not in columns.attributes


def test_further_captions_of_the_plain_one_are_kept_out_with_it() -> None:
    names = ["image", "caption", "caption_2", "caption_en", "caption_ko", "caption_ko_2", "blind"]
    columns = resolve(names, caption="blind")
    assert columns.captions == (("blind", "en"), ("caption_ko", "ko"), ("caption_ko_2", "ko"))
    assert columns.left_out == ("caption", "caption_2", "caption_en")
    assert columns.attributes == ()


def test_without_a_mapping_an_unknown_suffix_is_an_attribute() -> None:
    columns = resolve(POKEMON)
    assert columns.captions == (("caption", "en"), ("caption_ko", "ko"))
    assert columns.attributes == ("caption_blind", "color")


def test_numbered_captions_are_further_captions() -> None:
    columns = resolve(["image", "caption", "caption_2", "caption_3", "caption_ko_2"])
    assert [language for _, language in columns.captions] == ["en", "en", "en", "ko"]


def test_a_catalog_may_have_captions_in_another_language_only() -> None:
    assert resolve(["image", "caption_ko"]).captions == (("caption_ko", "ko"),)
    mapped = resolve(["image", "caption_ko", "caption_en"], caption="caption_ko")
    assert mapped.captions == (("caption_ko", "ko"), ("caption_en", "en"))


def test_a_mapped_column_of_any_role_replaces_the_recognised_one() -> None:
    columns = resolve(["image", "caption", "tags", "labels"], tags="labels")
    assert (columns.tags, columns.left_out, columns.attributes) == ("labels", ("tags",), ())


def test_one_column_may_serve_two_roles() -> None:
    columns = resolve(["image", "name", "caption"], caption="name")
    assert (columns.name, columns.captions) == ("name", (("name", "en"),))


def test_case_does_not_matter() -> None:
    columns = resolve(["Image", "CAPTION", "Tags"])
    assert (columns.image, columns.tags) == ("Image", "Tags")
    assert columns.captions == (("CAPTION", "en"),)


@pytest.mark.parametrize(
    ("names", "flags", "reason"),
    [
        (["caption"], {}, "no column `image`: its columns are caption .*--image"),
        (["image", "text"], {}, "no column `caption`: its columns are image, text .*--caption"),
        (["image", "caption"], {"tags": "labels"}, "no column `labels`.*--tags"),
    ],
)
def test_a_missing_column_names_those_found_and_the_flag(
    names: list[str], flags: dict[str, str], reason: str
) -> None:
    with pytest.raises(CatalogError) as caught:
        resolve(names, **flags)
    assert re.search(reason, str(caught.value))

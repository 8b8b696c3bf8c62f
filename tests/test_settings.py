from __future__ import annotations

import contextlib
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from errors import SettingsError
from settings import defaults_file, load_settings


def test_each_layer_overrides_the_one_before(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("[search]\ntop = 3\nshortlist = 30\n", encoding="utf-8")
    environment = {"PAIRDEX_SEARCH__TOP": "4", "PAIRDEX_HOME": "elsewhere"}
    default = load_settings(environment={})
    assert load_settings(tmp_path, {}).search.top == 3
    assert load_settings(tmp_path, environment).search.top == 4
    told = load_settings(tmp_path, environment, ["search.top=5"])
    assert (told.search.top, told.search.shortlist) == (5, 30)
    assert told.index == default.index


@pytest.mark.parametrize(
    ("flag", "named", "reason"),
    [
        ("search.tops=3", "search", "tops"),
        ("serch.top=3", "settings", "serch"),
        ("search.top=many", "search.top", "int"),
        ("search.top=0", "search.top", ">= 1"),
        ("encoder.backbone=resnet9000", "encoder.backbone", "resnet9000"),
        ("catalog.split=[0.5, 0.2, 0.1]", "catalog", "add up to 1"),
        ("search", "--set search", "section.key=value"),
    ],
)
def test_a_wrong_setting_is_named_with_its_reason(flag: str, named: str, reason: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings(environment={}, flags=[flag])
    assert named in caught.value.what
    assert reason in str(caught.value)


def test_a_mistake_is_laid_at_the_door_of_its_layer(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("[index]\nkeep = -1\n", encoding="utf-8")
    with pytest.raises(SettingsError, match=r"config\.toml: index\.keep"):
        load_settings(tmp_path, {})
    with pytest.raises(SettingsError, match=r"environment: index\.keep"):
        load_settings(environment={"PAIRDEX_INDEX__KEEP": "-1"})


def test_a_broken_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("[index\n", encoding="utf-8")
    with pytest.raises(SettingsError, match="not valid TOML"):
        load_settings(tmp_path, {})


def test_every_default_has_a_comment() -> None:
    for line in defaults_file().read_text(encoding="utf-8").splitlines():
        if "=" in line and not line.startswith("#"):
            assert " # " in line, line


@given(st.text(), st.text())
def test_no_flag_ever_raises_anything_but_a_settings_error(path: str, value: str) -> None:
    with contextlib.suppress(SettingsError):
        load_settings(environment={}, flags=[f"{path}={value}"])


@given(st.sampled_from(["search.top", "index.keep", "runtime.batch"]), st.integers(1, 1000))
def test_a_number_read_from_a_flag_is_the_number_written(key: str, number: int) -> None:
    settings = load_settings(environment={}, flags=[f"{key}={number}"])
    section, _, name = key.partition(".")
    assert getattr(getattr(settings, section), name) == number


def test_the_typed_view_mirrors_the_file() -> None:
    file = tomllib.loads(defaults_file().read_text(encoding="utf-8"))
    settings = load_settings(environment={})
    assert set(file) == set(settings.__struct_fields__)
    for section, keys in file.items():
        assert set(keys) == set(getattr(settings, section).__struct_fields__)

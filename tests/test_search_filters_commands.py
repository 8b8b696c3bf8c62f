"""Filters on the command line, as a process with the encoder of the tests in place of a model."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from db.home import Home
from db.store import Store
from indexer.job import build_index
from settings import Settings
from tests.fakes import FakeEncoder

ROOT = Path(__file__).resolve().parent.parent
# Only the model is not the real one.
PROGRAM = """
import sys
import search
from cli import main
from db.generations import open_current
from db.home import Home
from db.store import Store
from tests.fakes import FakeEncoder

def opened(home, settings):
    generation = open_current(Home(home).generations)
    return search.Searcher(Store.open(home), generation, FakeEncoder(), settings.search)

search.Searcher.open = opened
main()
"""


@pytest.fixture
def built(home: Home, store: Store, encoder: FakeEncoder, settings: Settings) -> Home:
    build_index(home, store, encoder, settings)
    return home


def pairdex(home: Home, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", PROGRAM, "--home", str(home.path), *words],
        capture_output=True,
        text=True,
        env=os.environ | {"COLUMNS": "100", "PYTHONPATH": str(ROOT)},
        cwd=ROOT,
    )


def test_where_tag_and_split_filter(built: Home) -> None:
    options = ("--where", "edge > 2 and not id in (0, 3)", "--tag", "Red", "--tag", "square")
    found = json.loads(
        pairdex(built, "search", "red", *options, "--split", "train", "--no-group", "--json").stdout
    )
    assert sorted(hit["id"] for hit in found["results"]) == ["6", "9"]


def test_an_error_stands_over_the_filter_and_a_caret(built: Home) -> None:
    done = pairdex(built, "search", "red", "--where", "shelf = left and edge < wide")
    assert done.returncode == 2
    assert done.stdout == ""
    line, text, caret = done.stderr.splitlines()
    assert line.startswith("error: --where: wide is no number at character 25: edge holds numbers")
    assert (text, caret) == ("shelf = left and edge < wide", " " * 24 + "^^^^")


@pytest.mark.parametrize("form", ["--json", "--jsonl"])
def test_a_program_gets_one_line(built: Home, form: str) -> None:
    done = pairdex(built, "search", "red", "--where", "edge <", form)
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.splitlines()) == 1
    assert "at character 7" in done.stderr


def test_what_leaves_nothing_is_said(built: Home) -> None:
    done = pairdex(built, "search", "red", "--where", "shelf = lift and edge > 2")
    assert "no item has shelf lift: did you mean left?" in done.stdout
    assert "shelf = lift alone leaves 0; edge > 2 alone leaves 12" in " ".join(done.stdout.split())


def test_fields_are_listed_for_people_and_for_programs(built: Home, store: Store) -> None:
    shown = pairdex(built, "catalog", "fields").stdout
    row = next(line for line in shown.splitlines() if line.startswith("tag "))
    assert "square (12), blue (4), green (4), red (4)" in row
    listed = json.loads(pairdex(built, "catalog", "fields", "--json").stdout)
    assert listed["schema"] == "pairdex.catalog-fields.v1"
    names = [field["name"] for field in listed["fields"]]
    assert names == [field.name for field in store.fields()]
    assert listed["fields"][0]["lowest"] == 2.5

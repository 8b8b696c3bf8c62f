"""`pairdex judgements` and `pairdex saved` as processes, and what `search` leaves with them."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from commands.refining import store_given, with_saved
from commands.saved import as_options
from db import generations
from db.home import Home
from db.store import Store
from errors import QueryError
from indexer.job import build_index
from search import Request, Searcher
from search.feedback import record
from search.stored import as_stored, keep, take
from settings import Settings
from tests.fakes import FakeEncoder

ROOT = Path(__file__).resolve().parent.parent


def pairdex(home: Home, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, ROOT / "cli.py", "--home", home.path, *arguments],
        capture_output=True,
        text=True,
        env=os.environ | {"COLUMNS": "100"},
        cwd=ROOT,
    )


@pytest.fixture
def judged(home: Home, store: Store) -> Home:
    """Three judgements of two queries; one item has left the catalog since."""
    record(store, Request("a red square", where="edge > 1", good=("3", "9")))
    record(store, Request('blue, "big"', bad=("1",)))
    store.apply_import([item for item in store.items() if item.key != "9"], [], prune=True)
    return home


def test_judgements_are_listed_and_exported(judged: Home) -> None:
    listed = pairdex(judged, "judgements", "list")
    assert listed.returncode == 0, listed.stderr
    assert "not in the catalog" in next(x for x in listed.stdout.splitlines() if " 9 " in x)
    rows = json.loads(pairdex(judged, "judgements", "list", "--json").stdout)["judgements"]
    assert [(r["item"], r["verdict"], r["present"]) for r in rows] == [
        ("1", "bad", True),
        ("9", "good", False),
        ("3", "good", True),
    ]
    assert rows[2]["request"] == {"text": "a red square", "where": "edge > 1"}
    table = pairdex(judged, "judgements", "export", "--csv").stdout
    found = list(csv.DictReader(io.StringIO(table)))
    assert [(r["query"], r["item"]) for r in found][2] == ('blue, "big"', "1")
    document = json.loads(pairdex(judged, "judgements", "export", "--json").stdout)
    assert document["judgements"] == rows[::-1]
    assert pairdex(judged, "judgements", "export", "--json", "--csv").returncode == 2


def test_judgements_are_removed_by_number_by_query_or_all(judged: Home) -> None:
    assert pairdex(judged, "judgements", "remove").returncode == 2
    assert pairdex(judged, "judgements", "remove", "1", "--all").returncode == 2
    missing = pairdex(judged, "judgements", "remove", "1", "77")
    assert (missing.returncode, "no judgement 77" in missing.stderr) == (2, True)
    assert "1 judgement removed" in pairdex(judged, "judgements", "remove", "1").stdout
    by_query = pairdex(judged, "judgements", "remove", "--query", "A red  square")
    assert "1 judgement removed" in by_query.stdout
    assert "1 judgement removed" in pairdex(judged, "judgements", "remove", "--all").stdout
    assert "there are no judgements" in pairdex(judged, "judgements", "list").stdout


def test_saved_searches_are_listed_and_forgotten(home: Home, store: Store) -> None:
    assert "no search is saved" in pairdex(home, "saved", "list").stdout
    keep(store, "small [red]", Request("red", where="edge < 3", group=False))
    shown = pairdex(home, "saved", "list").stdout
    assert shown.strip() == "small [red]  red --where 'edge < 3' --no-group"
    document = json.loads(pairdex(home, "saved", "list", "--json").stdout)
    assert document["searches"][0]["request"]["where"] == "edge < 3"
    assert pairdex(home, "saved", "remove", "small [red]").returncode == 0
    again = pairdex(home, "saved", "remove", "small [red]")
    assert (again.returncode, "no search is saved as" in again.stderr) == (2, True)


def test_a_saved_search_gives_way_to_what_is_given_beside_it(home: Home, store: Store) -> None:
    keep(store, " lizards ", Request("lizard", where="edge < 3", top=5))
    given = Request("dragon", min_score=0.5)
    assert with_saved(home.path, "lizards", given) == Request(
        "dragon", where="edge < 3", top=5, min_score=0.5
    )
    assert with_saved(home.path, "", given) == given
    with pytest.raises(QueryError, match="no search is saved as 'cats'"):
        with_saved(home.path, "cats", given)


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "x" * 201])
def test_what_is_no_name_is_refused(store: Store, name: str) -> None:
    with pytest.raises(QueryError, match="no name"):
        keep(store, name, Request("red"))


def test_a_request_reads_as_it_would_be_typed() -> None:
    request = Request(
        '"red one"', images=(Path("/p/a b.png"),), without=("x",), tags=("t",), min_score=0.5
    )
    assert as_options(as_stored(request)) == (
        """'"red one"' --image '/p/a b.png' --not x --tag t --min-score 0.5"""
    )


def test_a_search_stores_only_what_is_said_now(
    home: Home, store: Store, encoder: FakeEncoder, settings: Settings
) -> None:
    """A saved search that holds judgements does not say them again each time it runs."""
    build_index(home, store, encoder, settings)
    searcher = Searcher(store, generations.open_current(home.generations), encoder, settings.search)
    first = Request("red", good=("3",))
    notes = store_given(home.path, first, first, searcher.search(first), "reds")
    assert notes == ["1 judgement stored", "saved as 'reds'"]
    record(store, Request("red", bad=("3",)))
    bare = Request()
    asked = with_saved(home.path, "reds", bare)
    assert asked == take(store, "reds") == first
    assert store_given(home.path, bare, asked, searcher.search(asked), "") == []
    assert [one.good for one in store.judgements.all()] == [False]
    more = Request(bad=("1",))
    asked = with_saved(home.path, "reds", more)
    notes = store_given(home.path, more, asked, searcher.search(asked), "reds")
    assert notes == ["1 judgement stored", "saved as 'reds', in place of the earlier"]
    assert [one.query for one in store.judgements.all()] == ["red", "red"]

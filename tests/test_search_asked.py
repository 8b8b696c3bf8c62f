"""What a request asks for: exact words, weights, what is not wanted, pictures, feedback."""

from __future__ import annotations

from pathlib import Path

import pytest

from db import generations
from db.home import Home
from db.store import Store
from encoder.known import KnownWords
from errors import ImageError, QueryError
from indexer.job import build_index
from search import Request, Searcher, SearchResult
from settings import Settings
from tests.fakes import FakeEncoder, draw

RED, GREEN, BLUE = ({str(n) for n in range(first, 12, 3)} for first in range(3))


@pytest.fixture
def searcher(home: Home, store: Store, encoder: FakeEncoder, settings: Settings) -> Searcher:
    build_index(home, store, encoder, settings)
    return Searcher(store, generations.open_current(home.generations), encoder, settings.search)


def ids(result: SearchResult) -> list[str]:
    return [hit.id for hit in result.results]


def scores(result: SearchResult) -> dict[str, float]:
    return {hit.id: hit.score for hit in result.results}


def test_quoted_words_must_stand_in_a_result(searcher: Searcher) -> None:
    assert set(ids(searcher.search('square "a blue"', top=12))) == BLUE
    assert ids(searcher.search('"Sq7"', top=12)) == ["7"]
    assert ids(searcher.search('"squares"', top=12)) == []  # as written, and no item writes it so


def test_quoted_words_with_a_minus_must_not_stand_in_a_result(searcher: Searcher) -> None:
    assert set(ids(searcher.search('square -"red" -"blue"', top=12))) == GREEN


def test_what_is_not_wanted_sinks(searcher: Searcher) -> None:
    for request in (
        Request("square -green", top=12),
        Request("square", without=("green",), top=12),
    ):
        found = ids(searcher.search(request))
        assert set(found[-4:]) == GREEN
        assert len(found) == 12


def test_weights_decide_between_what_is_wanted(searcher: Searcher) -> None:
    assert set(ids(searcher.search("3:red 0.5:blue", top=4))) == RED
    assert set(ids(searcher.search("0.5:red 3:blue", top=4))) == BLUE


def test_a_picture_finds_what_looks_like_it(searcher: Searcher, tmp_path: Path) -> None:
    file = draw(tmp_path, "asked", "green", shade=2)
    result = searcher.search(Request(images=(file,), top=4))
    assert set(ids(result)) == GREEN
    assert not result.no_match


def test_a_picture_and_words_together(searcher: Searcher, tmp_path: Path) -> None:
    file = draw(tmp_path, "asked", "green")
    both = searcher.search(Request("Sq7", images=(file,), top=1))
    assert ids(both) == ["7"]


def test_a_file_that_is_no_picture_is_refused(searcher: Searcher, tmp_path: Path) -> None:
    file = tmp_path / "no.png"
    file.write_text("no picture")
    with pytest.raises(ImageError):
        searcher.search(Request(images=(file,)))


def test_like_an_item_finds_others_and_not_itself(searcher: Searcher) -> None:
    found = ids(searcher.search(Request(like=("4",), top=3)))
    assert set(found) == GREEN - {"4"}


def test_good_and_bad_items_move_the_results(searcher: Searcher) -> None:
    plain = scores(searcher.search(Request("square", top=12)))
    moved = searcher.search(Request("square", good=("1", "4"), bad=("0",), top=12))
    assert set(ids(moved)[:4]) == GREEN
    assert "0" not in ids(moved)
    assert scores(moved)["7"] > scores(moved)["3"]
    assert plain["7"] == pytest.approx(plain["3"], abs=0.2)


def test_good_items_alone_are_a_query(searcher: Searcher) -> None:
    assert set(ids(searcher.search(Request(good=("2", "5"), top=4)))) == BLUE


@pytest.mark.parametrize(
    "request_",
    [Request("a", like=("nobody",)), Request("a", good=("nobody",)), Request("a", bad=("nobody",))],
)
def test_an_item_that_is_not_there_is_named(searcher: Searcher, request_: Request) -> None:
    with pytest.raises(QueryError, match="'nobody'"):
        searcher.search(request_)


def test_only_what_is_not_wanted_is_no_query(searcher: Searcher) -> None:
    for request in (Request("-red"), Request('-"red"'), Request(without=("red",))):
        with pytest.raises(QueryError, match="not wanted"):
            searcher.search(request)


class Learnt(FakeEncoder):
    """Has met the colours and squares, and nothing else."""

    known = KnownWords(("red", "green", "blue", "squar", "a"))


def test_words_that_nobody_knows_are_told_and_spelt(
    home: Home, store: Store, settings: Settings
) -> None:
    encoder = Learnt()
    build_index(home, store, encoder, settings)
    live = generations.open_current(home.generations)
    searcher = Searcher(store, live, encoder, settings.search)
    as_typed = searcher.search(Request("gren sqaure zorblax Sq7", correct=False))
    assert as_typed.unknown == ("gren", "sqaure", "zorblax")
    assert as_typed.suggestion == "green square zorblax Sq7"
    assert as_typed.corrected == ""
    right = searcher.search("green square")
    assert (right.suggestion, right.unknown, right.corrected) == ("", (), "")


def test_a_word_that_is_surely_misspelt_is_answered_as_it_was_meant(
    home: Home, store: Store, settings: Settings
) -> None:
    encoder = Learnt()
    build_index(home, store, encoder, settings)
    live = generations.open_current(home.generations)
    searcher = Searcher(store, live, encoder, settings.search)
    result = searcher.search("sqaure gren red zorblax", top=4)
    assert result.query == "sqaure gren red zorblax"
    assert result.corrected == "square gren red zorblax"  # a short word may be another
    assert result.unknown == ("gren", "zorblax")
    assert result.suggestion == "square green red zorblax"
    meant = searcher.search("square gren red zorblax", top=4)
    assert ids(result) == ids(meant)
    later = searcher.search(Request("sqaure gren red zorblax", top=4, cursor=result.cursor))
    assert later.corrected == result.corrected
    assert not set(ids(later)) & set(ids(result))
    quoted = searcher.search('"sqaure" red')
    assert (quoted.corrected, quoted.results) == ("", ())


def test_where_nobody_knows_a_word_no_item_is_near(
    home: Home, store: Store, settings: Settings
) -> None:
    encoder = Learnt()
    build_index(home, store, encoder, settings)
    live = generations.open_current(home.generations)
    searcher = Searcher(store, live, encoder, settings.search)
    result = searcher.search("zorblax")
    assert result.no_match
    assert (result.results, result.nearest, result.cursor) == ((), (), "")
    assert ids(searcher.search("Sq7 zorblax", top=12)) == ["7"]


def test_of_words_the_model_never_met_only_exact_ones_count(
    home: Home, store: Store, settings: Settings
) -> None:
    encoder = Learnt()
    build_index(home, store, encoder, settings)
    live = generations.open_current(home.generations)
    searcher = Searcher(store, live, encoder, settings.search)
    named = searcher.search("Sq7")
    assert ids(named)[0] == "7"
    assert named.results[0].channels == {"words": 1}
    nonsense = searcher.search("zorblax frumious")
    assert nonsense.no_match

"""Pages of one search: nothing twice, nothing lost, in the same order however one came there."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import pytest

from db.home import Home
from db.store import Store
from errors import QueryError
from search import Request, Searcher
from settings import Settings
from tests.fakes import COLOURS, FakeEncoder
from tests.paging_samples import COUNT, fill, opened, shown, walk


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home that no test may change."""
    folder = tmp_path_factory.mktemp("paging")
    fill(Home(folder / "home"), folder / "pictures")
    return Home(folder / "home")


@pytest.fixture
def searcher(made: Home, encoder: FakeEncoder, settings: Settings) -> Iterator[Searcher]:
    with Store.open(made.path) as store:
        yield opened(made, store, encoder, settings)


REQUESTS = [
    Request("red"),
    Request("red", group=False),
    Request("a blue square", diversity=0.5),
    Request("a blue square", diversity=1.0, group=False),
    Request("nothing that is known"),
]


@pytest.mark.parametrize(
    "request_",
    [
        Request("red", tags=("green",)),
        Request("red", tags=("green",), group=False, diversity=0.5),
        Request(tags=("green",)),
        Request("red", where="edge > 2", tags=("blue",)),
    ],
)
def test_a_walk_through_what_filters_leave_meets_each_of_it_once(
    searcher: Searcher, request_: Request
) -> None:
    colour = request_.tags[0]
    keys = shown(walk(searcher, request_))
    like = [number - 1 if number % 10 == 9 else number for number in range(COUNT)]
    wanted = [f"{n:03d}" for n in range(COUNT) if list(COLOURS)[like[n] % 3] == colour]
    assert sorted(keys) == wanted


def test_filters_that_leave_nothing_say_so(searcher: Searcher) -> None:
    result = searcher.search(Request("red", where="edge > 100"))
    assert (result.results, result.cursor, result.no_match) == ((), "", True)


@pytest.mark.parametrize("request_", REQUESTS)
def test_a_walk_through_all_pages_meets_each_item_once(
    searcher: Searcher, request_: Request
) -> None:
    pages = walk(searcher, request_)
    keys = shown(pages)
    assert sorted(keys) == [f"{number:03d}" for number in range(COUNT)]
    ranks = [hit.rank for page in pages for hit in page.results]
    assert ranks == list(range(1, len(ranks) + 1))
    assert (len(ranks) < COUNT) == request_.group
    assert all(len(page.results) == 7 for page in pages[:-1])
    assert pages[-1].results


@pytest.mark.parametrize("request_", REQUESTS)
def test_offsets_and_pages_of_any_size_lead_to_the_same_hits(
    searcher: Searcher, request_: Request
) -> None:
    whole = [hit.id for page in walk(searcher, request_, top=200) for hit in page.results]
    assert [hit.id for page in walk(searcher, request_, 1) for hit in page.results] == whole
    for offset in (0, 3, 11, 40, len(whole) - 1):
        page = searcher.search(dataclasses.replace(request_, offset=offset), 5)
        assert [hit.id for hit in page.results] == whole[offset : offset + 5]
        assert page.results[0].rank == offset + 1


def test_an_offset_beyond_the_end_is_an_empty_last_page(searcher: Searcher) -> None:
    result = searcher.search(Request("red", offset=COUNT + 1))
    assert (result.results, result.cursor) == ((), "")
    assert not result.no_match  # the search matches, there is only no such page
    last = len(shown(walk(searcher, Request("red", group=False))))
    beyond = searcher.search(Request("red", group=False, offset=last))
    assert beyond.notes == (f"there are no more results: the last is number {last}",)
    assert searcher.search(Request("red", group=False, offset=last - 1)).notes == ()


def test_equal_scores_come_in_the_same_order_each_time(searcher: Searcher) -> None:
    orders = {tuple(shown(walk(searcher, Request("unheard of")))) for _ in range(3)}
    assert len(orders) == 1


def test_first_pages_come_from_the_shortlist_alone(searcher: Searcher) -> None:
    assert searcher.search("red", 2).candidates <= 12
    assert searcher.search("red", 80).candidates > 12


def test_the_last_page_ends_just_where_the_hits_end(searcher: Searcher) -> None:
    hits = len([h for page in walk(searcher, Request("red")) for h in page.results])
    assert searcher.search("red", hits).cursor == ""
    assert searcher.search("red", hits - 1).cursor


def test_a_page_goes_on_whatever_its_size(searcher: Searcher) -> None:
    first = searcher.search("red", 3)
    rest = searcher.search(Request("red", cursor=first.cursor), 9)
    assert [hit.rank for hit in rest.results] == list(range(4, 13))


def test_a_min_score_ends_the_pages_where_nothing_reaches_it(searcher: Searcher) -> None:
    found = [hit for page in walk(searcher, Request("red", min_score=0.5)) for hit in page.results]
    assert len(found) > 7
    assert all(hit.score >= 0.5 for hit in found)
    every = [hit for page in walk(searcher, Request("red")) for hit in page.results]
    assert {hit.id for hit in found} == {hit.id for hit in every if hit.score >= 0.5}


def test_a_min_score_that_nothing_reaches_leaves_the_nearest_aside(searcher: Searcher) -> None:
    best = searcher.search("red", 1).results[0]
    result = searcher.search(Request("red", min_score=1.0), 3)
    assert (result.results, result.cursor, result.no_match) == ((), "", True)
    assert len(result.nearest) == 3
    assert result.nearest[0].id == best.id
    assert searcher.search("red").nearest == ()


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        (Request("red", top=0), "top 0"),
        (Request("red", top=-3), "top -3"),
        (Request("red", offset=-1), "offset -1"),
        (Request("red", min_score=1.5), "min-score 1.5"),
        (Request("red", diversity=float("nan")), "diversity nan"),
    ],
)
def test_numbers_that_make_no_page_are_refused(
    searcher: Searcher, wrong: Request, complaint: str
) -> None:
    with pytest.raises(QueryError, match=complaint):
        searcher.search(wrong)


def test_later_pages_know_whether_the_search_matches(searcher: Searcher) -> None:
    for words, matches in (("red", True), ("unheard of", False)):
        assert {page.no_match for page in walk(searcher, Request(words))} == {not matches}


def test_an_explanation_tells_the_place_among_all_candidates(searcher: Searcher) -> None:
    pages = walk(searcher, Request("red", explain=True, group=False))
    told = [hit.explanation for page in pages for hit in page.results]
    places = [one.shortlist_rank for one in told if one is not None]
    assert sorted(places) == list(range(1, COUNT + 1))
    first = told[0]
    assert first is not None
    hit = pages[0].results[0]
    assert hit.score > max(first.head, first.text) > 0
    assert first.similarity > 0.9
    assert searcher.search("red", 1).results[0].explanation is None

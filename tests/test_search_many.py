"""Many searches at once give what they give one by one."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from db import generations
from db.home import Home
from db.store import Store
from errors import PairdexError
from indexer.job import build_index
from search import Request, Searcher, SearchResult
from search.batch import BATCH, each_or_error
from settings import Settings
from tests.fakes import FakeEncoder

REQUESTS: list[Request | str] = [
    "red",
    "a green thing",
    Request("blue", top=2),
    Request("파랑", explain=True),
    Request("red -square"),
    Request(like=("4",), top=3),
    Request("green", good=("1",), bad=("2",)),
    Request("blue", where="edge > 2"),
    Request("blue", tags=("green",)),
    Request("red", offset=3, top=2),
    Request("Sq7"),
    Request("nothing like it", min_score=0.9),
]
WRONG: list[Request | str] = ['red "open', "  ", Request(like=("nope",)), Request(where="edge >")]


@pytest.fixture
def searcher(home: Home, store: Store, encoder: FakeEncoder, settings: Settings) -> Searcher:
    build_index(home, store, encoder, settings)
    return Searcher(store, generations.open_current(home.generations), encoder, settings.search)


def told(answer: SearchResult | PairdexError) -> object:
    """All but the scores' last digits and the time."""
    assert isinstance(answer, SearchResult)
    bare = dataclasses.replace(answer, took_ms=0.0, results=(), nearest=(), cursor="")
    hits = [
        (
            h.rank,
            h.id,
            pytest.approx(h.score, abs=1e-5),
            h.channels,
            h.caption,
            h.explanation is None,
        )
        for h in (*answer.results, *answer.nearest)
    ]
    return bare, hits


def test_ids_and_scores_are_those_of_single_searches(searcher: Searcher) -> None:
    many = list(searcher.search_many(REQUESTS))
    assert len(many) == len(REQUESTS)
    for request, answer in zip(REQUESTS, many, strict=True):
        assert told(answer) == told(searcher.search(request)), request


def test_wrong_requests_are_answered_in_their_place(searcher: Searcher) -> None:
    mixed = [one for pair in zip(REQUESTS, WRONG * 3, strict=True) for one in pair]
    answers = list(searcher.search_many(mixed))
    for request, answer in zip(mixed, answers, strict=True):
        if request in WRONG:
            assert isinstance(answer, PairdexError)
            with pytest.raises(type(answer), match=r".") as alone:
                searcher.search(request)
            assert str(alone.value) == str(answer)
        else:
            assert told(answer) == told(searcher.search(request))


def test_more_requests_than_a_batch_keep_their_order(searcher: Searcher) -> None:
    colours = ["red", "green", "blue"]
    asked = [Request(colours[n % 3], top=1) for n in range(BATCH + 20)]
    for number, answer in enumerate(searcher.search_many(iter(asked))):
        assert isinstance(answer, SearchResult)
        assert answer.query == colours[number % 3]
        assert colours[number % 3] in answer.results[0].tags
    assert number == BATCH + 19


def test_texts_are_encoded_together(searcher: Searcher, encoder: FakeEncoder) -> None:
    calls = []
    plain = encoder.texts
    encoder.texts = lambda batch: calls.append(len(batch)) or plain(batch)  # type: ignore[method-assign, func-returns-value]
    list(searcher.search_many(["red", "green", "blue", "red"]))
    assert calls == [3]


def test_no_requests_have_no_answers(searcher: Searcher) -> None:
    assert list(searcher.search_many([])) == []


def test_an_image_that_cannot_be_read_spoils_no_other(searcher: Searcher, tmp_path: Path) -> None:
    (tmp_path / "bad.png").write_bytes(b"no image")
    first, second, third = searcher.search_many(
        ["red", Request(images=(tmp_path / "bad.png",)), "blue"]
    )
    assert isinstance(first, SearchResult)
    assert isinstance(third, SearchResult)
    assert isinstance(second, PairdexError)
    assert second.exit_code == 5


def test_work_on_halves_finds_each_wrong_one() -> None:
    def work(items: object) -> list[int]:
        numbers = list(items)  # type: ignore[call-overload]
        if any(number % 7 == 3 for number in numbers):
            raise PairdexError("wrong")
        return [number * 2 for number in numbers]

    made = each_or_error(range(20), work)
    for number, one in enumerate(made):
        assert isinstance(one, PairdexError) if number % 7 == 3 else one == 2 * number

"""Word of progress: seldom enough to read, and the last one always."""

from __future__ import annotations

import threading
import time

from service.paced import Paced

Word = tuple[str, int, int, str]


def test_a_stage_that_stands_still_is_told_where_it_stands() -> None:
    told: list[Word] = []
    at_three = threading.Event()

    def tell(*word: object) -> None:
        told.append(word)  # type: ignore[arg-type]  # as it is called
        if word[1] == 3:
            at_three.set()

    paced = Paced(tell, 0.2)
    for done in range(4):
        paced("images", done, 9)
    assert at_three.wait(60)  # and not another word of the job is needed for it
    assert [done for _, done, _, _ in told] == [0, 3]


def test_words_come_no_faster_than_they_may_but_for_begin_and_end_of_a_stage() -> None:
    told: list[Word] = []
    paced = Paced(lambda *word: told.append(word), 3600.0)
    for stage in ("images", "captions"):
        for done in range(101):
            paced(stage, done, 100)
    assert [(stage, done) for stage, done, *_ in told] == [
        ("images", 0), ("images", 100), ("captions", 0), ("captions", 100),
    ]  # fmt: skip


def test_what_was_held_back_is_not_told_after_the_end() -> None:
    told: list[Word] = []
    paced = Paced(lambda *word: told.append(word), 0.05)
    paced("images", 0, 9)
    paced("images", 1, 9)
    paced.drop()
    before = list(told)
    paced("scan", 0, 9)  # of the next job, at once
    paced("scan", 1, 9)
    until = time.monotonic() + 60
    while told[-1][:2] != ("scan", 1):
        assert time.monotonic() < until
        time.sleep(0.01)
    assert told[len(before) :] == [("scan", 0, 9, ""), ("scan", 1, 9, "")]

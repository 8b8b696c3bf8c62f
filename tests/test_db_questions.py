"""Questions keep their answers, whatever is asked, imported or answered again."""

from __future__ import annotations

import dataclasses
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from db.home import Home
from db.questions import Question, question_id
from db.store import Store
from tests.postgres_samples import both


def about(tag: str, content: str = "ab" * 32, item: str = "7") -> Question:
    return Question(
        question_id("tag", content, tag), "tag", content, f"/x/{content[:4]}.png", item, tag,
        said=True, score=0.4, model="m",
    )  # fmt: skip


def test_a_question_has_the_same_id_wherever_it_is_asked() -> None:
    assert about("red").id == about("red", item="").id
    assert len({about("red").id, about("blue").id, about("red", "cd" * 32).id}) == 3
    assert question_id("match", "ab" * 32, "red") != about("red").id


@both
def test_asking_again_brings_the_question_up_to_date_and_keeps_its_answer(store: Store) -> None:
    store.questions.put([about("red"), about("blue")])
    store.questions.answer(about("red").id, "no", "review")
    store.questions.put([dataclasses.replace(about("red"), score=0.9, image="/y.png")])
    kept = store.questions.get(about("red").id)
    assert kept is not None
    assert (kept.answer, kept.source, kept.score, kept.image) == ("no", "review", 0.9, "/y.png")
    assert kept.answered.endswith("+00:00")
    assert [one.tag for one in store.questions.answered()] == ["red"]


@both
def test_many_who_ask_the_same_at_once_are_all_answered(store: Store) -> None:
    asked = [about(f"tag {number}") for number in range(40)]
    start = Barrier(4)

    def ask(turn: int) -> None:
        start.wait(60)
        store.questions.put(asked if turn % 2 else asked[::-1])

    for _ in range(5):
        with ThreadPoolExecutor(4) as people:
            list(people.map(ask, range(4)))
        asked = [about(f"{one.tag}x") for one in asked]
    assert store.questions.get(asked[0].id) is None


@both
def test_the_same_answer_twice_is_one_and_another_takes_its_place(store: Store) -> None:
    store.questions.put([about("red"), about("blue")])
    first = store.questions.answer(about("red").id, "no", "review")
    store.questions.answer(about("blue").id, "yes", "review")
    assert store.questions.answer(about("red").id, "no", "api") == first
    changed = store.questions.answer(about("red").id, "yes", "api")
    assert changed is not None
    assert (changed.answer, changed.source) == ("yes", "api")
    assert [one.tag for one in store.questions.answered()] == ["blue", "red"]


def test_what_nobody_asked_cannot_be_answered(store: Store) -> None:
    assert store.questions.answer("0" * 32, "yes", "review") is None


@both
def test_an_answer_can_be_taken_back_once(store: Store) -> None:
    store.questions.put([about("red")])
    store.questions.answer(about("red").id, "skip", "review")
    assert store.questions.take_back(about("red").id)
    assert not store.questions.take_back(about("red").id)
    assert store.questions.answered() == []


@both
def test_answers_outlive_their_item(store: Store, home: Home) -> None:
    store.questions.put([about("red")])
    store.questions.answer(about("red").id, "no", "review")
    store.apply_import([], [], prune=True)
    store.close()
    with Store.open(home.path) as again:
        assert [one.answer for one in again.questions.answered()] == ["no"]

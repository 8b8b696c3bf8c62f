"""`pairdex review`: one key an answer, files of answers, and their way out."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from commands import review_ask
from commands.context import Session
from db.home import Home
from db.store import Store
from errors import QueryError
from review import Answers, Question
from review.answer_file import take
from tests.test_cli import pairdex


@pytest.fixture
def asked(store: Store) -> list[Question]:
    """Four questions about the squares, which are known by their ids."""
    answers = Answers(store)
    found = [answers.tell_tag("red", "skip", item=str(n)) for n in range(3)]
    found.append(answers.tell_match("a red square", "skip", item="0"))
    for one in found:
        answers.take_back(one.id)
    return found


def keys(pressed: str) -> Callable[[], str]:
    left = iter(pressed)
    return lambda: next(left, "")


def standing(store: Store) -> dict[str, str]:
    return {one.id: one.answer for one in Answers(store).all()}


def test_a_key_is_an_answer_and_undo_goes_back(
    store: Store, home: Home, asked: list[Question], capsys: pytest.CaptureFixture[str]
) -> None:
    session = Session(home.path, (), False)
    # An unknown key changes nothing; the second undo takes the first answer back.
    review_ask.ask_all(session, Answers(store), asked, "none", keys("xyuYnsuu" + "nyq"))
    assert standing(store) == {asked[0].id: "yes", asked[1].id: "no", asked[2].id: "yes"}
    told = capsys.readouterr().out
    assert "1/4" in told
    assert "Does it show red?" in told
    assert "3 of 4 answered: 2 yes, 1 no, 0 skip" in told
    assert "pairdex refit" in told


def test_the_end_of_the_input_leaves_what_was_answered(
    store: Store, home: Home, asked: list[Question], capsys: pytest.CaptureFixture[str]
) -> None:
    session = Session(home.path, (), False)
    review_ask.ask_all(session, Answers(store), asked[3:], "blocks", keys("n"))
    assert standing(store) == {asked[3].id: "no"}
    told = capsys.readouterr().out
    assert "Does it answer a red square?" in told
    assert "▀" in told  # the picture, drawn with characters
    with pytest.raises(QueryError, match="--preview paint"):
        review_ask.ask_all(session, Answers(store), asked, "paint", keys(""))


def test_every_row_of_a_file_is_accounted_for(store: Store, asked: list[Question]) -> None:
    rows = [
        {"question": asked[0].id, "answer": "no"},
        {"question": "nobody asked", "answer": "no"},
        {"item": "5", "tag": "blue", "answer": "YES", "note": "passed over"},
        {"item": "5", "query": "a blue square", "answer": "no"},
        {"image": asked[0].image, "tag": "green", "answer": "skip"},
        {"question": asked[1].id, "answer": None},
        {"item": "5", "tag": "mauve", "answer": "yes"},
        {"item": "5", "answer": "yes"},
        {"item": "5", "tag": "blue", "answer": "perhaps"},
        {"item": {"x": 1}, "tag": "blue", "answer": "no"},
    ]
    lines = [json.dumps(row) for row in rows] + ["{not json", "", "[1]"]
    taken = take(Answers(store), "\n".join(lines).encode(), "answers")
    assert (taken.new, taken.same, taken.blank) == (4, 0, 1)
    assert [line for line, _ in taken.wrong] == [2, 7, 8, 9, 10, 11, 13]
    assert "no question 'nobody asked'" in taken.wrong[0][1]
    again = take(Answers(store), "\n".join(lines).encode(), "answers")
    assert (again.new, again.same) == (0, 4)
    assert {one.source for one in Answers(store).all()} == {"file"}


def test_a_table_is_read_like_lines_and_what_is_neither_is_told(
    store: Store, asked: list[Question]
) -> None:
    table = f"question,answer,score\r\n{asked[0].id},yes,0.5\r\n{asked[1].id},,\r\n"
    taken = take(Answers(store), b"\xef\xbb\xbf" + table.encode(), "a.csv")
    assert (taken.new, taken.blank, taken.wrong) == (1, 1, [])
    for data, why in ((b"id,verdict\n1,yes\n", "no column `answer`"), (b"\xff\xfe", "UTF-8")):
        with pytest.raises(QueryError, match=why):
            take(Answers(store), data, "a.csv")


def test_answers_come_in_and_go_out_at_the_command_line(
    store: Store, home: Home, asked: list[Question], tmp_path: Path
) -> None:
    file = tmp_path / "answers.jsonl"
    file.write_text("\n".join(json.dumps({"question": q.id, "answer": "no"}) for q in asked[:2]))
    done = pairdex(home.path, "review", "--answers", file)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "2 new answers, 0 as before, 0 rows without one, 0 that cannot be taken\n"
    out = pairdex(home.path, "review", "--export").stdout
    rows = list(csv.DictReader(io.StringIO(out)))
    assert [(row["question"], row["answer"], row["tag"]) for row in rows] == [
        (one.id, "no", "red") for one in asked[:2]
    ]
    body = json.loads(pairdex(home.path, "review", "--export", "--json").stdout)
    assert body["schema"] == "pairdex.answers.v1"
    back = tmp_path / "back.csv"
    back.write_text(out)
    again = json.loads(pairdex(home.path, "review", "--answers", back, "--json").stdout)
    assert (again["new"], again["same"], again["wrong"]) == (0, 2, [])


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ((), "questions need a terminal"),
        (("--export", "x.png"), "do not go together"),
        (("--answers", "none.csv"), "cannot be read"),
        (("x.png", "--kind", "match"), "about their tags"),
    ],
)
def test_what_cannot_be_is_one_line(
    store: Store, home: Home, arguments: tuple[str, ...], why: str
) -> None:
    done = pairdex(home.path, "review", *arguments)
    assert done.returncode == 2
    assert why in done.stderr
    assert done.stderr.count("\n") == 1

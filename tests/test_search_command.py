"""`pairdex search` as a real process: pipes and exit codes."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import time
from pathlib import Path

import pytest

from tests.command_samples import PAIRDEX, creatures, run, some_name

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return creatures(tmp_path_factory.mktemp("command"))


def test_each_answer_has_its_exit_code(home: Path) -> None:
    name, key = some_name(home)
    found = run(home, "search", name, "--csv", "-n", "1")
    assert (found.returncode, found.stderr) == (0, "")
    assert next(csv.DictReader(io.StringIO(found.stdout)))["id"] == key
    none = run(home, "search", "quarterly tax return", "--paths")
    assert (none.returncode, none.stdout) == (9, "")
    assert "Nothing matches" in none.stderr
    shown = run(home, "search", "quarterly tax return", "-n", "2")
    assert shown.returncode == 9
    assert "Nothing matches." in shown.stdout
    assert "The nearest are:" not in shown.stdout  # nobody knows a word of it
    far = run(home, "search", "lizard", "--min-score", "1")
    assert far.returncode == 9
    assert "Nothing matches. The nearest are:" in far.stdout
    beyond = run(home, "search", "lizard", "--offset", "1000")
    assert beyond.returncode == 0
    assert "there are no more results" in beyond.stdout
    assert all(len(line) <= 80 for line in shown.stdout.splitlines())
    empty = run(home, "search", "lizard", "--where", "height > 1000", "--json")
    assert (empty.returncode, json.loads(empty.stdout)["results"]) == (9, [])
    wrong = run(home, "search", 'red "open')
    assert (wrong.returncode, wrong.stdout) == (2, "")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("x", "--top", "0"), "invalid value for '--top'"),
        (("x", "--json", "--csv"), "--json and --csv do not go together"),
        (("x", "-0"), "-0 ends paths"),
        (("x", "--preview=sixels"), "--preview=sixels is not known"),
        (("x", "--preview", "--json"), "--preview and --json"),
        (("x", "--queries", "nothing.txt"), "--queries stands alone"),
        (("--queries", "nothing.txt"), "nothing.txt cannot be read"),
        (("red", "lizard"), "stands in quotes"),
        (("-wings",), "what is wanted too, or put it behind --"),
    ],
)
def test_what_is_wrong_with_options_is_one_line(
    home: Path, arguments: tuple[str, ...], says: str
) -> None:
    done = run(home, "search", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1
    assert says in done.stderr


def test_a_query_may_begin_with_a_minus(home: Path) -> None:
    for query in ('-"wings" blue', "-wings blue", "-2:wings blue"):
        done = run(home, "search", query, "--not", "-x", "--json", "-n", "1")
        assert json.loads(done.stdout)["query"] == query
    behind = run(home, "search", "--json", "-n", "1", "--", "-wings blue")
    assert json.loads(behind.stdout)["query"] == "-wings blue"


def test_paths_for_xargs_are_files_and_a_reader_that_leaves_is_no_trouble(home: Path) -> None:
    name, key = some_name(home)
    done = run(home, "search", "--where", "height > 0", "--paths", "-0", "-n", "3")
    files = done.stdout.split("\0")
    assert files.pop() == ""
    assert [Path(file).is_file() for file in files] == [True] * 3
    # A word that the model has not met is looked for as it is written, and nothing else is shown.
    named = run(home, "search", name, "--paths", "-0", "-n", "3").stdout
    assert [Path(file).stem for file in named.split("\0")] == [key, ""]
    line = f"{PAIRDEX[0]} {PAIRDEX[1]} --home {home} search {name} --jsonl -n 12 | head -c 1"
    gone = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=False)
    assert (gone.stdout, gone.stderr) == ("{", "")


def test_open_hands_the_page_to_the_desktop(home: Path, tmp_path: Path) -> None:
    program, told, page = tmp_path / "xdg-open", tmp_path / "told", tmp_path / "page.html"
    program.write_text(
        f'#!/bin/sh\necho "$1" >{told}.new\nmv {told}.new {told}\n', encoding="utf-8"
    )
    program.chmod(0o755)
    path = f"{tmp_path}:{os.environ['PATH']}"
    name, key = some_name(home)
    done = run(home, "search", name, "--html", page, "--open", PATH=path, DISPLAY=":0")
    assert done.returncode == 0, done.stderr
    assert wait_for(told) == f"{page}\n"
    told.unlink()
    run(home, "search", name, "-n", "1", "--open", PATH=path, DISPLAY=":0")
    assert Path(wait_for(told).strip()).stem == key
    none = run(home, "search", name, "--open", DISPLAY="", WAYLAND_DISPLAY="", PATH=path)
    assert none.returncode == 2
    assert "there is no desktop here" in none.stderr


def wait_for(file: Path) -> str:
    end = time.monotonic() + 30
    while not file.exists() and time.monotonic() < end:
        time.sleep(0.01)
    return file.read_text(encoding="utf-8")


def test_queries_of_a_file_are_answered_in_its_order(home: Path, tmp_path: Path) -> None:
    name, key = some_name(home)
    lines = [name, "", json.dumps({"id": "b", "query": name, "top": 1}), '{"quer": 1}', "a lizard"]
    file = tmp_path / "queries.txt"
    file.write_text("\n".join(lines), encoding="utf-8")
    done = run(home, "search", "--queries", file, "--top", "2")
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 2
    assert [(one["line"], one["id"]) for one in answers] == [
        (1, None),
        (3, "b"),
        (4, None),
        (5, None),
    ]
    assert [len(one.get("results", ())) for one in answers] == [1, 1, 0, 2]
    assert answers[0]["results"][0]["id"] == answers[1]["results"][0]["id"] == key
    assert answers[2]["error"] == "line 4 cannot be read: `quer` is not known"
    piped = run(home, "search", "--queries", "-", given="a lizard\n")
    assert piped.returncode == 0
    assert json.loads(piped.stdout)["query"] == "a lizard"

"""`pairdex search` and `pairdex shell` as real processes: pipes, terminals, exit codes."""

from __future__ import annotations

import base64
import csv
import fcntl
import io
import json
import os
import pty
import re
import select
import shutil
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from commands.search_options import SearchCommand
from commands.search_preview import COLUMNS
from commands.shell_commands import HELP

ROOT = Path(__file__).resolve().parent.parent
pytestmark = pytest.mark.slow
PAIRDEX = [sys.executable, str(ROOT / "cli.py")]
QUIET = {"COLUMNS": "80", "TERM": "xterm-256color", "PROMPT_TOOLKIT_NO_CPR": "1"}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dozen creatures, indexed with the model that ships."""
    home = tmp_path_factory.mktemp("command") / "home"
    art = home.parent / "art"
    for step in (
        ("catalog", "demo", "--items", "12", "--out", art),
        ("catalog", "import", art / "catalog.csv"),
        ("index", "build"),
    ):
        done = subprocess.run([*PAIRDEX, "--home", home, *step], capture_output=True, check=False)
        assert done.returncode == 0, done.stderr.decode()
    return home


def run(
    home: Path, *arguments: str | Path, given: str = "", **environment: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*PAIRDEX, "--home", home, *arguments],
        input=given, capture_output=True, text=True, check=False,
        env=os.environ | QUIET | environment,
    )  # fmt: skip


def some_name(home: Path) -> tuple[str, str]:
    """A name of the catalog, which finds its item by the exact word, and the item's id."""
    with (home.parent / "art" / "catalog.csv").open(encoding="utf-8") as file:
        row = next(iter(csv.DictReader(file)))
    return row["name"], row["id"]


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
    assert "The nearest are:" in shown.stdout
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
    done = run(home, "search", name, "--paths", "-0", "-n", "3")
    files = done.stdout.split("\0")
    assert files.pop() == ""
    assert [Path(file).is_file() for file in files] == [True] * 3
    assert Path(files[0]).stem == key
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
    assert [len(one.get("results", ())) for one in answers] == [2, 1, 0, 2]
    assert answers[0]["results"][0]["id"] == answers[1]["results"][0]["id"] == key
    assert answers[2]["error"] == "line 4 cannot be read: `quer` is not known"
    piped = run(home, "search", "--queries", "-", given="a lizard\n")
    assert piped.returncode == 0
    assert json.loads(piped.stdout)["query"] == "a lizard"


# -- a terminal -----------------------------------------------------------------------------


PROMPT = r"\x1b\[\?2004h"  # what a terminal is told when a line may be typed


class Terminal:
    """A process in a terminal of 80 columns; cells of 8 to 16 pixels."""

    def __init__(self, home: Path, *arguments: str, **environment: str) -> None:
        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 80, 640, 640))
        environment = os.environ | QUIET | {"TMUX": "", "TERM_PROGRAM": ""} | environment
        del environment["COLUMNS"]
        self._process = subprocess.Popen(
            [*PAIRDEX, "--home", str(home), *arguments],
            stdin=theirs, stdout=theirs, stderr=theirs, env=environment, start_new_session=True,
            # The terminal that it is asked about must be this one.
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )  # fmt: skip
        os.close(theirs)
        self._ours, self.said = ours, ""

    def type(self, text: str) -> None:
        os.write(self._ours, text.encode())

    def until(self, pattern: str) -> str:
        """What was said up to the pattern."""
        end = time.monotonic() + 120
        while not (found := re.search(pattern, self.said, re.DOTALL)):
            assert time.monotonic() < end, self.said
            if not self._read():
                raise AssertionError(f"{pattern!r} never came: {self.said}")
        part, self.said = self.said[: found.end()], self.said[found.end() :]
        return part

    def _read(self) -> bool:
        if not select.select([self._ours], [], [], 0.5)[0]:
            return self._process.poll() is None
        try:
            data = os.read(self._ours, 65536)
        except OSError:  # the other side is closed
            return False
        self.said += data.decode("utf-8", "replace")
        return bool(data)

    def end(self) -> int:
        end = time.monotonic() + 120
        while self._read():
            assert time.monotonic() < end, self.said
        os.close(self._ours)
        return self._process.wait(60)


def plain(text: str) -> str:
    return re.sub(r"\x1b\[[\d;?]*[A-Za-z]", "", text)


def test_a_terminal_gets_bars_and_lines_that_fit(home: Path) -> None:
    terminal = Terminal(home, "search", "a lizard", "-n", "3")
    assert terminal.end() in (0, 9)
    assert "━" in terminal.said or "─" in terminal.said
    assert "\x1b[" in terminal.said
    assert all(len(line) <= 80 for line in plain(terminal.said).splitlines())


def test_pictures_come_in_the_terminals_own_form(home: Path) -> None:
    name, key = some_name(home)
    kitty = Terminal(home, "search", name, "-n", "1", "--preview", TERM="xterm-kitty")
    kitty.end()
    data = "".join(re.findall(r"\x1b_G[^;]*;([^\x1b]*)\x1b\\", kitty.said))
    shown = Image.open(io.BytesIO(base64.b64decode(data)))
    assert shown.size == (COLUMNS * 8, 8 * 16)
    file = home.parent / "art" / "images" / f"{key}.jpg"
    there = Image.open(file).convert("RGB").resize((128, 128), Image.Resampling.BICUBIC)
    assert np.abs(np.asarray(shown, np.int64) - np.asarray(there, np.int64)).mean() < 3
    assert name in kitty.said.rpartition("\x1b\\")[2]


def test_a_terminal_is_asked_what_it_can_show(home: Path) -> None:
    sixel = Terminal(home, "search", "a lizard", "-n", "1", "--preview")
    sixel.until(r"\x1b\[c")
    sixel.type("\x1b[?62;4;22c")
    sixel.end()
    assert "\x1bP0;1q" in sixel.said
    silent = Terminal(home, "search", "a lizard", "-n", "1", "--preview")
    silent.until(r"\x1b\[c")  # no answer
    silent.end()
    assert "no preview: this terminal" in re.sub(r"\s+", " ", silent.said)
    assert "\x1bP" not in silent.said


def test_a_pipe_gets_no_picture(home: Path) -> None:
    done = run(home, "search", "a lizard", "--preview=blocks", TERM="xterm-kitty")
    assert "\x1b" not in done.stdout
    assert "no preview" in done.stderr


# -- the shell ------------------------------------------------------------------------------


def test_every_option_of_a_search_is_a_command_of_the_shell() -> None:
    from typer.main import get_command

    from cli import app

    command = get_command(app).commands["search"]  # type: ignore[attr-defined]
    assert isinstance(command, SearchCommand)
    options = {name[2:] for o in command.params for name in o.opts if name.startswith("--")}
    options -= {"queries", "help"}  # many at once, and the command line's own
    assert options - set(HELP) == set()


def test_lines_that_are_piped_in_are_answered_one_by_one(home: Path) -> None:
    name, key = some_name(home)
    lines = [":jsonl", ":top 1", name, ":like 1", ':where "', name, ":nope", ":quit", "never"]
    done = run(home, "shell", given="\n".join(lines))
    hits = [json.loads(line) for line in done.stdout.splitlines()]
    assert hits[0]["id"] == hits[-1]["id"] == key
    assert done.stderr.count("error: ") == 2
    assert "no command :nope" in done.stderr
    assert done.returncode == 2
    assert run(home, "shell", given=f":paths\n{name}\n").returncode == 0


def test_the_shell_goes_on_through_pages_and_judgements(home: Path) -> None:
    lines = [":json", ":top 2", "blue", ":more", ":good 3 :bad 1", ":reset", ":show"]
    done = run(home, "shell", given="\n".join(lines))
    assert done.returncode == 0, done.stderr
    decoder, pages, text = json.JSONDecoder(), [], done.stdout
    while text.startswith("{"):
        page, end = decoder.raw_decode(text)
        pages.append(page)
        text = text[end:].lstrip()
    first, second, third = pages
    assert [hit["rank"] for hit in second["results"]] == [3, 4]
    assert first["results"][0]["id"] not in {hit["id"] for hit in third["results"]}
    assert "2 judgements stored" in done.stderr
    assert text.strip() == "nothing is set"


@pytest.fixture
def copied(home: Path, tmp_path: Path) -> Path:
    """A home of one's own; its pictures stay where they are."""
    return Path(shutil.copytree(home, tmp_path / "home"))


def test_a_person_completes_and_finds_earlier_lines_again(copied: Path) -> None:
    name = "lizard"
    shell = Terminal(copied, "shell")
    shell.until(PROMPT)
    shell.type(":where typ")
    shell.until("typ")
    shell.type("\t")  # the field's last letter
    shell.until("e")
    shell.type("=fir")
    shell.until("=fir")
    shell.type("\t")
    shell.until("e")
    shell.type("\r")
    shell.until("filtered")
    shell.type(f"{name}\r")
    shell.until("generation 000001")
    shell.until("filtered")
    shell.type("\x03:quit\r")
    assert shell.end() == 0
    history = (copied / "shell.history").read_text(encoding="utf-8")
    assert "+:where type=fire" in history
    again = Terminal(copied, "shell")
    again.until(PROMPT)
    again.type("\x1b[A\x1b[A")  # the line before :quit
    again.until(name)
    again.type("\x03\x04")
    assert again.end() == 0


def test_an_index_that_is_built_meanwhile_is_used(home: Path, copied: Path) -> None:
    shell = Terminal(copied, "shell")
    shell.until(PROMPT)
    shell.type("lizard\r")
    shell.until("generation 000001")
    shell.until(PROMPT)
    lines = (home.parent / "art" / "catalog.csv").read_text(encoding="utf-8").splitlines()
    fewer = home.parent / "art" / "fewer.csv"
    fewer.write_text("\n".join(lines[:-1]), encoding="utf-8")
    for step in (("catalog", "import", fewer, "--prune"), ("index", "build")):
        done = run(copied, *step)
        assert done.returncode == 0, done.stderr
    shell.type("lizard\r")
    shell.until("generation 000002 is live now")
    shell.until("results? in .*generation 000002")
    shell.until(PROMPT)  # before it reads, the terminal itself would take the end for its own
    shell.type("\x04")
    assert shell.end() == 0

"""`pairdex shell` as a real process: piped in, and typed by a person."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from commands.search_options import SearchCommand
from commands.shell_commands import HELP
from tests.command_samples import PROMPT, Terminal, creatures, run, some_name

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return creatures(tmp_path_factory.mktemp("command"))


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

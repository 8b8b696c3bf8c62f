"""The command lines and settings that the documents show are ones that the program takes."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from itertools import pairwise, takewhile
from pathlib import Path
from typing import Any

import pytest
import typer

from cli import app
from settings import load_settings

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
ASSIGNMENT = re.compile(r"PAIRDEX_\w+__\w+=\S+")


def shown(page: Path) -> Iterator[tuple[str, bool]]:
    """Command lines of a page, and whether each is to be typed as it is: those in blocks are."""
    text = page.read_text(encoding="utf-8").replace("\\\n", "")  # one line, shown on several
    for line in re.findall(r"^(?:    |\$ )?((?:PAIRDEX_\S+ )?pairdex .+)$", text, re.MULTILINE):
        yield line, True
    for line in re.findall(r"`(pairdex [^`\n]+)`", text):
        yield line, False


def mistakes(line: str, whole: bool) -> Iterator[str]:
    """What the Typer app would not understand of a command line."""
    words = [word for word in shlex.split(line, comments=True) if not ASSIGNMENT.fullmatch(word)]
    words = list(takewhile(lambda word: word not in ("|", ">", "&&"), words))
    command: Any = typer.main.get_command(app)
    given, path = 0, words.pop(0)
    while words:
        word = words.pop(0)
        if word == "--":  # all that follows are arguments
            given, words = given + len(words), []
        elif word == "--preview":
            continue  # its value is behind a =, or missing
        elif word.startswith("-") and " " not in word:  # a query may begin with a minus
            name, equals, _ = word.partition("=")
            options = [option for option in command.params if name in option.opts]
            if not options and name not in ("-h", "--help"):
                yield f"{path} has no option {name}"
                return
            elif options and not options[0].is_flag and not equals and not words:
                yield f"{name} needs a value"
            elif options and not options[0].is_flag and not equals:
                words.pop(0)
        elif hasattr(command, "commands"):
            if word not in command.commands:
                yield f"{path} has no command {word}"
                return
            command, path = command.commands[word], f"{path} {word}"
        else:
            given += 1
    arguments = [entry for entry in command.params if entry.param_type_name == "argument"]
    if given > len(arguments) and all(entry.nargs == 1 for entry in arguments):
        yield f"{path} takes {len(arguments)} arguments"
    if whole and given < sum(entry.required for entry in arguments):
        yield f"{path} needs {len(arguments)} arguments"


def typed_pages() -> list[Path]:
    # commands.md is made from the app itself, with [OPTIONS] and {placeholders} in it.
    return [page for page in PAGES if page.name != "commands.md"]


def test_every_command_line_shown_is_one_that_the_app_understands() -> None:
    found = [(page, *line) for page in typed_pages() for line in shown(page)]
    assert len(found) > 20
    wrong = [
        f"{page.name}: {line}: {mistake}"
        for page, line, whole in found
        for mistake in mistakes(line, whole and "…" not in line)
    ]
    assert wrong == []


@pytest.mark.parametrize(
    ("line", "mistake"),
    [
        ("pairdex serch x", "pairdex has no command serch"),
        ("pairdex search x --tpo 3", "pairdex search has no option --tpo"),
        ("pairdex saved remove", "pairdex saved remove needs 1 arguments"),
        ("pairdex search fire-type lizard", "pairdex search takes 1 arguments"),
        ("pairdex search x --top", "--top needs a value"),
        ("pairdex catalog info", "pairdex catalog has no command info"),
    ],
)
def test_a_wrong_command_line_would_be_found(line: str, mistake: str) -> None:
    assert list(mistakes(line, whole=True)) == [mistake]


def test_every_setting_shown_is_one_that_is_accepted(tmp_path: Path) -> None:
    flags = 0
    for page in typed_pages():
        text = page.read_text(encoding="utf-8")
        for line, _ in shown(page):
            words = shlex.split(line, comments=True)
            set_ = [value for word, value in pairwise(words) if word == "--set"]
            environment = dict(w.split("=", 1) for w in words if ASSIGNMENT.fullmatch(w))
            load_settings(environment=environment, flags=set_)
            flags += len(set_) + len(environment)
        for block in re.findall(r"^```toml\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
            (tmp_path / "config.toml").write_text(block, encoding="utf-8")
            load_settings(tmp_path, environment={})
        defaults = load_settings(environment={})
        sections = "|".join(defaults.__struct_fields__)
        for group, key in re.findall(rf"`({sections})\.(?!csv)(\w+)`", text):
            assert hasattr(getattr(defaults, group), key), f"{page.name}: {group}.{key}"
    assert flags > 3

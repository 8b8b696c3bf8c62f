"""`pairdex search` in a terminal: bars, lines that fit, pictures in the terminal's own form."""

from __future__ import annotations

import base64
import io
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from commands.search_preview import COLUMNS
from tests.command_samples import Terminal, creatures, run, some_name

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return creatures(tmp_path_factory.mktemp("command"))


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

"""The program as a real process, in a pipe or in a terminal, on a home of a dozen creatures."""

from __future__ import annotations

import csv
import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path

from tests.made_once import copied, made_once

ROOT = Path(__file__).resolve().parent.parent
PAIRDEX = [sys.executable, str(ROOT / "cli.py")]
QUIET = {"COLUMNS": "80", "TERM": "xterm-256color", "PROMPT_TOOLKIT_NO_CPR": "1"}
PROMPT = r"\x1b\[\?2004h"  # what a terminal is told when a line may be typed


def creatures(folder: Path) -> Path:
    """A home with a dozen creatures, indexed with the model that ships; a copy of one's own."""
    made = made_once("creatures", _creatures)
    (folder / "art").symlink_to(made / "art")
    return copied(made / "home", folder / "home")


def _creatures(folder: Path) -> None:
    home, art = folder / "home", folder / "art"
    for step in (
        ("catalog", "demo", "--items", "12", "--out", art),
        ("catalog", "import", art / "catalog.csv"),
        ("index", "build"),
    ):
        done = subprocess.run([*PAIRDEX, "--home", home, *step], capture_output=True, check=False)
        assert done.returncode == 0, done.stderr.decode()


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

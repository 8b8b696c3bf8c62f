"""What the terminal can show, by its name or by asking it; and how large its cells are."""

from __future__ import annotations

import os
import re
import select
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

WAIT = 0.3  # seconds for an answer: a terminal that has none to give is not waited for longer
_CELL = (8, 16)  # pixels, where the terminal does not say
# kitty's own question, then one that every terminal answers: what it is (device attributes).
_QUESTION = b"\x1b_Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA\x1b\\\x1b[c"
_ATTRIBUTES = re.compile(rb"\x1b\[\?([\d;]*)c")


def graphics(environment: Mapping[str, str] = os.environ) -> str:
    """The protocol to show pictures with: kitty, iterm, sixel, or empty where there is none."""
    return _named(environment) or _asked()


def _named(environment: Mapping[str, str]) -> str:
    if environment.get("TMUX") or environment.get("STY"):
        return ""  # stands between: only what it says itself holds
    program = environment.get("TERM_PROGRAM", "")
    if environment.get("TERM") == "xterm-kitty" or program == "ghostty":
        return "kitty"
    if program in ("iTerm.app", "WezTerm", "mintty") or environment.get("LC_TERMINAL") == "iTerm2":
        return "iterm"
    return ""


def _asked() -> str:
    with _raw() as terminal:
        if terminal is None:
            return ""
        os.write(terminal, _QUESTION)
        answer, end = b"", time.monotonic() + WAIT
        while (left := end - time.monotonic()) > 0 and not _ATTRIBUTES.search(answer):
            if not select.select([terminal], [], [], left)[0]:
                break
            answer += os.read(terminal, 1024)
    if b"\x1b_Gi=31;OK" in answer:
        return "kitty"
    found = _ATTRIBUTES.search(answer)
    return "sixel" if found and b"4" in found[1].split(b";") else ""


def read_key() -> str:
    """The key that is pressed next; empty where the input has ended or Ctrl-C was pressed."""
    with _raw() as terminal:
        if terminal is None:
            return sys.stdin.readline()[:1]
        try:
            return os.read(terminal, 16).decode("utf-8", "ignore")[:1]
        except KeyboardInterrupt:
            return ""


@contextmanager
def _raw() -> Iterator[int | None]:
    """The terminal, answering to us and not to the screen; None where there is none."""
    try:
        import termios
        import tty
    except ImportError:  # Windows
        yield None
        return
    try:
        terminal = os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY)
    except OSError:
        yield None
        return
    try:
        before = termios.tcgetattr(terminal)
        try:
            tty.setcbreak(terminal, termios.TCSANOW)
            yield terminal
        finally:
            termios.tcsetattr(terminal, termios.TCSANOW, before)
    finally:
        os.close(terminal)


def cell() -> tuple[int, int]:
    """Width and height of a character in pixels."""
    try:
        import fcntl
        import struct
        import termios

        answer = fcntl.ioctl(sys.stdout.fileno(), termios.TIOCGWINSZ, b"\0" * 8)
        rows, columns, width, height = struct.unpack("HHHH", answer)
    except (ImportError, OSError):
        return _CELL
    if not (rows and columns and width and height):
        return _CELL
    return width // columns, height // rows

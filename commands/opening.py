"""Files opened with what the desktop has for them."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

import typer

from errors import QueryError

FIRST = 5  # pictures that are opened at once, at most


def open_files(files: Sequence[Path]) -> None:
    """Each with the program that the desktop opens it with; does not wait for it."""
    _require_desktop(files[0])
    for file in files[:FIRST]:
        if not file.exists():
            raise QueryError(f"{file} cannot be opened", "it is gone", "run `pairdex index build`")
        if typer.launch(str(file.absolute())) != 0:
            raise QueryError(f"{file} cannot be opened", "the desktop refused", "open it by hand")


def _require_desktop(file: Path) -> None:
    if sys.platform in ("darwin", "win32"):
        return
    why = ""
    if shutil.which("xdg-open") is None:
        why = "there is no xdg-open here"
    elif not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        why = "there is no desktop here"
    if why:
        raise QueryError("nothing can be opened", why, f"look at {file} on another machine")

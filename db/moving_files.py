"""What a home holds beside its rows and generations, for a new home that is to be complete."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from db.home import Home, writing

# Rows and generations go their own way; locks and caches are of the home that they are in.
_OWN = re.compile(r"(pairdex|queue)\.db(-\w+)?|generations|cache|.*\.lock|lock|config\.toml")
_PLACES = re.compile(r"\s*\[(db|vectors)\]|\s*(db|vectors)\s*\.")


def move_files(home: Home, target: Home) -> None:
    """Copy model, uploads and the like; settings too, but for where rows and vectors are."""
    if home.path == target.path:
        return
    with writing(target.path):
        target.path.mkdir(parents=True, exist_ok=True)
        for path in sorted(home.path.iterdir()):
            if not _OWN.fullmatch(path.name):
                _copy(path, target.path / path.name)
        config, other = home.path / "config.toml", target.path / "config.toml"
        if config.is_file() and not other.exists():
            other.write_text(_elsewhere(config.read_text(encoding="utf-8-sig")), encoding="utf-8")


def _copy(path: Path, target: Path) -> None:
    if path.is_dir():
        shutil.copytree(path, target, dirs_exist_ok=True)
    else:
        shutil.copy2(path, target)


def _elsewhere(text: str) -> str:
    """Settings without those that say where rows and vectors are."""
    kept, ours = [], False
    for line in text.splitlines(keepends=True):
        if line.lstrip().startswith("["):
            ours = bool(_PLACES.match(line))
        if not (ours or _PLACES.match(line)):
            kept.append(line)
    return "".join(kept)

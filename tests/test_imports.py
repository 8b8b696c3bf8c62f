"""The walls between the rooms: who may import whom, and which library lives where."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
LEAVES = {"settings", "errors", "images", "progress", "plots", "stems"}
LOWER = {"encoder", "db"}
ALLOWED = {
    "settings": {"errors"},
    "errors": set(),
    "images": {"errors"},
    "progress": set(),
    "plots": set(),
    "stems": set(),
    "encoder": LEAVES,
    "db": LEAVES,
    "catalog": LEAVES | {"db"},
    "indexer": LEAVES | LOWER,
    "search": LEAVES | LOWER,
    "tagger": LEAVES | LOWER,
    "evaluation": LEAVES | LOWER | {"search", "tagger"},
    "review": LEAVES | LOWER | {"search", "tagger", "evaluation"},
    "training": LEAVES | LOWER | {"catalog", "search", "tagger", "evaluation", "review"},
    "service": LEAVES | LOWER | {"catalog", "search", "tagger", "indexer", "review"},
}
OWNERS = {
    "tensorflow": {"encoder/network", "encoder/weights", "training/"},
    "keras": {"encoder/network", "encoder/weights", "training/"},
    "openvino": {"encoder/light", "encoder/runtime", "training/export", "training/doctor"},
    "cykooz_resizer": {"encoder/inputs"},
    "faiss": {"db/vectors"},
    "sqlalchemy": {"db/"},
    "psycopg": {"db/postgres", "db/pgvector"},
    "matplotlib": {"plots"},
    "ray": {"indexer/engine_ray"},
    "fsspec": {"indexer/shards"},
    "snowballstemmer": {"stems"},
    "pandas": {"catalog/", "training/", "evaluation/"},
    "typer": {"cli", "commands/"},
    "rich": {"cli", "commands/"},
    "fastapi": {"service/"},
    "starlette": {"service/"},
    "uvicorn": {"service/"},
    "prometheus_client": {"service/"},
    "limits": {"service/rates"},
    "h11": {"service/protocol"},
}
SOURCES = sorted(
    file
    for file in ROOT.rglob("*.py")
    if not {".venv", "tests", "build", "benchmarks"} & set(file.relative_to(ROOT).parts)
)


def imported(file: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return names


@pytest.mark.parametrize("file", SOURCES, ids=lambda file: str(file.relative_to(ROOT)))
def test_imports_go_downwards_and_libraries_stay_with_their_owner(file: Path) -> None:
    place = file.relative_to(ROOT).as_posix().removesuffix(".py")
    room = place.split("/")[0]
    tops = {name.split(".")[0] for name in imported(file)}
    if room in ALLOWED:
        ours = tops & (set(ALLOWED) | {"commands", "cli"})
        assert ours <= ALLOWED[room] | {room}
    for library, owners in OWNERS.items():
        if library in tops:
            assert any(place.startswith(owner) for owner in owners), library


def test_every_room_says_what_it_is_for() -> None:
    for file in SOURCES:
        assert ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))), file


def test_no_file_is_longer_than_a_reader_can_hold() -> None:
    for file in SOURCES:
        assert len(file.read_text(encoding="utf-8").splitlines()) <= 300, file


@pytest.mark.parametrize(
    "module",
    ["search", "tagger", "cli", "indexer.job", "catalog.importing", "review", "service.app"],
)
def test_serving_never_loads_tensorflow(module: str) -> None:
    code = f"import {module}, sys; print([m for m in sys.modules if m in ('tensorflow', 'keras')])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr

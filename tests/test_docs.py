"""What the documents say is what the code does: codes, keys and links."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from errors import PairdexError

ROOT = Path(__file__).resolve().parent.parent
DOCS = sorted((ROOT / "docs").glob("*.md"))
PAGES = [ROOT / "README.md", *DOCS]
SCHEMA = re.compile(r"pairdex\.[a-z-]+\.v\d+")


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def section(text: str, title: str) -> str:
    """The lines under a heading of the second or third level, to the next heading."""
    found = re.search(rf"^##+ {re.escape(title)}\n(.*?)(?=^##|\Z)", text, re.MULTILINE | re.DOTALL)
    assert found, f"no section {title!r}"
    return found[1]


# -- problem codes and exit codes -----------------------------------------------------------


def emitted_codes(tree: ast.Module) -> set[str]:
    """The codes of `reject`, `note` and `Refused` in one module; what cannot be read fails."""
    assigned: dict[str, list[ast.expr]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            assigned.setdefault(node.targets[0].id, []).append(node.value)

    def values(node: ast.expr) -> set[str]:
        match node:
            case ast.Constant(value=str(code)):
                return {code}
            case ast.IfExp(body=one, orelse=other):
                return values(one) | values(other)
            case ast.Dict(values=entries):
                return {code for entry in entries for code in values(entry)}
            case ast.Call(func=ast.Attribute(value=table, attr="get"), args=[_, default]):
                return values(table) | values(default)
            case ast.Name(id=name) if name in assigned:
                return {code for value in assigned[name] for code in values(value)}
            case ast.Attribute(attr="code") | ast.Name(id="cut"):
                return set()  # of a Refused, and the last argument of note_faults: both are read
        raise AssertionError(f"line {node.lineno}: a code that this test cannot read")

    codes: set[str] = set()
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id="page"))):
                continue  # `note` of the report's page is a paragraph
            case ast.Call(func=ast.Attribute(attr="reject" | "note"), args=[code, *_]):
                codes |= values(code)
            case ast.Call(func=ast.Name(id="Refused"), args=[code, *_]):
                codes |= values(code)
            case ast.Call(func=ast.Attribute(attr="note_faults"), args=[_, _, _, code]):
                codes |= values(code)
    return codes


def test_every_problem_code_is_described_and_every_described_one_is_emitted() -> None:
    emitted = {
        code
        for file in (ROOT / "catalog").glob("*.py")
        for code in emitted_codes(ast.parse(file.read_text(encoding="utf-8")))
    }
    text = read("docs/catalog.md")
    tables = section(text, "Rows that were left out") + section(
        text, "Rows that were kept with a change"
    )
    described = re.findall(r"^\| `([a-z0-9-]+)` \|", tables, re.MULTILINE)
    assert len(described) == len(set(described))
    assert set(described) == emitted


def test_every_exit_code_is_in_the_table_with_its_class() -> None:
    rows = re.findall(r"^\| (\d+) \| `(\w+)` \|", read("docs/output.md"), re.MULTILINE)
    kinds: list[type[PairdexError]] = [PairdexError, *PairdexError.__subclasses__()]
    assert {name: int(code) for code, name in rows} == {k.__name__: k.exit_code for k in kinds}


# -- JSON -----------------------------------------------------------------------------------


def test_every_schema_of_the_commands_is_described_and_no_other() -> None:
    used = {
        name
        for room in ("commands", "evaluation", "search", "tagger", "training")
        for file in (ROOT / room).glob("*.py")
        for name in SCHEMA.findall(file.read_text(encoding="utf-8"))
    }
    titles = re.findall(r"^## (pairdex\.\S+)$", read("docs/output.md"), re.MULTILINE)
    assert set(titles) == used
    for page in PAGES:
        assert set(SCHEMA.findall(page.read_text(encoding="utf-8"))) <= used, page


def test_every_key_of_an_example_is_explained_below_it() -> None:
    text = read("docs/output.md")
    for title in re.findall(r"^## (pairdex\.\S+)$", text, re.MULTILINE):
        part = section(text, title)
        example = json.loads(re.findall(r"^```json\n(.*?)^```", part, re.MULTILINE | re.DOTALL)[0])
        assert example.pop("schema") == title
        first_cells = re.findall(r"^\| (`.+?) \|", part, re.MULTILINE)
        explained = set(re.findall(r"`(\w+)`", " ".join(first_cells)))
        assert set(keys(example)) <= explained, title


def keys(value: Any) -> Iterator[str]:
    """Keys of the document; those of maps are data and stand for themselves."""
    maps = {
        "attributes", "channels", "problems", "changes", "splits", "columns", "kinds", "metrics",
        "top_tags", "seconds", "core_seconds", "figures", "counts", "written", "loss",
    }  # fmt: skip
    if isinstance(value, list):
        for entry in value:
            yield from keys(entry)
    elif isinstance(value, dict):
        for key, entry in value.items():
            yield key
            if key not in maps or isinstance(entry, list):
                yield from keys(entry)


@pytest.mark.parametrize(
    ("file", "name", "schema"),
    [
        ("search/results.py", "SearchResult", "pairdex.search.v1"),
        ("search/results.py", "Hit", "pairdex.search.v1"),
        ("search/results.py", "Member", "pairdex.search.v1"),
        ("search/results.py", "Explanation", "pairdex.search.v1"),
        ("tagger/results.py", "Tagged", "pairdex.tag.v1"),
        ("tagger/results.py", "TagScore", "pairdex.tag.v1"),
        ("tagger/many.py", "Report", "pairdex.tag.v1"),
        ("tagger/undo.py", "Undone", "pairdex.tag-undo.v1"),
        ("db/journal.py", "RunFacts", "pairdex.tag-runs.v1"),
        ("tagger/results.py", "CaptionMatch", "pairdex.tag.v1"),
        ("tagger/results.py", "Nearest", "pairdex.tag.v1"),
        ("catalog/importing.py", "ImportSummary", "pairdex.catalog-import.v1"),
        ("catalog/columns.py", "Columns", "pairdex.catalog-import.v1"),
        ("db/upsert.py", "ImportCounts", "pairdex.catalog-import.v1"),
        ("db/fields.py", "FieldRecord", "pairdex.catalog-fields.v1"),
        ("db/fields.py", "ValueCount", "pairdex.catalog-fields.v1"),
        ("db/records.py", "ProblemRecord", "pairdex.catalog-problems.v1"),
        ("indexer/summary.py", "BuildSummary", "pairdex.index-build.v1"),
        ("training/job.py", "TrainSummary", "pairdex.train.v1"),
        ("training/scoring.py", "Calibrated", "pairdex.calibrate.v1"),
        ("training/doctor.py", "Finding", "pairdex.doctor.v1"),
    ],
)
def test_every_field_that_is_printed_as_json_is_explained(
    file: str, name: str, schema: str
) -> None:
    """Read from the source: importing training/ would load TensorFlow."""
    kind = next(
        node
        for node in ast.walk(ast.parse(read(file)))
        if isinstance(node, ast.ClassDef) and node.name == name
    )
    names = [
        node.target.id
        for node in kind.body
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)
    ]
    part = section(read("docs/output.md"), schema)
    assert names
    assert [field for field in names if f"`{field}`" not in part] == []


# -- links ----------------------------------------------------------------------------------


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    titles = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_relative_link_leads_to_a_file_and_a_heading(page: Path) -> None:
    text = re.sub(
        r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL
    )
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", link):
            continue
        name, _, anchor = link.partition("#")
        target = page.parent / name if name else page
        assert target.exists(), f"{page.name}: {link}"
        assert not anchor or anchor in anchors(target), f"{page.name}: {link}"

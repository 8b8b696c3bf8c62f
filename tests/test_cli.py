"""The real command line as a process: the whole way of the data, and every error's one line."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from encoder import artifact as artifacts

ROOT = Path(__file__).resolve().parent.parent
CONFIG = """
[encoder]
backbone = "tiny"
weights = "random"
image_size = 48
pieces = 600
"""


def pairdex(
    home: Path, *arguments: str | Path, python: tuple[str, ...] = (), **environment: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *python, ROOT / "cli.py", "--home", home, *arguments],
        capture_output=True,
        text=True,
        env=os.environ | {"COLUMNS": "120"} | environment,
        cwd=ROOT,
    )


def answer(home: Path, *arguments: str | Path) -> Any:
    """The JSON that a command prints, and nothing else on stdout."""
    done = pairdex(home, *arguments, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sixty creatures, imported, learnt for real by a tiny network, indexed."""
    home = tmp_path_factory.mktemp("real") / "home"
    home.mkdir()
    (home / "config.toml").write_text(CONFIG, encoding="utf-8")
    steps: list[tuple[str | Path, ...]] = [
        ("catalog", "demo", "--items", "60", "--out", home.parent / "art"),
        ("catalog", "import", home.parent / "art" / "catalog.csv"),
        ("train",),
        ("index", "build"),
    ]
    for step in steps:
        done = pairdex(home, *step)
        assert done.returncode == 0, done.stderr
        assert "Traceback" not in done.stderr
    return home


@pytest.mark.slow
def test_search_answers_in_the_documented_form(made: Path) -> None:
    body = answer(made, "search", "fire-type lizard", "--top", "3")
    assert {"schema", "query", "generation", "took_ms", "no_match", "results"} <= set(body)
    assert body["schema"] == "pairdex.search.v1"
    assert [hit["rank"] for hit in body["results"]] == [1, 2, 3]
    first = body["results"][0]
    assert {"rank", "id", "image", "caption", "score", "tags", "attributes"} <= set(first)
    assert 0 <= first["score"] <= 1
    assert Path(first["image"]).is_file()
    assert first["attributes"]["body"]


@pytest.mark.slow
def test_tag_answers_in_the_documented_form_and_for_bad_files_too(made: Path) -> None:
    image = min((made.parent / "art" / "images").iterdir())
    done = pairdex(made, "tag", image, made / "none.png", "--json")
    assert done.returncode == 5
    body = json.loads(done.stdout)
    assert list(body) == ["schema", "generation", "images", "report"]
    good, bad = body["images"]
    assert {"path", "error", "tags", "captions", "nearest", "status"} <= set(good)
    assert good["error"] is None
    assert good["nearest"][0]["score"] == pytest.approx(1.0, abs=0.01)  # itself
    assert set(good["captions"][0]) == {"id", "caption", "score"}
    assert "cannot be opened" in bad["error"]


@pytest.mark.slow
@pytest.mark.long
def test_a_home_without_a_model_takes_the_shipped_one_and_says_so_once(tmp_path: Path) -> None:
    art, home = tmp_path / "art", tmp_path / "home"
    assert pairdex(home, "catalog", "demo", "--items", "1", "--out", art).returncode == 0
    [image] = (art / "images").iterdir()
    first = pairdex(home, "tag", image, "--json")
    assert first.returncode == 0, first.stderr
    assert "no model yet" in first.stderr
    body = json.loads(first.stdout)
    assert body["generation"] is None
    assert body["images"][0]["tags"]
    second = pairdex(home, "tag", image, "--json")
    assert second.stderr == ""
    assert json.loads(second.stdout)["images"] == body["images"]


@pytest.mark.slow
def test_a_file_name_that_is_not_utf8_is_answered_and_can_be_had_back(
    made: Path, tmp_path: Path
) -> None:
    odd = os.fsencode(tmp_path) + b"/odd\xff.png"
    shutil.copy(os.fsencode(min((made.parent / "art" / "images").iterdir())), odd)
    body = answer(made, "tag", os.fsdecode(odd))
    assert os.fsencode(body["images"][0]["path"]) == odd
    assert body["images"][0]["error"] is None


@pytest.mark.slow
def test_people_get_a_table_and_a_page_with_pictures(made: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    done = pairdex(made, "search", "blue <b>bird</b>", "--top", "2", "--html", page)
    assert done.returncode == 0
    assert "2 results in" in done.stdout
    html = page.read_text(encoding="utf-8")
    assert html.count("data:image/jpeg;base64,") == 2
    assert "<b>bird</b>" not in html


@pytest.mark.slow
def test_a_second_build_is_a_scan(made: Path) -> None:
    body = answer(made, "index", "build")
    assert (body["indexed"], body["unchanged"], body["failed"]) == (0, 60, 0)


@pytest.mark.slow
def test_info_and_doctor_tell_what_is_there(made: Path) -> None:
    facts = answer(made, "info")
    assert (facts["items"], facts["indexed_items"], facts["index_fits_model"]) == (60, 60, True)
    checks = answer(made, "doctor")["checks"]
    assert {check["name"]: check["state"] for check in checks}["self-test"] == "ok"


@pytest.mark.slow
@pytest.mark.parametrize("command", [("--help",), ("search", "a bird"), ("tag", "IMAGE")])
def test_what_users_wait_for_never_loads_tensorflow(made: Path, command: tuple[str, ...]) -> None:
    image = str(min((made.parent / "art" / "images").iterdir()))
    arguments = [image if word == "IMAGE" else word for word in command]
    done = pairdex(made, *arguments, python=("-X", "importtime"))
    assert done.returncode == 0, done.stderr
    assert "typer" in done.stderr
    for heavy in ("tensorflow", "keras", "pandas", "matplotlib"):
        assert f"| {heavy}" not in done.stderr.replace("|   ", "| ")


Spoil = Callable[[Path], None]


def _as_it_is(_: Path) -> None:
    """The mistake is in the command."""


def _damage_artifact(home: Path) -> None:
    file = home / "artifact" / "text.bin"
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)


def _break_config(home: Path) -> None:
    (home / "config.toml").write_text("[search\n", encoding="utf-8")


def _foreign_index(home: Path) -> None:
    folder = home / "artifact"
    artifact = artifacts.load(folder)
    artifacts.seal(folder, msgspec.structs.replace(artifact, max_tokens=7))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("spoil", "command", "code", "says"),
    [
        (lambda h: shutil.rmtree(h), ("search", "x"), 8, "no catalog at"),
        (lambda h: shutil.rmtree(h / "artifact"), ("search", "x"), 6, "no trained model"),
        (lambda h: shutil.rmtree(h / "generations"), ("search", "x"), 7, "no index"),
        (_damage_artifact, ("search", "x"), 6, "damaged"),
        (_foreign_index, ("search", "x"), 7, "another model"),
        (_as_it_is, ("search", "   "), 2, "the query is empty"),
        (_as_it_is, ("tag", "--list", "no such list"), 2, "cannot be read"),
        (_as_it_is, ("tag", "no such file.png"), 5, "cannot be opened"),
        (_as_it_is, ("--set", "search.tpo=1", "search", "x"), 3, "tpo"),
        (_as_it_is, ("--set", "encoder.weights=none.h5", "train"), 6, "no weights at none.h5"),
        (_as_it_is, ("catalog", "import", "nothing.csv"), 4, "nothing.csv"),
        (_break_config, ("search", "x"), 3, "config.toml is not valid TOML"),
    ],
)  # fmt: skip
def test_each_error_is_one_line_with_its_code(
    made: Path, tmp_path: Path, spoil: Spoil, command: tuple[str, ...], code: int, says: str
) -> None:
    home = tmp_path / "home"
    shutil.copytree(made, home)
    spoil(home)
    done = pairdex(home, *command)
    assert done.returncode == code, done.stderr
    lines = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert len(lines) == 1
    assert says in lines[0]
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_an_empty_catalog_cannot_be_indexed_or_learnt(tmp_path: Path) -> None:
    source = tmp_path / "catalog.csv"
    source.write_text("image,caption\nnone.png,a thing\n", encoding="utf-8")
    imported = pairdex(tmp_path / "home", "catalog", "import", source)
    assert imported.returncode == 4
    listed = json.loads(pairdex(tmp_path / "home", "catalog", "problems", "--json").stdout)
    assert [problem["code"] for problem in listed["problems"]] == ["missing-image"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_permission_is_told(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    done = pairdex(tmp_path / "home", "catalog", "import", tmp_path / "x.csv")
    assert done.returncode == 8
    assert "permission denied" in done.stderr


def test_a_home_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    done = pairdex(tmp_path / "file" / "home", "catalog", "import", tmp_path / "x.csv")
    assert (done.returncode, len(done.stderr.splitlines())) == (8, 1)


def test_every_command_has_help_and_the_reference_is_fresh(tmp_path: Path) -> None:
    fresh = tmp_path / "commands.md"
    typer = [sys.executable, "-m", "typer", "cli.py", "utils", "docs", "--name", "pairdex"]
    subprocess.run(
        [*typer, "--title", "Commands", "--output", fresh], cwd=ROOT, check=True,
        capture_output=True,
    )  # fmt: skip
    stored = ROOT / "docs" / "commands.md"
    assert fresh.read_text(encoding="utf-8") == stored.read_text(encoding="utf-8"), (
        "run `make docs`"
    )


def test_ctrl_c_says_that_the_job_can_go_on(tmp_path: Path) -> None:
    job = subprocess.Popen(
        [sys.executable, ROOT / "cli.py", "--home", tmp_path, "catalog", "demo", "--items", "9999"],
        stderr=subprocess.PIPE,
        text=True,
        # A shell that runs the tests in the background has them ignore it, and so their children.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    while not any(tmp_path.glob("demo/images/*")):
        assert job.poll() is None
    job.send_signal(signal.SIGINT)
    _, stderr = job.communicate(timeout=60)
    assert job.returncode == 130
    assert "interrupted: run the same command again" in stderr
    assert "Traceback" not in stderr

"""docs/service.md does what it says: its examples run, its tables are those of the code."""

from __future__ import annotations

import dataclasses
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from db.home import Home
from db.keys import SCOPES
from errors import PairdexError
from service import bodies, problems
from service.keyring import SESSION
from service.protocol import HEAD_SECONDS
from settings import defaults_file, load_settings
from tests.fakes import FakeEncoder
from tests.service_process import ROOT, Served, real_home, served
from tests.service_samples import serving

GUIDE = (ROOT / "docs" / "service.md").read_text(encoding="utf-8")
UNIT = ROOT / "deploy" / "pairdex.service"


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", GUIDE, re.MULTILINE | re.DOTALL)


def rows(title: str) -> dict[str, list[str]]:
    """The table under a heading: first cell → the others."""
    part = re.split(r"^## ", GUIDE.split(f"\n## {title}\n")[1], flags=re.MULTILINE)[0]
    cells = [line.strip("|").split(" | ") for line in part.splitlines() if line.startswith("| `")]
    return {row[0].strip(" `"): [cell.strip(" `") for cell in row[1:]] for row in cells}


# -- examples -------------------------------------------------------------------------------


@dataclasses.dataclass
class Reader:
    """Somebody who types the examples."""

    server: Served
    home: Path
    folder: Path

    def types(self, command: list[str], text: str) -> subprocess.CompletedProcess[str]:
        text = text.replace("http://127.0.0.1:8765", self.server.address)
        return subprocess.run(
            [*command, text],
            cwd=self.folder,
            env=os.environ | {"PAIRDEX_HOME": str(self.home), "PYTHON": sys.executable},
            capture_output=True,
            text=True,
            timeout=120,
        )


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    folder = tmp_path_factory.mktemp("guide")
    Image.new("RGB", (60, 40), (200, 40, 30)).save(folder / "photo.jpg")
    home = real_home(folder)
    with served(home, folder / "log") as server:
        yield Reader(server, home.path, folder)


@pytest.mark.slow
@pytest.mark.parametrize("block", blocks("sh"), ids=range(len(blocks("sh"))))
def test_what_is_typed_in_a_shell_works(reader: Reader, block: str) -> None:
    if "curl" in block and not shutil.which("curl"):
        pytest.skip("there is no curl")
    pairdex = f'set -eu\npairdex() {{ "$PYTHON" {ROOT / "cli.py"} "$@"; }}\n'
    done = reader.types(["bash", "-c"], pairdex + block)
    assert done.returncode == 0, (block, done.stdout, done.stderr)
    assert done.stdout or "-o " in block


@pytest.mark.slow
@pytest.mark.parametrize("block", blocks("python"), ids=range(len(blocks("python"))))
def test_what_is_written_in_python_works(reader: Reader, block: str) -> None:
    done = reader.types([sys.executable, "-c"], block)
    assert done.returncode == 0, (block, done.stderr)
    assert done.stdout.strip()
    assert "failed" not in done.stdout


def test_there_are_examples_to_run() -> None:
    assert len(blocks("sh")) >= 6
    assert len(blocks("python")) >= 3


# -- tables ---------------------------------------------------------------------------------


def test_every_setting_is_told_with_its_default() -> None:
    defaults = tomllib.loads(defaults_file().read_text(encoding="utf-8"))["service"]
    told = {key: tomllib.loads(f"x = {cells[0]}")["x"] for key, cells in rows("Settings").items()}
    assert told == defaults


def test_every_type_of_error_is_told_with_its_status() -> None:
    told = {
        name: int(cells[0])
        for names, cells in rows("Errors").items()
        for name in re.findall(r"[a-z-]+", names)
    }
    kinds = {kind: status for kind, (status, _) in problems.KINDS.items()}
    branches = [kind("x") for kind in PairdexError.__subclasses__()]
    for error in branches:
        said = problems.document(error)
        kinds[said.type.rpartition(":")[2]] = said.status
    assert told == kinds


def test_every_metric_is_told_and_there_is_no_other(built: Home) -> None:
    with serving(built, load_settings(environment={}), FakeEncoder()) as client:
        text = client.get("/metrics").text
    served_names = set(re.findall(r"^# TYPE (\w+)", text, re.MULTILINE))
    own = {name for name in served_names if name.startswith("pairdex_")}
    own = {name for name in own if not name.endswith("_created")}
    told = {name for name in rows("Metrics") if name.startswith("pairdex_")}
    assert told == own


def test_limits_and_scopes_are_those_of_the_code() -> None:
    assert [name for name in rows("Keys") if name in SCOPES] == list(SCOPES)
    assert f"after {SESSION / 3600:.0f} hours" in GUIDE
    assert f"not whole after {HEAD_SECONDS:.0f} seconds" in GUIDE
    assert f"more than {bodies.MAX_PARTS} parts" in GUIDE
    assert f"{bodies.MAX_FIELD >> 20} MiB of JSON" in GUIDE
    assert f"more than {bodies.MAX_HEADERS} headers or {bodies.MAX_HEAD >> 10} KiB" in GUIDE


# -- deployment -----------------------------------------------------------------------------


def test_the_unit_is_one_that_systemd_takes(tmp_path: Path) -> None:
    if not shutil.which("systemd-analyze"):
        pytest.skip("there is no systemd")
    unit = tmp_path / "pairdex.service"
    # The program that it names is not installed here.
    text = UNIT.read_text(encoding="utf-8").replace("/opt/pairdex/bin/pairdex", "/bin/true")
    unit.write_text(text, encoding="utf-8")
    done = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True)
    assert (done.returncode, done.stderr.strip()) == (0, "")


def test_the_unit_waits_longer_than_the_service_drains() -> None:
    drain = tomllib.loads(defaults_file().read_text(encoding="utf-8"))["service"]["drain"]
    stop = re.search(r"^TimeoutStopSec=(\d+)$", UNIT.read_text(encoding="utf-8"), re.MULTILINE)
    assert stop
    assert float(stop[1]) > drain


def test_the_container_installs_what_the_project_calls_the_service() -> None:
    text = (ROOT / "deploy" / "Containerfile").read_text(encoding="utf-8")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert ".[serve]" in text
    assert "serve" in project["optional-dependencies"]
    assert 'ENTRYPOINT ["pairdex"]' in text
    assert "pairdex" in project["scripts"]
    assert not re.search(r"^(FROM |ARG BASE=)[^\s/]+/", text, re.MULTILINE)  # a plain name


def test_the_container_is_given_all_that_is_installed_and_nothing_else() -> None:
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wheel = project["tool"]["hatch"]["build"]["targets"]["wheel"]
    described = {"pyproject.toml", "requirements.lock", project["project"]["readme"]}
    described |= {*project["project"]["license-files"], *wheel["force-include"]}
    assert "*" in lines
    let_in = {line.removeprefix("!") for line in lines if line.startswith("!")}
    assert let_in == {*wheel["only-include"], *described}

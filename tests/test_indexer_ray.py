"""The index built on a real Ray cluster of two nodes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import kills, ray_build
from benchmarks.homes import make_home
from benchmarks.photos import cheap
from db.home import Home
from errors import HomeError, SettingsError
from indexer.shards import ShardFolder
from settings import load_settings
from tests.encoder_samples import tiny_artifact

pytestmark = [
    pytest.mark.slow,
    # Ray warns of its own settings.
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]
pytest.importorskip("ray")
ROOT = Path(__file__).resolve().parent.parent
ITEMS = 600


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_artifact(tmp_path_factory.mktemp("model") / "artifact")


@pytest.mark.long
def test_a_node_that_dies_halfway_changes_nothing(model: Path, tmp_path: Path) -> None:
    pictures = cheap(tmp_path / "pictures", ITEMS)
    local, spread = (make_home(tmp_path / name, model, pictures) for name in ("local", "spread"))
    found = ray_build.run(local, spread, load_settings(local.path))
    assert 0 < found["killed_at"] < ITEMS
    assert (
        (found["items"], found["captions"]) == (found["indexed"], 2 * ITEMS) == (ITEMS, 2 * ITEMS)
    )
    assert (found["lost"], found["double"], found["shards_left"]) == (0, 0, 0)
    assert found["farthest"] <= kills.TOLERANCE


def test_the_command_embeds_on_this_machine_without_an_address(model: Path, tmp_path: Path) -> None:
    home = make_home(tmp_path / "home", model, cheap(tmp_path / "pictures", 40))
    command = [sys.executable, str(ROOT / "cli.py"), "--home", str(home.path), "index", "build"]
    done = subprocess.run(
        [*command, "--engine", "ray", "--json"], capture_output=True, text=True, check=True
    )
    body = json.loads(done.stdout)
    assert (body["items"], body["indexed"], body["captions"]) == (40, 40, 80)
    again = subprocess.run([*command, "--json"], capture_output=True, text=True, check=True)
    assert json.loads(again.stdout)["generation"] == body["generation"]


def test_int8_and_an_address_for_nothing_are_refused(model: Path, tmp_path: Path) -> None:
    home = make_home(tmp_path / "home", model, cheap(tmp_path / "pictures", 3))
    settings = load_settings(home.path, flags=["index.engine=ray", "index.ray_address=127.0.0.1:1"])
    with pytest.raises(HomeError, match="no Ray cluster answers at 127"):
        ray_build.build(home, settings)
    ShardFolder(str(home.cache / "shards"), "left")  # what was begun can be begun again
    eight = load_settings(home.path, flags=["index.engine=ray", "runtime.precision=int8"])
    with pytest.raises(SettingsError, match="int8"):
        ray_build.build(Home(home.path), eight)
    done = subprocess.run(
        [sys.executable, ROOT / "cli.py", "--home", home.path, "index", "build", "--address", "x"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 3
    assert "add --engine ray" in done.stderr

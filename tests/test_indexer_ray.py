"""The index built on a real Ray cluster of two nodes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import kills, ray_build
from benchmarks.homes import make_home
from benchmarks.photos import cheap
from db.cache import EmbeddingCache
from db.home import Home
from encoder import artifact as artifacts
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
MORE = 130  # than one actor is started for
NOWHERE = ["index.engine=ray", "index.ray_address=127.0.0.1:1"]


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
    assert (found["done_and_embedded_again"], found["other_files"]) == (0, [])
    assert 0 < found["shards_done_at_kill"] < found["shards"]
    assert found["killed_processes"] > 1  # the raylet and its workers
    assert found["farthest"] <= kills.TOLERANCE


@pytest.mark.long
def test_a_job_that_is_killed_is_gone_on_with(model: Path, tmp_path: Path) -> None:
    home = make_home(tmp_path / "home", model, cheap(tmp_path / "pictures", ITEMS))
    fingerprint = artifacts.load(model).embedding_fingerprint
    with ray_build.cluster_of_two() as (cluster, _):
        command = [*index_build(home), "--engine", "ray", "--address", cluster.address, "--json"]
        process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )
        with EmbeddingCache(home.cache, fingerprint) as cache:
            while process.poll() is None and not len(cache.known("image")):
                pass
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            stored = len(cache.known("image"))
        assert stored > 0
        again = subprocess.run(command, capture_output=True, text=True, check=True)
    body = json.loads(again.stdout)
    assert body["items"] == ITEMS == body["unchanged"] + body["indexed"]
    assert body["unchanged"] >= stored  # and what workers wrote that nobody had taken in
    assert not list(home.shards.rglob("*.npz"))


def index_build(home: Home) -> list[str]:
    return [sys.executable, str(ROOT / "cli.py"), "--home", str(home.path), "index", "build"]


def test_the_command_embeds_on_this_machine_without_an_address(model: Path, tmp_path: Path) -> None:
    home = make_home(tmp_path / "home", model, cheap(tmp_path / "pictures", MORE))
    command = [*index_build(home), "--json"]
    command[4:4] = ["--set", f"index.shards=file://{tmp_path}/shards"]
    done = subprocess.run([*command, "--engine", "ray"], capture_output=True, text=True, check=True)
    body = json.loads(done.stdout)
    assert (body["items"], body["indexed"], body["captions"]) == (MORE, MORE, 2 * MORE)
    assert body["seconds"]["ray"] > 0
    assert set(body["core_seconds"]) == {"decode", "inference"}
    assert body["core_seconds"]["decode"] > 0
    assert body["precision"] in {"f32", "bf16"}
    assert [file for file in (tmp_path / "shards").rglob("*") if file.is_file()] == []
    again = subprocess.run(command, capture_output=True, text=True, check=True)
    assert json.loads(again.stdout)["generation"] == body["generation"]


def test_what_one_actor_would_do_is_embedded_here(model: Path, tmp_path: Path) -> None:
    home = make_home(tmp_path / "home", model, cheap(tmp_path / "pictures", 3))
    nowhere = load_settings(home.path, flags=[*NOWHERE, f"index.shards={tmp_path}/shards"])
    summary = ray_build.build(home, nowhere)
    assert summary.indexed == 3
    assert "ray" not in summary.seconds


def test_without_its_packages_one_line_says_what_to_install(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = make_home(tmp_path / "home", model, cheap(tmp_path / "pictures", 3))
    monkeypatch.setattr("indexer.job.find_spec", lambda name: None if name == "pyarrow" else name)
    with pytest.raises(SettingsError, match=r"pyarrow is not installed.*pairdex\[ray\]"):
        ray_build.build(home, load_settings(home.path, flags=NOWHERE))


def test_int8_and_an_address_for_nothing_are_refused(model: Path, tmp_path: Path) -> None:
    home = make_home(tmp_path / "home", model, cheap(tmp_path / "pictures", MORE))
    with pytest.raises(HomeError, match="no Ray cluster answers at 127"):
        ray_build.build(home, load_settings(home.path, flags=NOWHERE))
    ShardFolder(str(home.shards), "left")  # what was begun can be begun again
    eight = load_settings(home.path, flags=["index.engine=ray", "runtime.precision=int8"])
    with pytest.raises(SettingsError, match="int8"):
        ray_build.build(Home(home.path), eight)
    done = subprocess.run(
        [*index_build(home), "--address", "x"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 3
    assert "add --engine ray" in done.stderr

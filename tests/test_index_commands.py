"""`index list`, `rollback`, `verify` and `gc`: the library calls, and the commands as processes."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from db import generations
from db.cache import EmbeddingCache
from db.databases import generations_of
from db.garbage import collect
from db.history import history, named, roll_back
from db.home import Home
from db.store import Store
from encoder.artifact import previous
from errors import HomeError, IndexStateError
from indexer.job import build_index
from indexer.verify import verify_generation
from settings import Settings
from tests.fakes import FakeEncoder
from tests.generation_samples import publish

ROOT = Path(__file__).resolve().parent.parent
CONTENT = b"a" * 32  # as a digest


def pairdex(home: Home, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, ROOT / "cli.py", "--home", home.path, *arguments],
        capture_output=True,
        text=True,
        env=os.environ | {"COLUMNS": "80"},
        cwd=ROOT,
    )


@pytest.fixture
def two(home: Home, store: Store) -> Home:
    """A home with a catalog and two generations of nothing in particular."""
    for rows in (4, 6):
        publish(home.generations, fingerprint="fake", rows=rows, stamps=home.stamps)
    return home


def flip(file: Path) -> None:
    """One bit, of the last byte."""
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    file.write_bytes(data)


# -- list -----------------------------------------------------------------------------------


def test_all_generations_are_listed_with_the_live_one_and_what_was_measured(two: Home) -> None:
    old, new = history(generations_of(two))
    assert [(entry.name, entry.live) for entry in (old, new)] == [
        ("000001", False), ("000002", True),
    ]  # fmt: skip
    assert old.bytes == sum(file.stat().st_size for file in (two.generations / "000001").iterdir())
    assert new.manifest is not None
    assert new.manifest.items == 6
    found = new.manifest.vectors["images"]
    assert (found.factory, found.recall) == ("Flat", 1.0)
    assert found.bytes_per_item > 4 * 8


def test_a_generation_that_cannot_be_read_is_listed_with_the_reason(two: Home) -> None:
    flip(two.generations / "000001" / generations.MANIFEST)
    old, new = history(generations_of(two))
    assert old.manifest is None
    assert "manifest.json is damaged" in old.problem
    assert new.manifest is not None


def test_the_table_is_whole_where_it_is_piped(two: Home) -> None:
    done = pairdex(two, "index", "list")
    assert done.returncode == 0, done.stderr
    rows = [line.split() for line in done.stdout.splitlines() if "00000" in line]
    assert rows[0][:1] == ["000001"]
    assert rows[1][:2] == ["→", "000002"]
    assert "Flat" in rows[1]
    assert "…" not in done.stdout


# -- rollback -------------------------------------------------------------------------------


def test_one_goes_back_to_the_generation_before(two: Home) -> None:
    done = roll_back(two, ["fake"])
    assert (done.generation, done.was, done.fits_model) == ("000001", "000002", True)
    assert len(generations.open_current(two.generations, "fake").images.index) == 4
    with pytest.raises(IndexStateError, match="no generation before 000001"):
        roll_back(two, ["fake"])


def test_one_goes_to_any_generation_by_its_number(two: Home) -> None:
    roll_back(two, ["fake"])
    assert roll_back(two, ["fake"], "2").generation == "000002"
    with pytest.raises(IndexStateError, match="there are 000001, 000002"):
        roll_back(two, ["fake"], "3")
    with pytest.raises(IndexStateError, match=r"no generation \.\./x"):
        roll_back(two, ["fake"], "../x")


def test_neither_a_damaged_generation_nor_that_of_another_model_goes_live(two: Home) -> None:
    with pytest.raises(IndexStateError, match="until that model is put back"):
        roll_back(two, ["other"])
    flip(two.generations / "000001" / "captions.halves.npy")
    with pytest.raises(IndexStateError, match=r"captions\.halves\.npy is damaged"):
        roll_back(two, ["fake"])
    assert generations.current_name(two.generations) == "000002"


def test_whoever_insists_gets_a_generation_of_another_model(two: Home) -> None:
    done = pairdex(two, "index", "rollback")
    assert done.returncode == 7
    assert "the home has none" in done.stderr
    done = pairdex(two, "index", "rollback", "--any-model")
    assert done.returncode == 0
    assert done.stdout.strip() == "generation 000001 is live, before it 000002 was"
    assert "search and tag refuse it" in done.stderr


def test_nothing_is_changed_while_a_job_runs(two: Home) -> None:
    with two.locked("index build"):
        with pytest.raises(HomeError, match="held by index build"):
            roll_back(two, ["fake"])
        with pytest.raises(HomeError, match="held by index build"):
            collect(two, "fake", 1)


def test_after_a_rollback_the_next_build_publishes_what_the_catalog_holds(
    home: Home, store: Store, encoder: FakeEncoder, settings: Settings
) -> None:
    build_index(home, store, encoder, settings)
    item = next(store.items())
    blue = dataclasses.replace(item.captions[0], text="a blue lamp")
    store.apply_import([dataclasses.replace(item, captions=(blue,))], [])
    assert build_index(home, store, encoder, settings).generation == "000002"
    roll_back(home, ["fake"])
    # Just what 000002 holds, which nobody may take for what is live.
    summary = build_index(home, store, encoder, settings)
    assert summary.generation == "000003"
    live = generations.open_current(home.generations)
    held = [caption.id for item in store.items() for caption in item.captions]
    assert (live.name, live.captions.ids.tolist()) == ("000003", sorted(held))


def test_going_back_to_what_the_catalog_still_holds_needs_no_build(
    home: Home, store: Store, encoder: FakeEncoder, settings: Settings
) -> None:
    build_index(home, store, encoder, settings)
    publish(home.generations, fingerprint="fake")
    roll_back(home, ["fake"])
    assert build_index(home, store, encoder, settings).generation == "000001"


# -- verify ---------------------------------------------------------------------------------


def test_a_sound_generation_is_said_to_be_so(
    home: Home, store: Store, encoder: FakeEncoder, settings: Settings
) -> None:
    build_index(home, store, encoder, settings)
    found = verify_generation(generations_of(home), "000001", 64)
    assert (found.sound, found.problems, found.items, found.captions) == (True, [], 12, 24)
    assert {file.name for file in found.files} == {
        file.name for file in (home.generations / "000001").iterdir()
    } - {generations.MANIFEST}


@pytest.mark.parametrize("name", ["images.faiss", "captions.order.npy", "images.halves.npy"])
def test_the_damaged_file_is_named_with_exit_code_7(two: Home, name: str) -> None:
    flip(two.generations / "000002" / name)
    done = pairdex(two, "index", "verify", "--json")
    assert done.returncode == 7
    errors = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1
    assert f"{name} is damaged: its checksum differs" in errors[0]
    body = json.loads(done.stdout)
    assert body["sound"] is False
    assert [file["name"] for file in body["files"] if file["problem"]] == [name]
    assert pairdex(two, "index", "verify", "1").returncode == 0


def test_verify_believes_no_stamp_and_takes_it_back(two: Home) -> None:
    """Bits that rot on the disk leave size, times and inode as they are."""
    file = two.generations / "000002" / "images.vectors.npy"
    flip(file)
    known = json.loads(two.stamps.read_bytes())
    status = file.stat()
    known["000002/images.vectors.npy"][:4] = [
        status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino,
    ]  # fmt: skip
    two.stamps.write_text(json.dumps(known), encoding="utf-8")
    generations.open_current(two.generations, stamps=two.stamps)  # believed
    assert not verify_generation(generations_of(two), "000002", 64).sound
    with pytest.raises(IndexStateError, match="damaged"):
        generations.open_current(two.generations, stamps=two.stamps)


def test_whole_files_that_do_not_fit_together_are_found(two: Home) -> None:
    """Sealed as they are, so that no checksum tells."""
    folder = two.generations / "000002"
    np.save(folder / "captions.starts.npy", np.zeros(7, np.int64))
    manifest = generations.read_manifest(folder)
    (folder / generations.MANIFEST).unlink()
    import msgspec

    from db.checksums import Stamps

    files = {name: Stamps().read(name, folder / name) for name in manifest.files}
    sealed = msgspec.structs.replace(manifest, files=files).sealed()
    (folder / generations.MANIFEST).write_bytes(msgspec.json.encode(sealed))
    found = verify_generation(generations_of(two), "000002", 64)
    assert found.problems == [
        "generation 000002 is not complete: captions and items do not fit together"
    ]


# -- gc -------------------------------------------------------------------------------------


def everything(home: Home) -> set[str]:
    return {str(path.relative_to(home.path)) for path in home.path.rglob("*")}


def test_old_generations_leftovers_and_other_models_are_collected(
    home: Home, store: Store, encoder: FakeEncoder, settings: Settings
) -> None:
    for rows in (3, 4, 5):
        publish(home.generations, fingerprint="fake", rows=rows, keep=9)
    left = home.generations / ".building-000009"
    left.mkdir()
    (left / "images.vectors.npy").write_bytes(b"x" * 1000)
    with EmbeddingCache(home.cache, "other") as cache:
        cache.put("image", [CONTENT], np.zeros((1, 5000), np.float16))
    with EmbeddingCache(home.cache, "fake") as cache:
        cache.put("image", [CONTENT], np.zeros((1, 8), np.float16))
    for model in ("fake", "another-model"):
        (home.shards / model).mkdir(parents=True)
        (home.shards / model / "shard.npz").write_bytes(b"x" * 10)
    home.artifact.mkdir()
    home.compiled.mkdir()
    (home.compiled / "old.blob").write_bytes(b"x" * 100)
    os.utime(home.compiled / "old.blob", (1e9, 1e9))
    (home.artifact / "artifact.json").write_text("{}", encoding="utf-8")
    (home.compiled / "new.blob").write_bytes(b"y")
    os.utime(home.compiled / "new.blob", (4e9, 4e9))
    roll_back(home, ["fake"], "2")
    before = everything(home)
    told = collect(home, "fake", 1, dry_run=True)
    assert everything(home) == before
    done = collect(home, "fake", 1)
    assert dataclasses.replace(done, dry_run=True) == told
    assert done.generations == ["000001"]  # the newest is kept, and the live one
    assert done.leftovers == [".building-000009", "shards/another-model"]
    assert [folder.name for folder in home.shards.iterdir()] == ["fake"]
    assert (done.embeddings, done.compiled) == (1, 1)
    assert done.bytes > 1000 + 10_000 + 100
    assert generations.names(home.generations) == ["000002", "000003"]
    assert {path.name for path in home.compiled.iterdir()} == {"new.blob"}
    with EmbeddingCache(home.cache, "fake") as cache:
        assert cache.known("image").tolist() == [CONTENT]
        assert cache.other_models() == (0, 0)
    assert collect(home, "fake", 1).bytes == 0


def test_thumbnails_of_images_that_no_item_has_are_collected(home: Home, store: Store) -> None:
    [kept, *_] = [item.facts.content_hash for item in store.items()]
    gone = "f" * len(kept)
    now = time.time()
    files = {
        f"{kept}-256.webp": now, f"{gone}-128.webp": now, f"{gone}-256.webp": now,
        ".begun": now, ".left": now - 86_400,
    }  # fmt: skip
    for name, when in files.items():
        file = home.thumbnails / name[:2] / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"x" * 100)
        os.utime(file, (when, when))
    told = collect(home, None, 3, dry_run=True)
    assert (told.thumbnails, told.bytes) == (3, 300)
    done = pairdex(home, "index", "gc")
    assert done.stdout == "3 thumbnails of images that no item has\nfreed 300 bytes\n"
    left = {file.name for file in home.thumbnails.glob("*/*")}
    assert left == {f"{kept}-256.webp", ".begun"}


def test_the_model_before_is_collected_once_the_index_is_of_the_new_one(two: Home) -> None:
    """`two` is live with what "fake" embedded."""
    for folder in (two.artifact, two.artifact_before):
        folder.mkdir()
        (folder / "artifact.json").write_text("{}", encoding="utf-8")
    assert previous(two.artifact) == two.artifact_before
    assert collect(two, "newer", 3).models == 0  # it is the one that serves
    assert collect(two, None, 3).models == 0
    told = collect(two, "fake", 3, dry_run=True)
    assert (told.models, told.bytes, two.artifact_before.is_dir()) == (1, 2, True)
    assert collect(two, "fake", 3).models == 1
    assert not two.artifact_before.exists()
    assert two.artifact.is_dir()


def test_without_a_model_the_cache_is_kept(two: Home) -> None:
    with EmbeddingCache(two.cache, "other") as cache:
        cache.put("image", [CONTENT], np.zeros((1, 8), np.float16))
    done = pairdex(two, "index", "gc", "--keep", "1", "--json")
    assert done.returncode == 0, done.stderr
    body = json.loads(done.stdout)
    assert (body["generations"], body["embeddings"]) == (["000001"], 0)
    with EmbeddingCache(two.cache, "other") as cache:
        assert cache.known("image").tolist() == [CONTENT]


def test_embeddings_of_the_model_that_still_serves_are_kept(two: Home) -> None:
    """`two` is live with what "fake" embedded; a newer model has no index yet."""
    with EmbeddingCache(two.cache, "fake") as cache:
        cache.put("image", [CONTENT], np.zeros((1, 8), np.float16))
    two.artifact.mkdir()
    (two.artifact / "artifact.json").write_text("{}", encoding="utf-8")
    assert collect(two, "newer", 3).embeddings == 0
    assert collect(two, "fake", 3).embeddings == 0
    with EmbeddingCache(two.cache, "fake") as cache:
        assert cache.known("image").tolist() == [CONTENT]


def test_space_is_really_given_back(two: Home) -> None:
    with EmbeddingCache(two.cache, "other") as cache:
        contents = [number.to_bytes(32, "big") for number in range(200)]
        cache.put("image", contents, np.ones((200, 5000), np.float16))
    file = two.cache / "embeddings.db"
    before = file.stat().st_size
    two.artifact.mkdir()
    (two.artifact / "artifact.json").write_text("{}", encoding="utf-8")
    collect(two, "fake", 3)
    assert file.stat().st_size < before / 4


@pytest.mark.parametrize(
    ("command", "says"),
    [
        (("rollback",), "there is no generation before the first"),
        (("verify",), "no index at"),
        (("verify", "9"), "there is no generation 9: there is none"),
    ],
)
def test_where_there_is_no_index_one_line_says_so(
    home: Home, store: Store, command: tuple[str, ...], says: str
) -> None:
    done = pairdex(home, "index", *command)
    assert (done.returncode, done.stdout) == (7, "")
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_a_name_may_be_given_without_its_zeros(two: Home) -> None:
    assert named(generations_of(two), "1") == "000001"
    assert named(generations_of(two), None) == "000002"

"""What generations do wherever they are kept: in folders, or in PostgreSQL with pgvector."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from db.databases import generations_of
from db.generations import Generation
from db.home import Home
from db.published import Generations
from errors import IndexStateError
from indexer.verify import verify_generation
from tests.generation_samples import publish
from tests.postgres_samples import address, database


@pytest.fixture(params=["folder", "pgvector"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Home]:
    """A home whose generations are in it, or in a database."""
    home = Home(tmp_path / "home")
    home.create()
    if request.param == "folder":
        yield home
        return
    with database() as name:
        text = f'[db]\nurl = "{address(name)}"\n[vectors]\nbackend = "pgvector"\n'
        (home.path / "config.toml").write_text(text, encoding="utf-8")
        yield home


@pytest.fixture
def kept(place: Home) -> Generations:
    return generations_of(place)


def test_the_live_generation_is_the_last_published(kept: Generations) -> None:
    assert kept.current_name() is None
    publish(kept)
    second = publish(kept, rows=6)
    live = kept.open_current("model")
    assert live.name == second.name == kept.current_name() == "000002"
    assert len(live.images.index) == 6


def test_only_the_last_generations_are_kept(kept: Generations) -> None:
    for _ in range(5):
        publish(kept, keep=2)
    assert kept.names() == ["000004", "000005"]


def test_a_reader_keeps_the_generation_it_opened(kept: Generations) -> None:
    """Even when it had not looked at any vector before another was published in its place."""
    publish(kept, keep=1)
    reader = kept.open_current()
    publish(kept, rows=7, keep=1)
    sides = reader.images, reader.captions
    assert [len(side.halves) for side in sides] == [len(side.ids) for side in sides] == [5, 5]
    assert [len(side.index) for side in sides] == [5, 5]
    assert len(reader.caption_starts) == 6
    ids, cosines = reader.images.index.search(reader.images.vectors[:].astype(np.float32), 1)
    assert ids[:, 0].tolist() == reader.images.ids.tolist()
    assert cosines == pytest.approx(1.0, abs=1e-3)
    assert reader.words.hits("square", 9)[0].tolist() == reader.images.ids.tolist()


def test_what_fails_its_check_does_not_go_live_and_leaves_nothing(
    place: Home, kept: Generations
) -> None:
    publish(kept)

    def refuse(_: Generation) -> None:
        raise IndexStateError("not good enough")

    with pytest.raises(IndexStateError, match="not good enough"):
        publish(kept, verify=refuse)
    assert (kept.current_name(), kept.names()) == ("000001", ["000001"])
    assert kept.leftovers() == []
    assert not list(place.path.rglob(".building-*"))


def test_a_name_is_never_given_twice(kept: Generations) -> None:
    """Not even that of the newest, when one has gone back and deleted it."""
    publish(kept)
    publish(kept)
    kept.point("000001")
    assert kept.drop("000002")
    assert publish(kept).name == "000003"


def test_another_models_index_is_refused(kept: Generations) -> None:
    publish(kept, fingerprint="a")
    with pytest.raises(IndexStateError, match="another model"):
        kept.open_current("b")


def test_no_index_is_told_with_the_remedy(kept: Generations) -> None:
    with pytest.raises(IndexStateError, match="index build"):
        kept.open_current()
    assert kept.live_manifest() is None
    assert kept.names() == []


def test_a_generation_is_read_whole_and_found_sound(kept: Generations) -> None:
    publish(kept)
    found = verify_generation(kept, "000001", 64)
    assert found.sound
    assert {file.name for file in found.files} >= {"images.vectors.npy", "words.rows.npy"}
    assert kept.size("000001") > 5 * 2 * (8 + 4)


@pytest.mark.parametrize("rows", [1, 37])
def test_rows_are_read_in_any_way_that_an_array_is(kept: Generations, rows: int) -> None:
    made = publish(kept, rows=rows, first=100)
    side = kept.open(made.name).images
    whole = np.asarray(side.vectors[:])
    assert whole.shape == side.vectors.shape == (rows, 8)
    assert side.vectors.dtype == np.float16
    some = np.asarray([rows - 1, 0, rows - 1])
    for wanted in (some, some > 0, slice(0, 1), slice(None, None, 2), some[:0], -1, 0):
        if isinstance(wanted, np.ndarray) and wanted.dtype == bool:
            wanted = np.arange(rows) % 2 == 0
        assert np.array_equal(side.vectors[wanted], whole[wanted])
    assert side.halves[some].shape == (3, 4)
    assert np.array_equal(side.vectors.astype(np.float32), whole.astype(np.float32))


def test_all_files_come_out_as_they_were_built(kept: Generations, tmp_path: Path) -> None:
    publish(kept)
    folder = tmp_path / "out"
    folder.mkdir()
    kept.export("000001", folder)
    import hashlib

    files = kept.manifest("000001").files
    built = {name: checksum for name, checksum in files.items() if name.endswith(".npy")}
    assert built
    for name, checksum in built.items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == checksum, name

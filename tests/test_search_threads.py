"""A searcher shared by many threads answers each as if it were alone; two generations at once."""

from __future__ import annotations

import dataclasses
import shutil
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from db import generations
from db.home import Home
from db.store import Store
from encoder.runtime import OpenVinoEncoder
from errors import ImageError
from indexer.job import build_index
from search import Request, Searcher, SearchResult
from search.stored import as_stored, asked, from_stored
from settings import RuntimeSettings, Settings
from stems import Stemmer
from tests.encoder_samples import SIDE, tiny_artifact
from tests.fakes import FakeEncoder, draw, record

THREADS, ROUNDS = 8, 12


@pytest.fixture
def searcher(home: Home, store: Store, encoder: FakeEncoder, settings: Settings) -> Searcher:
    build_index(home, store, encoder, settings)
    return Searcher(store, generations.open_current(home.generations), encoder, settings.search)


@pytest.fixture
def fast_switches() -> Iterator[None]:
    """Threads change places so often that what is not safe shows."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def requests(folder: Path) -> list[Request]:
    picture = draw(folder, "asked", "green", shade=2)
    return [
        Request("red"),
        Request("squares that were drawn blue, explained", explain=True),
        Request("green -square", top=3),
        Request("blue", where="edge > 2"),
        Request("red", offset=2, top=2),
        Request(images=(picture,)),
        Request("green", images=(picture.read_bytes(),)),
        Request(like=("4",), good=("1",), bad=("2",)),
        Request("파랑 네모"),
        Request("sqares"),
    ]


def told(result: SearchResult) -> SearchResult:
    return dataclasses.replace(result, took_ms=0.0)


def test_threads_do_not_disturb_each_other(
    searcher: Searcher, tmp_path: Path, fast_switches: None
) -> None:
    each = requests(tmp_path)
    alone = [told(searcher.search(request)) for request in each]
    with ThreadPoolExecutor(THREADS) as pool:
        found = list(pool.map(lambda request: told(searcher.search(request)), each * ROUNDS))
    assert found == alone * ROUNDS


def test_batches_of_many_threads_do_not_disturb_each_other(
    searcher: Searcher, tmp_path: Path, fast_switches: None
) -> None:
    each = requests(tmp_path)

    def many(_: int) -> list[list[str]]:
        answers = list(searcher.search_many(each))
        return [[h.id for h in a.results] for a in answers if isinstance(a, SearchResult)]

    with ThreadPoolExecutor(THREADS) as pool:
        found = list(pool.map(many, range(THREADS)))
    assert found == [many(0)] * THREADS
    assert len(found[0]) == len(each)


def test_what_the_catalog_loses_is_lost_for_all_threads(
    searcher: Searcher, store: Store, tmp_path: Path, fast_switches: None
) -> None:
    left = record(draw(tmp_path, "0", "red"), "red")
    with ThreadPoolExecutor(THREADS) as pool:
        running = pool.map(lambda _: searcher.search("square", top=12), range(40))
        store.apply_import([left], [], prune=True)
        list(running)
        after = list(pool.map(lambda _: searcher.search("square", top=12), range(40)))
    assert {tuple(hit.id for hit in one.results) for one in after} == {("0",)}


def test_a_picture_may_come_as_bytes_with_the_answer_of_its_file(
    searcher: Searcher, tmp_path: Path
) -> None:
    file = draw(tmp_path, "asked", "green", shade=2)
    by_file = searcher.search(Request(images=(file,), top=2))
    by_bytes = searcher.search(Request(images=(file.read_bytes(),), top=2))
    assert told(by_bytes) == told(by_file)  # the cursor too: pages of the one go on in the other
    next_page = Request(images=(file.read_bytes(),), top=2, cursor=by_file.cursor)
    assert [hit.rank for hit in searcher.search(next_page).results] == [3, 4]


def test_bytes_that_are_no_picture_are_refused(searcher: Searcher) -> None:
    for wrong in (b"", b"no picture"):
        with pytest.raises(ImageError, match="image"):
            searcher.search(Request(images=(wrong,)))


def test_of_a_picture_in_bytes_the_digest_is_kept(tmp_path: Path) -> None:
    file = draw(tmp_path, "asked", "green")
    by_bytes = Request(images=(file.read_bytes(),))
    assert asked(by_bytes) == asked(Request(images=(file,)))
    stored = as_stored(by_bytes)
    assert stored["images"][0].startswith("sha256:")
    with pytest.raises(Exception, match="a picture that was not kept"):
        from_stored(stored)


def test_two_generations_answer_at_once(
    searcher: Searcher,
    home: Home,
    store: Store,
    encoder: FakeEncoder,
    settings: Settings,
    tmp_path: Path,
) -> None:
    before = [told(searcher.search(name, top=12)) for name in ("red", "blue")]
    store.apply_import([record(draw(tmp_path, "new", "red", shade=50), "red")], [])
    build_index(home, store, encoder, settings)
    newer_store = Store.open(home.path)
    live = generations.open_current(home.generations)
    newer = Searcher(newer_store, live, encoder, settings.search)
    shutil.rmtree(home.generations / searcher.generation)  # what is open stays readable
    with ThreadPoolExecutor(THREADS) as pool:
        old = [pool.submit(searcher.search, n, 12) for n in ("red", "blue") for _ in range(9)]
        new = [pool.submit(newer.search, "red", 12) for _ in range(9)]
        assert [told(one.result()) for one in old] == [one for one in before for _ in range(9)]
        assert all("new" in [h.id for h in one.result().results] for one in new)
    assert newer.generation != searcher.generation
    newer.close()
    assert searcher.search("red").results  # the other's store is its own


def test_each_thread_stems_as_if_it_were_alone(fast_switches: None) -> None:
    words = ["flying", "lizards", "generalisations", "ponies", "relational", "hopping"] * 50
    alone = [Stemmer("porter")(word) for word in words]
    shared = Stemmer("porter")
    with ThreadPoolExecutor(THREADS) as pool:
        found = list(pool.map(lambda _: [shared(word) for word in words], range(THREADS)))
    assert found == [alone] * THREADS


@pytest.mark.slow
def test_the_real_runtime_answers_many_threads(tmp_path: Path) -> None:
    import numpy as np

    folder = tiny_artifact(tmp_path / "artifact")
    encoder = OpenVinoEncoder(folder, RuntimeSettings(threads=0, precision="f32", batch=3))
    texts = [f"fire lizard number {number}" for number in range(60)]
    pixels = np.random.default_rng(1).integers(0, 256, (60, SIDE, SIDE, 3), dtype=np.uint8)
    with ThreadPoolExecutor(THREADS) as pool:
        # Texts and images at the same time, and the first of them compiles the graphs.
        texts_found = [pool.submit(encoder.texts, [text]) for text in texts]
        images_found = [pool.submit(encoder.images, one[None]) for one in pixels]
        for number, found in enumerate(texts_found):
            alone = encoder.texts([texts[number]]).vectors
            assert found.result().vectors == pytest.approx(alone, abs=1e-5)
        for number, found in enumerate(images_found):
            alone = encoder.images(pixels[number][None]).vectors
            assert found.result().vectors == pytest.approx(alone, abs=1e-5)

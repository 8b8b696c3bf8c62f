"""Filters against a plain Python evaluation of the same conditions, item by item."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Iterator

import msgspec
import numpy as np
import pytest

from db import publishing, words_build
from db.filters import Every
from db.generations import Generation, Manifest, open_current
from db.home import Home
from db.records import ItemRecord, WordsRecord
from db.store import Store
from errors import QueryError
from indexer.job import build_index
from search import Request, Searcher
from search.where import MAX_CONDITIONS, MAX_DEPTH, parse
from search.where_fields import bind
from settings import Settings, load_settings
from tests.fakes import SHARED, WIDTH, FakeEncoder
from tests.filter_catalog import items
from tests.filter_samples import Draw
from tests.generation_samples import nothing, unit

COUNT, FILTERS, SHORTLIST = 160, 1000, 8


def publish(home: Home, rows: list[ItemRecord], factory: str) -> Generation:
    """Vectors at random: only order matters here, not what lies near what."""
    ids = np.asarray([item.id for item in rows], np.int64)
    vectors = unit(np.random.default_rng(3), len(rows), SHARED)
    halves = np.zeros((len(rows), WIDTH), np.float16)
    with publishing.building(home.generations) as (name, folder):
        for side in ("images", "captions"):
            publishing.write_side(folder, side, ids, ids, [(vectors, halves)], (SHARED, WIDTH))
        words = (WordsRecord(item.name, (), item.tags) for item in rows)
        words_build.write(folder, words_build.build(ids, words))
        manifest = Manifest(
            name=name, created="2026-01-01T00:00:00+00:00", fingerprint="fake", signature="",
            items=len(rows), captions=len(rows), shared=SHARED, width=WIDTH, settings={},
            timings={}, versions={}, vectors=publishing.write_indexes(folder, factory, 0.98),
        )  # fmt: skip
        return publishing.publish(home.generations, folder, manifest, nothing, 3, home.stamps)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return Home(tmp_path_factory.mktemp("filters") / "home")


@pytest.fixture(scope="module")
def drawn(place: Home) -> Iterator[Store]:
    with Store.open(place.path, create=True) as store:
        store.apply_import(items(COUNT, seed=1), [])
        yield store


def searcher(store: Store, generation: Generation, settings: Settings) -> Searcher:
    small = msgspec.structs.replace(settings.search, shortlist=SHORTLIST, top=3 * SHORTLIST)
    return Searcher(store, generation, FakeEncoder(), small)


def test_a_thousand_filtered_searches_find_what_brute_force_finds(
    place: Home, drawn: Store, settings: Settings
) -> None:
    """The nearest by exact cosine among the items that plain Python lets through."""
    rows = list(drawn.items())
    generation = publish(place, rows, "Flat")
    search = searcher(drawn, generation, settings).search
    exact = generation.images.vectors.astype(np.float32)
    draw = Draw(seed=20)
    left = []
    for number in range(FILTERS):
        one, text = draw.filter(), f"query {number}"
        held = np.asarray([one.holds(item) for item in rows])
        left.append(int(held.sum()))
        result = search(Request(text, where=one.text, group=False))
        query = FakeEncoder().texts([text]).vectors[0]
        order = np.argsort(-np.where(held, exact @ query, -np.inf))[: held.sum()]
        nearest = [rows[row].key for row in order[:SHORTLIST]]
        found = sorted(
            (hit.channels["image"], hit.id) for hit in result.results if "image" in hit.channels
        )
        assert [key for _, key in found][:SHORTLIST] == nearest, one.text
        allowed = {item.key for item, ok in zip(rows, held, strict=True) if ok}
        assert {hit.id for hit in result.results} <= allowed, one.text
    # Most filters leave some items and not all.
    assert sum(0 < count < COUNT for count in left) > FILTERS / 2


def test_a_filter_loses_nothing_of_what_an_approximate_index_finds(
    place: Home, drawn: Store, settings: Settings
) -> None:
    """Recall of the ten nearest among what is left is no lower than among everything."""
    rows = list(drawn.items())
    generation = publish(place, rows, "IVF8,Flat")
    generation.images.index.tune(1)  # poor on purpose: one list of eight
    search = searcher(drawn, generation, settings).search
    exact = generation.images.vectors.astype(np.float32)

    def recall(where: str, held: np.ndarray) -> float:
        shares = []
        for number in range(60):
            text = f"query {number}"
            query = FakeEncoder().texts([text]).vectors[0]
            order = np.argsort(-np.where(held, exact @ query, -np.inf))[:SHORTLIST]
            hits = search(Request(text, where=where, group=False)).results
            found = {h.id for h in hits if h.channels.get("image", COUNT) <= SHORTLIST}
            shares.append(len({rows[row].key for row in order} & found) / SHORTLIST)
        return float(np.mean(shares))

    unfiltered = recall("", np.ones(len(rows), bool))
    assert unfiltered < 0.95  # else the test shows nothing
    train = np.asarray([item.split == "train" for item in rows])
    small = np.asarray([item.facts.width == 64 for item in rows])
    assert recall("split = train", train) >= unfiltered
    assert recall("split = train and image.width = 64", train & small) >= unfiltered


def test_the_deepest_and_widest_filters_of_the_language_can_be_asked(drawn: Store) -> None:
    """Databases limit how deep an expression may be: the language has to stop before them."""
    rng = random.Random(4)
    leaf = "tag contains x"

    def nested(depth: int, leaves: int) -> str:
        """As deep and with as many leaves as there is room for."""
        if depth == 0 or leaves == 1:
            return leaf
        if depth > 1 and rng.random() < 0.5:
            return f"not ({nested(depth - 2, leaves)})"
        left = rng.choice((1, leaves // 2, leaves - 1))
        parts = [nested(depth - 1, max(left, 1)), nested(depth - 1, max(leaves - left, 1))]
        return f"({rng.choice((' and ', ' or ')).join(parts)})"

    for text in (
        *(nested(MAX_DEPTH, MAX_CONDITIONS) for _ in range(60)),
        f"{leaf} and not (" * (MAX_DEPTH // 2) + leaf + ")" * (MAX_DEPTH // 2),
        f"{leaf} and ({leaf} or (" * (MAX_DEPTH // 2) + leaf + "))" * (MAX_DEPTH // 2),
        " or ".join([f"not {leaf} and {leaf}"] * (MAX_CONDITIONS // 2)),
    ):
        parts = bind(text, parse(text), drawn.field_kinds())
        drawn.any_matching(Every(tuple(part.condition for part in parts)))


# -- what a search says of its filters ------------------------------------------------------


@pytest.fixture(scope="module")
def small(place: Home, drawn: Store) -> Searcher:
    settings = load_settings(environment={}).search
    rows = list(drawn.items())
    return Searcher(drawn, publish(place, rows, "Flat"), FakeEncoder(), settings)


def test_tags_and_split_must_hold_beside_the_filter(small: Searcher, drawn: Store) -> None:
    request = Request(
        "q", where="has 높이", tags=("RED", "파랑"), split="Train", top=COUNT, group=False
    )
    wanted = {
        item.key
        for item in drawn.items()
        if {"red", "파랑"} <= set(item.tags) and item.split == "train" and "높이" in item.attributes
    }
    assert wanted
    assert {hit.id for hit in small.search(request).results} == wanted


def test_a_filter_alone_gives_all_that_it_leaves(small: Searcher, drawn: Store) -> None:
    found = small.search(Request(where="split=val", top=COUNT, group=False)).results
    assert {hit.id for hit in found} == {item.key for item in drawn.items("val")}


def test_what_leaves_nothing_is_told_part_by_part(small: Searcher, drawn: Store) -> None:
    result = small.search(Request("q", where="split = val and offset > 1e9", tags=("red",)))
    val = sum(1 for _ in drawn.items("val"))
    red = drawn.tag_counts()["red"]
    assert result.results == ()
    assert result.no_match
    [note] = result.notes
    assert note == (
        f"the filter leaves no item: split = val alone leaves {val}; offset > 1e9 alone leaves 0; "
        f"tag red alone leaves {red}"
    )


@pytest.mark.parametrize(
    ("where", "note"),
    [
        ("type = wather", "no item has type wather: did you mean water?"),
        ("tag in (red, blu) or split=val", "no item has tag blu: did you mean Blue?"),
        ("not type = xyz123", "no item has type xyz123"),
    ],
)
def test_a_value_that_no_item_has_is_told_and_no_error(
    small: Searcher, where: str, note: str
) -> None:
    assert note in small.search(Request("q", where=where)).notes


def test_known_values_are_not_remarked_on(small: Searcher) -> None:
    assert small.search(Request("q", where="type=FIRE or tag=red or split=val")).notes == ()


def test_a_wrong_tag_or_split_is_refused(small: Searcher) -> None:
    for wrong in (Request("q", tags=("",)), Request("q", tags=("a\x00",)), Request("q", split="x")):
        with pytest.raises(QueryError):
            small.search(wrong)


def test_a_filter_is_found_anew_once_the_catalog_has_changed(
    store: Store, home: Home, encoder: FakeEncoder, settings: Settings
) -> None:
    """An answer that is kept would leave out what has come to match since."""
    build_index(home, store, encoder, settings)
    found = Searcher(store, open_current(home.generations), encoder, settings.search).search
    request = Request("red", where="shelf = right", top=50, group=False)
    assert found(request).results == ()
    first = next(store.items())
    moved = dataclasses.replace(first, attributes=first.attributes | {"shelf": "right"})
    store.apply_import([moved], [])
    assert [hit.id for hit in found(request).results] == [first.key]


def test_items_that_came_after_the_index_are_told(
    store: Store, home: Home, encoder: FakeEncoder, settings: Settings
) -> None:
    build_index(home, store, encoder, settings)
    first = next(store.items())
    store.apply_import([dataclasses.replace(first, key="new", id=0, name="newcomer")], [])
    searcher = Searcher(store, open_current(home.generations), encoder, settings.search)
    result = searcher.search(Request("red", where="id = new"))
    assert result.results == ()
    assert result.notes == (
        "of the 1 that the filter leaves none is in the index yet: run `pairdex index build`",
    )

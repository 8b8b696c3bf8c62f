"""The queue of questions: what is doubtful, spread, known by ids; and the answers to it."""

from __future__ import annotations

import dataclasses
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from db import generations
from db.home import Home
from db.journal import Journal
from db.questions import Question
from db.records import CaptionRecord, ItemRecord
from db.store import Store
from encoder.encoded import Encoded
from errors import IndexStateError, QueryError
from indexer.job import build_index
from review import Answers, Review
from review.choosing import AGAIN, Doubt, in_turn, rarity, spread
from review.doubts import MostDoubtful, Seen, doubts
from settings import Settings
from tagger.gather import gather
from tagger.outputs import Outputs
from tests.fakes import COLOURS, FakeEncoder, draw, record
from tests.tagger_samples import Room, paint

NAMES = list(COLOURS)


def catalog(folder: Path, wrong: int | None = 4) -> list[ItemRecord]:
    """Squares of three colours, one of which the catalog calls by the wrong one; two to judge."""
    folder.mkdir()
    items = []
    for number in range(18):
        colour = NAMES[number % 3]
        said = NAMES[(number + 1) % 3] if number == wrong else colour
        split = "test" if number in (5, 10) else "val" if number in (3, 7) else "train"
        picture = draw(folder, str(number), colour, shade=number)
        items.append(dataclasses.replace(record(picture, said, split), image=str(picture)))  # type: ignore[arg-type]
    return items


@pytest.fixture
def review(home: Home, tmp_path: Path, encoder: FakeEncoder, settings: Settings) -> Review:
    store = Store.open(home.path, create=True)
    store.apply_import(catalog(tmp_path / "squares"), [])
    build_index(home, store, encoder, settings)
    return Review(home, store, generations.open_current(home.generations), encoder, settings)


def test_what_the_catalog_says_wrongly_is_asked_first(review: Review) -> None:
    first, second, *_ = review.queue(10, kinds=("tag",))
    assert {(one.item, one.tag, one.said) for one in (first, second)} == {
        ("4", "green", False),
        ("4", "blue", True),
    }
    for one in (first, second):
        assert one.score is not None
        assert (one.score > 0.5) is not one.said
        assert Path(one.image).name == "4.png"


def test_nothing_is_asked_about_the_split_that_judges(review: Review) -> None:
    asked = {one.item for one in review.queue(500)}
    assert asked
    assert not asked & {"5", "10"}
    with pytest.raises(QueryError, match="split test"):
        review.tell_tag("red", "yes", item="5")


def test_a_question_keeps_its_id_and_is_not_put_again_once_answered(review: Review) -> None:
    first = review.queue(5, kinds=("tag",))
    assert [one.id for one in review.queue(5, kinds=("tag",))] == [one.id for one in first]
    answered = review.answer(first[0].id, "no")
    assert answered.answer == "no"
    assert answered.tag == first[0].tag
    review.answer(first[1].id, "skip")
    left = {one.id for one in review.queue(200, kinds=("tag",))}
    assert not left & {first[0].id, first[1].id}
    assert review.take_back(first[0].id)
    assert first[0].id in {one.id for one in review.queue(200, kinds=("tag",))}


def test_answers_need_neither_model_nor_index(review: Review, home: Home) -> None:
    asked = review.queue(3)
    with Store.open(home.path) as store:
        Answers(store).answer(asked[0].id, "yes", source="page")
        assert [(one.id, one.source) for one in Answers(store).all()] == [(asked[0].id, "page")]


def test_what_is_no_question_and_no_answer_is_refused(review: Review) -> None:
    with pytest.raises(QueryError, match="no question"):
        review.answer("nobody asked", "yes")
    asked = review.queue(1)[0]
    with pytest.raises(QueryError, match="yes, no, skip"):
        review.answer(asked.id, "perhaps")
    assert review.all() == []


def test_what_is_told_unasked_is_the_answer_to_the_same_question(review: Review) -> None:
    asked = next(one for one in review.queue(50, kinds=("tag",)) if one.item == "4")
    told = review.tell_tag(asked.tag, "yes", item="4", source="api")
    assert told.id == asked.id
    assert told.score == asked.score
    assert asked.id not in {one.id for one in review.queue(200, kinds=("tag",))}
    for wrong in ({"item": "none"}, {}, {"item": "1", "image": Path(asked.image)}):
        with pytest.raises(QueryError):
            review.tell_tag("red", "yes", **wrong)
    with pytest.raises(QueryError, match="no tag 'mauve'"):
        review.tell_tag("mauve", "yes", item="1")


def test_a_match_is_told_and_asked(review: Review) -> None:
    told = review.tell_match("a red square", "no", item="1")
    assert (told.kind, told.query, told.answer) == ("match", "a red square", "no")
    asked = review.queue(20, kinds=("match",))
    assert {one.kind for one in asked} == {"match"}
    assert all(one.query and one.score is not None for one in asked)
    mixed = [one.kind for one in review.queue(10)]
    assert mixed.count("match") == 2
    assert mixed[:2] == ["tag", "tag"]


def test_captions_that_have_left_the_catalog_since_the_index_are_not_asked_about(
    review: Review,
) -> None:
    before = {one.query for one in review.queue(50, kinds=("match",))}
    assert before
    fresh = [
        dataclasses.replace(item, captions=(CaptionRecord("something else", "en"),))
        for item in review._store.items()
    ]
    review._store.apply_import(fresh, [])
    assert not before & {one.query for one in review.queue(50, kinds=("match",))}


def test_images_that_were_tagged_since_are_asked_about(
    home: Home, store: Store, encoder: FakeEncoder, settings: Settings, tmp_path: Path
) -> None:
    room = Room(home, store, encoder, settings)
    inbox = tmp_path / "inbox"
    paint(inbox / "new.png", "green", shade=90)
    room.tag(inbox, outputs=Outputs(("json",)))
    live = generations.open_current(home.generations)
    review = Review(home, store, live, encoder, settings)
    asked = [one for one in review.queue(100) if not one.item]
    assert {Path(one.image).name for one in asked} == {"new.png"}
    assert {one.said for one in asked} == {None}
    encoder.seen_images = 0
    assert [one.id for one in review.queue(100) if not one.item] == [one.id for one in asked]
    assert encoder.seen_images == 0  # their vectors were kept
    named = review.queue(100, named=gather([inbox]).files)
    assert {one.id for one in named} == {one.id for one in asked}


def test_the_journal_names_the_latest_images_first(
    home: Home, store: Store, encoder: FakeEncoder, settings: Settings, tmp_path: Path
) -> None:
    room = Room(home, store, encoder, settings)
    for name in ("b", "a", "c"):
        room.tag(paint(tmp_path / f"{name}.png", "red"), outputs=Outputs(("txt",)))
    with Journal(home) as journal:
        assert [path.name for path in journal.images(2)] == ["c.png", "a.png"]


def test_no_tag_and_no_image_fills_the_queue() -> None:
    loud = [Doubt(f"i{n}", "loud", 0.9, 0.5) for n in range(50)]
    quiet = [Doubt(f"q{n}", f"quiet {n % 5}", 0.3, 0.5) for n in range(50)]
    counts = Counter(one.about for one in spread([*loud, *quiet], 20, {}))
    assert counts["loud"] < 10
    assert len(counts) == 6
    same = [Doubt("one", f"tag {n}", 0.9, 0.5) for n in range(20)]
    others = [Doubt(f"i{n}", f"other {n}", 0.5, 0.5) for n in range(20)]
    assert Counter(d.image for d in spread([*same, *others], 10, {}))["one"] < 5


def test_the_order_is_by_doubt_and_rare_tags_come_before_their_turn() -> None:
    some = [Doubt(f"i{n}", f"t{n}", n / 10, 0.5) for n in range(10)]
    assert [one.doubt for one in spread(some, 3, {})] == [0.9, 0.8, 0.7]
    weights = rarity({"rare": 2, "usual": 100, "common": 5000})
    assert weights["rare"] > weights["usual"] == 1.0 > weights["common"]
    pair = [Doubt("a", "common", 0.5, 0.5), Doubt("b", "rare", 0.5, 0.5)]
    assert [one.about for one in spread(pair, 2, weights)] == ["rare", "common"]
    assert spread([], 5, weights) == []
    assert 0 < AGAIN < 1


def test_doubt_is_greatest_at_the_threshold_and_where_the_catalog_is_contradicted() -> None:
    chances = np.asarray([[0.1, 0.5, 0.9]], np.float32)
    least = np.asarray([0.5, 0.5, 0.5], np.float32)
    new = doubts(Seen(["c"], chances, least))[0]
    assert new[1] == pytest.approx(1.0)
    assert new[0] == pytest.approx(new[2])
    assert new[0] < 0.2
    borne = np.asarray([[True, True, True]])
    half = np.full(3, 0.5)
    present, absent = (
        doubts(Seen(["c"], chances, least, said, half))[0] for said in (borne, ~borne)
    )
    assert present[0] > present[1] > present[2]
    assert absent[2] > absent[1] > absent[0]
    rare = doubts(Seen(["c"], chances, least, borne, half / 10))[0]
    assert (rare < present).all()  # a rare tag is not given by mistake as easily
    keeper = MostDoubtful(["a", "b", "c"], kept=1)
    keeper.add(Seen(["first"], chances, least))
    keeper.add(Seen(["second"], np.full((1, 3), 0.45, np.float32), least))
    assert [(one.image, one.about) for one in keeper.all()] == [
        ("second", "a"), ("first", "b"), ("second", "c")
    ]  # fmt: skip


def test_lacking_and_wrong_tags_and_new_images_are_asked_about_in_turn() -> None:
    some = [
        Doubt(f"{said}{n}", f"tag {n}", doubt, 0.5, said)
        for said, doubt in ((True, 0.9), (False, 0.1), (None, 0.5))
        for n in range(4)
    ]
    assert [one.said for one in in_turn(some, 6, {})] == [False, True, False, None, False, True]
    assert len(in_turn(some, 50, {})) == 12
    assert in_turn([], 5, {}) == []


def test_a_model_of_another_index_is_refused(
    review: Review, settings: Settings, home: Home
) -> None:
    other = FakeEncoder("other")
    live = generations.open_current(home.generations)
    with Store.open(home.path) as store, pytest.raises(IndexStateError, match="another model"):
        Review(home, store, live, other, settings)


def test_corrected_heads_leave_other_tags_as_they_were() -> None:
    from encoder.heads import Heads

    heads = Heads.untouched(3, 4, 2)
    weight = np.array(heads.tag_weight)
    weight[1] = 2.0
    changed = dataclasses.replace(heads, tag_weight=weight)
    vectors = np.asarray([[1, 0, 0, 0], [0, -1, 0, 0]], np.float32)
    before = Encoded(vectors, vectors[:, :2], np.full((2, 3), 0.3, np.float32))
    after = changed.tags(vectors, before.tags)
    assert (after[:, [0, 2]] == before.tags[:, [0, 2]]).all()
    assert after[0, 1] > 0.3 > after[1, 1]
    np.testing.assert_allclose(heads.tags(vectors, before.tags), before.tags)


def test_questions_are_plain_values(review: Review) -> None:
    import json

    for one in review.queue(5):
        assert Question(**json.loads(json.dumps(dataclasses.asdict(one)))) == one

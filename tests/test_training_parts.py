"""The parts of training that need no network: captions, views, figures."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from training.augment import augmented, border_colour
from training.captions import CaptionMaker, drop_words, label_matrix, synonyms_of
from training.losses import multi_positive_contrast, positive_weights, tag_loss
from training.recipe import shipped
from training.thresholds import tag_thresholds

TAGS = ["fire", "water", "long_tail"]
CAPTIONS = ["a warm beast near the fire", "it swims all day"]


def maker(seed: int = 0) -> CaptionMaker:
    return CaptionMaker(TAGS, CAPTIONS, np.random.default_rng(seed))


@given(st.integers(0, 10_000))
def test_a_made_up_caption_names_its_tags_and_no_other(seed: int) -> None:
    text, named = maker(seed).about([0, 2])
    assert named
    assert set(named) <= {0, 2}
    for tag, name in enumerate(("fire", "water", "long tail")):
        assert (name in text) == (tag in named)


def test_made_up_captions_repeat_with_their_seed() -> None:
    first, second = maker(5), maker(5)
    assert [first.of_anything() for _ in range(9)] == [second.of_anything() for _ in range(9)]


def test_an_item_without_tags_gets_a_caption_that_names_none() -> None:
    assert maker().about([])[1] == []


def test_words_that_always_go_with_a_tag_stand_for_it_in_any_language() -> None:
    captions = {
        0: ["a blazing lizard", "불꽃 도마뱀"],
        1: ["a wet lizard", "물 도마뱀"],
        2: ["a lizard", "도마뱀"],
    }
    texts = [captions[number % 3] for number in range(30)]
    lists = [[number % 3] if number % 3 < 2 else [] for number in range(30)]
    assert synonyms_of(texts, lists, 3) == [["blazing", "불꽃"], ["wet", "물"], []]


def test_a_word_stands_for_the_rarest_tag_that_it_goes_with() -> None:
    texts = [["a bird"] if number % 4 == 0 else ["a bat"] for number in range(40)]
    lists = [[0, 1] if number % 4 == 0 else [] for number in range(40)]
    lists[1:8:3] = [[0]] * 3  # other winged ones
    assert synonyms_of(texts, lists, 2) == [[], ["bird"]]


def test_a_made_up_caption_may_call_a_tag_by_its_synonym() -> None:
    rng = np.random.default_rng(0)
    made = CaptionMaker(["fire"], CAPTIONS, rng, [["불꽃"]])
    texts = [made.about([0])[0] for _ in range(60)]
    assert {"불꽃" in text for text in texts} == {True, False}
    assert all("불꽃" in text or "fire" in text for text in texts)


def test_dropping_words_keeps_their_order_and_never_drops_all() -> None:
    rng = np.random.default_rng(0)
    text = "one two three four"
    for _ in range(50):
        kept = drop_words(text, 0.9, rng).split()
        assert kept
        assert kept == [word for word in text.split() if word in kept]


def test_views_without_change_are_the_image_itself() -> None:
    still = shipped(flip=False, rotation=0, zoom=0, shift=0)
    image = np.random.default_rng(0).integers(0, 256, (24, 24, 3)).astype(np.uint8)
    assert (augmented(image, still, np.random.default_rng(1)) == image).all()


def test_what_is_turned_in_from_outside_has_the_colour_of_the_border() -> None:
    image = np.full((32, 32, 3), (250, 240, 10), np.uint8)
    image[12:20, 12:20] = 0
    assert border_colour(image) == (250, 240, 10)
    view = augmented(image, shipped(rotation=0.2), np.random.default_rng(3))
    assert (view[0, 0] == (250, 240, 10)).all()


def test_thresholds_reach_the_precision_asked_for_where_scores_allow() -> None:
    rng = np.random.default_rng(0)
    labels = (rng.random((400, 1)) < 0.3).astype(np.float32)
    scores = labels * 0.3 + rng.random((400, 1))
    given = scores[:, 0] >= tag_thresholds(scores, labels, 0.7)[0]
    assert labels[given, 0].mean() >= 0.7


def test_rare_tags_borrow_the_usual_threshold() -> None:
    labels = np.zeros((20, 2), np.float32)
    labels[:5, 0] = 1
    found = tag_thresholds(np.linspace(1, 0, 40).reshape(20, 2), labels, 0.5)
    assert found[1] == found[0]


def test_rare_tags_weigh_more() -> None:
    weights = positive_weights(label_matrix([[0], [0], [0], [0, 1]], 2), 0.5)
    assert weights[1] > weights[0] >= 1


def test_tag_loss_is_small_where_logits_are_right() -> None:
    labels = np.eye(4, dtype=np.float32)
    right = float(tag_loss(labels * 20 - 10, labels, 1.0, 0.0))
    wrong = float(tag_loss(10 - labels * 20, labels, 1.0, 0.0))
    assert right < 0.01 < wrong


def test_contrast_does_not_punish_what_shares_tags() -> None:
    matches = np.array([[1, 1, 0], [1, 1, 0], [0, 0, 1]], np.float32)
    shared = float(multi_positive_contrast(matches, matches, 0.1))
    apart = float(multi_positive_contrast(1 - matches, matches, 0.1))
    assert shared < apart

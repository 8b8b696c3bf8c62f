from __future__ import annotations

import unicodedata

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from encoder.inputs import EMPTY, PADDING, Tokenizer, pixels
from errors import ModelError

LENGTH = 12
CAPTIONS = [
    "A fire-type lizard with curled horns, beside a volcano.",
    "A small blue bird asleep in the snow",
    "불꽃 속성의 도마뱀이 화산 옆에 있습니다.",
    "파란 새가 눈 속에서 자고 있습니다.",
]
TOKENIZER = Tokenizer.fit(CAPTIONS * 3, pieces=500, max_tokens=LENGTH)


@settings(deadline=None)
@given(st.lists(st.text(), min_size=1, max_size=5))
def test_any_text_becomes_at_least_one_piece_and_never_more_than_fit(texts: list[str]) -> None:
    tokens = TOKENIZER.encode(texts)
    assert tokens.shape == (len(texts), LENGTH)
    assert ((tokens >= 0) & (tokens < TOKENIZER.size)).all()
    assert (tokens[:, 0] != PADDING).all()
    # Padding comes after the text and nowhere in it.
    real = tokens != PADDING
    assert (np.diff(real.astype(int), axis=1) <= 0).all()


@settings(deadline=None)
@given(st.text(max_size=30))
def test_a_text_alone_and_among_others_is_encoded_alike(text: str) -> None:
    assert (TOKENIZER.encode([text])[0] == TOKENIZER.encode(["other", text, "words"])[1]).all()


@settings(deadline=None)
@given(st.text(alphabet=st.characters(codec="utf-8", categories=["L"]), min_size=1, max_size=3))
def test_no_word_is_out_of_vocabulary(word: str) -> None:
    assert TOKENIZER.encode([word])[0, 0] != EMPTY


def test_words_are_words_whatever_stands_between_them() -> None:
    plain = TOKENIZER.encode(["fire type lizard"])
    for same in ("Fire-Type lizard!", "  fire\ttype\nlizard ", "“FIRE” type, lizard"):
        assert (TOKENIZER.encode([same]) == plain).all(), same


@pytest.mark.parametrize("nothing", ["", "  ", "...", "\x00", "\u200b"])
def test_a_text_of_nothing_is_the_empty_piece(nothing: str) -> None:
    assert TOKENIZER.encode([nothing])[0].tolist() == [EMPTY] + [PADDING] * (LENGTH - 1)


def test_korean_and_emoji_survive() -> None:
    rows = TOKENIZER.encode(["도마뱀", "도마", "🔥", "❄"])
    assert len({tuple(row) for row in rows.tolist()}) == 4


@pytest.mark.parametrize("text", ["도마뱀이 화산 옆에", "파란 새", "불꽃 fire-type 도마뱀"])
def test_korean_is_read_alike_however_it_was_typed(text: str) -> None:
    """macOS takes syllables apart in file names; other systems widen Latin letters and spaces."""
    plain = TOKENIZER.encode([text])
    apart = unicodedata.normalize("NFD", text)
    assert apart != text
    assert (TOKENIZER.encode([apart]) == plain).all()
    wide = "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text)
    assert (TOKENIZER.encode([wide.replace(" ", "\u3000")]) == plain).all()
    first, _, rest = text.partition(" ")
    mixed = f"{unicodedata.normalize('NFD', first)} {rest}"
    assert (TOKENIZER.encode([mixed]) == plain).all()


def test_a_korean_noun_is_found_in_front_of_a_particle_it_never_had() -> None:
    """Particles stick to nouns: the pieces must part them, for nothing else does."""
    said = ["도마뱀은 잔다", "도마뱀이 난다", "도마뱀을 본다", "도마뱀"]
    few = Tokenizer.fit(said * 3, pieces=285, max_tokens=LENGTH)
    noun, with_particle = (row[row > 0] for row in few.encode(["도마뱀", "도마뱀과"]))
    assert len(noun) == 1
    assert with_particle[0] == noun[0]
    assert len(with_particle) > 1


def test_a_tokenizer_comes_back_from_its_json() -> None:
    again = Tokenizer.from_json(TOKENIZER.to_json(), LENGTH)
    assert (again.encode(CAPTIONS) == TOKENIZER.encode(CAPTIONS)).all()
    with pytest.raises(ModelError, match="tokenizer"):
        Tokenizer.from_json("{}", LENGTH)


@settings(deadline=None)
@given(st.integers(1, 90), st.integers(1, 90))
def test_any_shape_fills_the_square(width: int, height: int) -> None:
    array = pixels(Image.new("RGB", (width, height), (10, 200, 30)), 32)
    assert array.shape == (32, 32, 3)
    assert array.dtype == np.uint8
    assert (array == (10, 200, 30)).all()


def test_pixels_stay_between_0_and_255() -> None:
    """The backbone scales by itself; dividing here would ruin it in silence."""
    noise = np.random.default_rng(0).integers(0, 256, (32, 32, 3), dtype=np.uint8)
    assert (pixels(Image.fromarray(noise), 32) == noise).all()


@pytest.mark.parametrize("size", [(500, 375), (333, 1000), (64, 64), (2000, 40)])
def test_the_square_is_what_pillow_makes_of_the_image(size: tuple[int, int]) -> None:
    coarse = np.random.default_rng(1).integers(0, 256, (9, 9, 3), dtype=np.uint8)
    image = Image.fromarray(coarse).resize(size, Image.Resampling.BICUBIC)
    expected = np.asarray(image.resize((224, 224), Image.Resampling.BICUBIC), np.int16)
    assert np.abs(pixels(image, 224) - expected).max() <= 2

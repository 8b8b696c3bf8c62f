"""Stems and lemmas: what becomes one word, what is left alone, and what is refused."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from encoder.inputs import Tokenizer
from encoder.text import Forms, choose_words, load_forms
from errors import ModelError, SettingsError
from settings import load_settings

ROOT = Path(__file__).resolve().parent.parent
CAPTIONS = [
    "Two small lizards were flying over the volcanoes.",
    "A better bird sleeps; its wings are curled",
    "불꽃 속성의 도마뱀이 화산 옆에 있습니다.",
]


def forms(kind: str, language: str = "en") -> Forms:
    words = choose_words(kind, [language])
    assert words is not None
    return load_forms(words)


def tokenizer(kind: str) -> Tokenizer:
    return Tokenizer.fit(CAPTIONS * 3, 500, 24, choose_words(kind, ["en"]))


@pytest.mark.parametrize(
    ("kind", "text", "formed"),
    [
        ("stem", "lizards curled sleeping", "lizard curl sleep"),
        ("lemma", "lizards were better volcanoes", "lizard be good volcano"),
    ],
)
def test_english_words_come_to_their_form(kind: str, text: str, formed: str) -> None:
    assert forms(kind)(text) == formed


def test_each_language_has_its_own_forms() -> None:
    assert forms("stem", "de")("häuser") == "haus"
    assert forms("lemma", "de")("häuser").lower() == "haus"


@pytest.mark.parametrize("kind", ["stem", "lemma"])
def test_korean_words_pass_as_they_are_and_english_beside_them_does_not(kind: str) -> None:
    assert forms(kind)("도마뱀이 고양이 lizards fire타입s") == "도마뱀이 고양이 lizard fire타입s"


@pytest.mark.parametrize("kind", ["stem", "lemma"])
def test_one_and_many_are_one_word_to_the_model_only_where_wanted(kind: str) -> None:
    plain, formed = tokenizer("plain"), tokenizer(kind)
    one, many = "a lizard", "A Lizards!"
    assert (plain.encode([one]) != plain.encode([many])).any()
    assert (formed.encode([one]) == formed.encode([many])).all()


@pytest.mark.parametrize("kind", ["plain", "stem", "lemma"])
def test_a_tokenizer_comes_back_from_its_json_with_its_words(kind: str) -> None:
    first = tokenizer(kind)
    again = Tokenizer.from_json(first.to_json(), 24)
    texts = [*CAPTIONS, "lizards", "lizard", ""]
    assert (again.encode(texts) == first.encode(texts)).all()
    assert again.to_json() == first.to_json()
    assert ('"words":' in first.to_json()) == (kind != "plain")


STEMMING = tokenizer("stem")


@settings(deadline=None)
@given(st.text())
def test_any_text_can_be_stemmed_and_becomes_at_least_one_piece(text: str) -> None:
    tokens = STEMMING.encode([text])
    assert tokens.shape == (1, 24)
    assert tokens[0, 0] != 0


@settings(deadline=None)
@given(st.text(max_size=20), st.sampled_from(["stem", "lemma"]))
def test_words_are_formed_alike_alone_and_in_company(text: str, kind: str) -> None:
    form = forms(kind)
    assert form(f"lizards {text}") == " ".join(["lizard", form(text)]).rstrip()


def test_the_most_frequent_language_that_is_known_is_taken() -> None:
    assert choose_words("plain", ["en"]) is None
    found = choose_words("stem", ["ko", "ko", "ko", "de", "de", "en"])
    assert found is not None
    assert (found.kind, found.language) == ("stem", "de")


@pytest.mark.parametrize("kind", ["stem", "lemma"])
def test_languages_without_forms_are_refused(kind: str) -> None:
    with pytest.raises(SettingsError, match=r"knows none of the captions' languages \(ko\)"):
        choose_words(kind, ["ko"])


def test_an_unknown_way_to_form_words_is_a_wrong_setting() -> None:
    with pytest.raises(SettingsError, match=r"encoder\.words.*stemm"):
        load_settings(environment={}, flags=["encoder.words=stemm"])


def test_a_model_of_another_release_of_the_library_is_refused() -> None:
    words = choose_words("stem", ["en"])
    assert words is not None
    other = msgspec.structs.replace(words, library="snowballstemmer 1.0")
    with pytest.raises(ModelError, match=r"trained with snowballstemmer 1\.0, snowballstemmer \d"):
        load_forms(other)


def test_without_the_library_the_setting_is_refused_and_so_is_the_model() -> None:
    # A process of its own, in which the library's folder cannot be found.
    code = (
        "import sys\n"
        "from importlib import metadata\n"
        "from encoder.text import Words, choose_words, load_forms\n"
        "from errors import PairdexError\n"
        "found = metadata.version\n"
        "def version(name):\n"
        "    raise metadata.PackageNotFoundError(name)\n"
        "metadata.version = version\n"
        "for act in (lambda: choose_words('stem', ['en']),\n"
        "            lambda: load_forms(Words('stem', 'en', 'snowballstemmer 3.1'))):\n"
        "    try:\n"
        "        act()\n"
        "    except PairdexError as error:\n"
        "        print(type(error).__name__, error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    lines = done.stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["SettingsError", "ModelError"], done.stderr
    assert all("snowballstemmer is not installed (pip install snowballstemmer)" in t for t in lines)


def test_words_as_they_are_load_neither_library() -> None:
    code = (
        "import sys; from encoder.inputs import Tokenizer;"
        "Tokenizer.fit(['lizards'], 300, 8).encode(['lizards']);"
        "print({'simplemma', 'snowballstemmer'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.strip() == "set()", done.stderr


def test_a_stored_tokenizer_of_unknown_words_is_refused() -> None:
    text = STEMMING.to_json().replace('"kind":"stem"', '"kind":"shout"')
    with pytest.raises(ModelError, match="tokenizer cannot be read"):
        Tokenizer.from_json(text, 24)

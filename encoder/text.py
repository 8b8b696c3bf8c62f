"""Words brought to one form before they become pieces: `lizards` and `lizard` as one word.

The setting `encoder.words` says whether and how. The model keeps what it was trained with in its
tokenizer.json, so that training, index job and query cannot disagree.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Literal

import msgspec

from errors import ModelError, SettingsError
from stems import Stemmer

Kind = Literal["stem", "lemma"]
Form = Callable[[str], str]

_LIBRARY = {"stem": "snowballstemmer", "lemma": "simplemma"}
_SNOWBALL = {
    "ar": "arabic", "ca": "catalan", "da": "danish", "de": "german", "el": "greek",
    "en": "english", "es": "spanish", "et": "estonian", "eu": "basque", "fi": "finnish",
    "fr": "french", "ga": "irish", "hi": "hindi", "hu": "hungarian", "hy": "armenian",
    "id": "indonesian", "it": "italian", "lt": "lithuanian", "ne": "nepali", "nl": "dutch",
    "no": "norwegian", "pt": "portuguese", "ro": "romanian", "ru": "russian", "sr": "serbian",
    "sv": "swedish", "ta": "tamil", "tr": "turkish", "yi": "yiddish",
}  # fmt: skip
# A Korean word carries its particles behind it without a space, and neither library knows them.
# Cutting them off by their look would cut nouns too (-이 and -가 end many). So Korean passes as it
# is, and the pieces find the noun in front of a particle wherever a catalog says it with several.
_HANGUL = re.compile(r"[\u1100-\u11ff\u3130-\u318f\uac00-\ud7a3]")
_REMEMBERED = 100_000  # words; a catalog says the same few thousand over and over


class Words(msgspec.Struct, frozen=True):
    """How the words of a model are formed, as it stands in tokenizer.json."""

    kind: Kind
    language: str
    library: str  # name and release: another may form another word


class Forms:
    """Brings every word of a cleaned text to its form."""

    def __init__(self, words: Words) -> None:
        self.words = words
        self._form = lru_cache(_REMEMBERED)(_loaded(words))

    def __call__(self, text: str) -> str:
        return " ".join(word if _HANGUL.search(word) else self._form(word) for word in text.split())


def choose_words(kind: str, languages: Iterable[str]) -> Words | None:
    """What `encoder.words` comes to for captions in these languages; None leaves words alone.

    A query does not say its language, so one serves all: the most frequent one that is known.
    """
    if kind == "plain":
        return None
    assert kind in _LIBRARY
    release = _release(kind)
    known = [code for code, _ in Counter(languages).most_common()]
    for code in known:
        if _knows(kind, code):
            return Words(kind, code, release)  # type: ignore[arg-type]  # one of the two
    raise SettingsError(
        f"encoder.words = {kind}",
        f"{_LIBRARY[kind]} knows none of the captions' languages ({', '.join(known) or 'none'})",
        "set encoder.words to plain",
    )


def load_forms(words: Words) -> Forms:
    """The forms of a trained model, refused where this installation would form other words."""
    try:
        release = _release(words.kind)
    except SettingsError as error:
        raise ModelError("the model's words cannot be formed", error.why, error.remedy) from None
    if release != words.library:
        raise ModelError(
            "the model's words cannot be formed",
            f"it was trained with {words.library}, {release} is installed",
            "install that release, or train again",
        )
    return Forms(words)


def _release(kind: str) -> str:
    """Name and release without the patch level, which mends what nobody's words depend on."""
    from importlib import metadata  # slower to import than all else here, and seldom needed

    name = _LIBRARY[kind]
    try:
        version = metadata.version(name)
    except metadata.PackageNotFoundError:
        raise SettingsError(
            f"encoder.words = {kind}", f"{name} is not installed", f"pip install {name}"
        ) from None
    return f"{name} {'.'.join(version.split('.')[:2])}"


def _knows(kind: str, code: str) -> bool:
    if kind == "stem":
        return code in _SNOWBALL
    from simplemma.strategies.dictionaries.dictionary_factory import SUPPORTED_LANGUAGES

    return code in SUPPORTED_LANGUAGES


def _loaded(words: Words) -> Form:
    """Imported here, because most models leave words alone and should not wait for this."""
    if words.kind == "stem":
        return Stemmer(_SNOWBALL[words.language])
    from simplemma import Lemmatizer

    lemmatizer, language = Lemmatizer(), words.language
    return lambda word: lemmatizer.lemmatize(word, lang=language)

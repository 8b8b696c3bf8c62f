"""The stems of words (Snowball's stemmers), for texts as they are read and for words as found.

A stemmer of the library works on a word inside of itself, so each thread has its own.
"""

from __future__ import annotations

import sys
import threading
from importlib import import_module
from importlib.util import find_spec, module_from_spec
from types import ModuleType
from typing import Any

_PACKAGE = "snowballstemmer"
_modules: dict[str, ModuleType] = sys.modules


class Stemmer:
    """Safe to be used by any number of threads; loaded with the first word."""

    def __init__(self, algorithm: str) -> None:
        self._algorithm = algorithm
        self._own = threading.local()

    def __call__(self, word: str) -> str:
        try:
            stemmed: str = self._own.stem(word)
        except AttributeError:
            self._own.stem = _made(self._algorithm).stemWord
            stemmed = self._own.stem(word)
        return stemmed


_loading = threading.Lock()


def _made(algorithm: str) -> Any:
    """The class itself: the package's own door may hand out a compiled twin of another release."""
    name = f"{_PACKAGE}.{algorithm}_stemmer"
    with _loading:
        if _PACKAGE not in _modules:
            _load_alone(name)
        module = import_module(name)
    return getattr(module, f"{algorithm.title()}Stemmer")()


def _load_alone(name: str) -> None:
    """One language without the package's door, which loads all thirty: a query waits for this."""
    spec = find_spec(_PACKAGE)
    if spec is None:
        return  # the import tells what is missing
    _modules[_PACKAGE] = module_from_spec(spec)
    try:
        import_module(name)
    finally:
        del _modules[_PACKAGE]

"""Queries that nothing should answer: what "nothing matches" is fitted on.

The evaluation draws its own, from other words, so that the threshold is not tried on what it was
fitted on.
"""

from __future__ import annotations

import numpy as np

_ELSEWHERE = (
    "invoice payroll mortgage plumbing curriculum parliament diesel gearbox antenna spreadsheet "
    "dentist pension subway kernel compiler broadband courthouse vaccine algebra referendum "
    "turbine warehouse passport keyboard elevator dividend thermostat bibliography catheter "
    "scaffold 세금 회의 부동산 보험 지하철 엑셀 자격증 선거"
).split()
_BETWEEN = "a an and at before by for from how in is my of on the to when will with your".split()
_ONSETS = "b bl br d dr f g gl h j k kr l m n p pl qu r s st t tr v w x z".split()
_RIMES = "ab ack ax ev ib imp ix ock olt oom org ub uff ump urn yx".split()


def nonsense_queries(count: int, seed: int) -> list[str]:
    """In equal parts keyboard noise, words that are none, words and sentences from elsewhere."""
    rng = np.random.default_rng([seed, 0x0FF])
    return [_KINDS[number % len(_KINDS)](rng) for number in range(count)]


def _noise(rng: np.random.Generator) -> str:
    letters = list("abcdefghijklmnopqrstuvwxyz0123456789")
    return "".join(rng.choice(letters, size=int(rng.integers(4, 14))))


def _pseudo_words(rng: np.random.Generator) -> str:
    def word() -> str:
        syllables = int(rng.integers(1, 4))
        return "".join(f"{rng.choice(_ONSETS)}{rng.choice(_RIMES)}" for _ in range(syllables))

    return " ".join(word() for _ in range(int(rng.integers(1, 4))))


def _elsewhere(rng: np.random.Generator) -> str:
    return " ".join(rng.choice(_ELSEWHERE, size=int(rng.integers(1, 4)), replace=False))


def _sentence(rng: np.random.Generator) -> str:
    """Little words are in any catalog's captions too."""
    words: list[str] = []
    for word in rng.choice(_ELSEWHERE, size=int(rng.integers(2, 4)), replace=False):
        words += [*rng.choice(_BETWEEN, size=int(rng.integers(1, 3)), replace=False), word]
    return " ".join(words)


_KINDS = (_noise, _pseudo_words, _elsewhere, _sentence)

"""Queries that nothing in a catalog can answer, four kinds of them, the same under one seed."""

from __future__ import annotations

import string

import numpy as np

EACH = 25

# On topics that no catalog of pictured things is about.
OFF_TOPIC = """
quarterly tax return for a limited partnership
proof of the fundamental theorem of calculus
how do I reset my email password
interest rate decision of the central bank
minutes of the annual shareholder meeting
conjugation of irregular verbs in the subjunctive
terms and conditions of the insurance policy
train timetable for next Tuesday morning
symptoms of a vitamin deficiency
amendment to the employment contract
compile error in line forty two
history of the trade unions in the nineteenth century
exchange rate of the euro last year
driving licence renewal appointment
statistical significance of a regression coefficient
the verdict of the appeal court
mortgage repayment calculator
how to pronounce this surname
opinion poll before the general election
notice of termination of the lease
translation of a birth certificate
recommended dose of the medicine
network outage in the data centre
podcast episode about monetary policy
submission deadline of the grant application
""".strip().splitlines()

_ONSETS = "b bl br c ch d dr f fl g gr h j k kl l m n p pl qu r s sk st t tr v w z".split()
_VOWELS = "a e i o u oo ae".split()
_CODAS = ["", "", "b", "g", "k", "l", "m", "n", "nk", "p", "rt", "sh", "x", "zz"]
_HANGUL = (0xAC00, 0xD7A4)


def nonsense(seed: int, each: int = EACH) -> dict[str, list[str]]:
    """Kind → queries."""
    dice = np.random.default_rng(seed)
    return {
        "letters": [_letters(dice) for _ in range(each)],
        "words": [_pseudo_words(dice) for _ in range(each)],
        "topics": [OFF_TOPIC[i] for i in dice.permutation(len(OFF_TOPIC))[:each]],
        "korean": [_hangul(dice) for _ in range(each)],
    }


def _letters(dice: np.random.Generator) -> str:
    """`xkqv bzzrt`"""
    words = [
        "".join(dice.choice(list(string.ascii_lowercase), size=n)) for n in _sizes(dice, 4, 10)
    ]
    return " ".join(words)


def _pseudo_words(dice: np.random.Generator) -> str:
    """Pronounceable and meaningless: `stoonk flaezz`"""
    return " ".join(
        "".join(
            str(dice.choice(_ONSETS)) + str(dice.choice(_VOWELS)) + str(dice.choice(_CODAS))
            for _ in range(n)
        )
        for n in _sizes(dice, 1, 3)
    )


def _hangul(dice: np.random.Generator) -> str:
    """Syllables of all that can be written, most of which no word has."""
    return " ".join("".join(map(chr, dice.integers(*_HANGUL, n))) for n in _sizes(dice, 2, 4))


def _sizes(dice: np.random.Generator, low: int, high: int) -> list[int]:
    return [int(n) for n in dice.integers(low, high + 1, int(dice.integers(1, 5)))]

"""What the exact words of items say of a query, in the figures that the scoring goes by.

None of them depends on which items are asked about, so that a score is the same on every page and
under every filter.
"""

from __future__ import annotations

import numpy as np

from db.vectors import Ids
from db.words import Words
from encoder.scoring import Floats, Wording, brevity

# All words found weigh -log(0.05) = 3, half of them 0.6: what is complete stands out.
_ROOM = 1.05


def wording(words: Words, query: str, items: Ids) -> Wording:
    coverage = np.minimum(words.coverage(query, items), 1.0)
    found = words.relevance(query, items)
    reach = words.reach(query)
    relevance = found / max(reach.highest, 1e-9)
    strength = np.minimum(reach.known * found / max(reach.possible, 1e-9), 1.0)
    return Wording(
        relevance=_floats(reach.known * relevance),
        completeness=_floats(_steep(coverage) * relevance),
        strength=_steep(strength),
        coverage=_floats(coverage),
        brevity=brevity(query),
    )


def without_words(items: Ids, query: str = "") -> Wording:
    """Of items of which no word is looked at."""
    nothing = np.zeros(len(items), np.float32)
    return Wording(nothing, nothing, nothing, nothing, brevity(query))


def _steep(share: Floats) -> Floats:
    return _floats(np.log(_ROOM / (_ROOM - share)))


def _floats(values: Floats) -> Floats:
    return np.asarray(values, np.float32)

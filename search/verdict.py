"""One probability for each candidate of all that is asked of it: texts, terms, pictures."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from db.generations import Generation
from db.vectors import Ids
from encoder.encoded import Encoder
from encoder.scoring import combined
from search.asked import Asked, Part
from search.rerank import Evidence, judge, judge_picture
from search.wording import wording


def verdict(generation: Generation, encoder: Encoder, asked: Asked, items: Ids) -> Evidence:
    """The evidence of what is wanted first, with the score of everything.

    Where only a filter is given it says all there is to say: what passes it is an answer.
    """
    judged = [(part, _evidence(generation, encoder, part, items)) for part in asked.parts]
    if not judged:
        nothing, sure = np.zeros(len(items), np.float32), np.ones(len(items), np.float32)
        return Evidence(nothing, nothing, nothing, nothing, nothing, nothing, sure)
    score = combined(
        [(found.score, part.weight) for part, found in judged if part.weight > 0],
        [(found.score, -part.weight) for part, found in judged if part.weight < 0],
    )
    return replace(judged[0][1], score=score)


def _evidence(generation: Generation, encoder: Encoder, part: Part, items: Ids) -> Evidence:
    if not part.words:
        return judge_picture(generation, encoder, part.encoded, items)
    said = wording(generation.words, part.words, items)
    return judge(generation, encoder, part.encoded, items, said, blind=part.blind)

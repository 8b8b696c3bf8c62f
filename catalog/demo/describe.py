"""All the words for one creature."""

import random
from typing import NamedTuple

from catalog.demo import captions_en, captions_ko
from catalog.demo.creature import Creature


class Captions(NamedTuple):
    """What a creature's row says of its picture."""

    caption: str
    caption_2: str
    caption_ko: str


def describe(creature: Creature, rng: random.Random | None = None) -> Captions:
    """Captions in varied wording; without a source of chance, the creature's own ones."""
    chance = creature.chance("words") if rng is None else rng
    first, second = captions_en.captions(creature, chance)
    return Captions(first, second, captions_ko.caption(creature, chance))

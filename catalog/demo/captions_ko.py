"""Korean captions: sentence plans whose particles follow the words they stand after."""

import random

from catalog.demo import words_ko as words
from catalog.demo.creature import Creature
from catalog.demo.words_ko import particle


def caption(creature: Creature, rng: random.Random) -> str:
    """One or two polite sentences about what is seen."""
    one = rng.choice
    name = creature.name.hangul
    element = one(words.ELEMENTS[creature.element])
    if creature.second:
        element = f"{particle(element, '과', '와')} {one(words.ELEMENTS[creature.second])}"
    body = one(words.BODIES[creature.body])
    colour = one(words.COLOURS[creature.colour])
    pattern = one(words.PATTERNS[creature.pattern])
    size = one(words.SIZES[creature.size])
    place = one(words.PLACES[creature.habitat])
    does = one(words.POSES[creature.pose])
    sight = one(words.SIGHTS[creature.element])
    look = _joined(size, pattern, colour)
    kind = f"{element} 속성"
    grown = _grown(creature, rng)
    has = f" {particle(grown, '이', '가')} 있고" if grown else ""
    carries = (
        f"{particle(grown, '이', '가')} 달린" if grown else f"{particle(sight, '이', '가')} 보이는"
    )
    first = one(
        (
            f"{particle(name, '은', '는')} {kind}의 {_joined(look, body)}입니다.",
            f"{particle(name, '이라는', '라는')} {_joined(look, kind, body)}입니다.",
            f"{particle(sight, '을', '를')} 지닌 {kind}의 {_joined(look, body)}입니다.",
            (
                f"이 {particle(body, '은', '는')} {kind}입니다. {look} 몸에{has} "
                f"{particle(sight, '이', '가')} 눈에 띕니다."
            ),
            f"{carries} {_joined(look, body)}, {kind}입니다.",
            "",
        )
    )
    subject = particle(body, "이", "가")
    if not first:
        return one(
            (
                f"{_joined(look, kind, subject)} {place}에서 {does}.",
                (
                    f"{place}에서 {_joined(look, kind, subject)} {does}. "
                    f"{particle(sight, '이', '가')} 보입니다."
                ),
                f"{carries} {_joined(size, colour, kind, subject)} {place}에서 {does}.",
            )
        )
    return f"{first} {place}에서 {does}."


def _grown(creature: Creature, rng: random.Random) -> str:
    grown = []
    if creature.horns:
        grown.append(rng.choice(words.HORNS[creature.horns]))
    if creature.wings:
        grown.append(rng.choice(words.WINGS[creature.wings]))
    if len(grown) == 2:
        return f"{particle(grown[0], '과', '와')} {grown[1]}"
    return "".join(grown)


def _joined(*parts: str) -> str:
    return " ".join(part for part in parts if part)

"""What a creature is: one frozen record that draws, describes and tags itself nowhere.

`creature(seed, number)` decides everything about a creature from two numbers; drawing,
captions and tags are functions of the record alone, so that a training job can make any
number of creatures in memory and a file written years later is the same, byte for byte.
"""

import datetime as dt
import random
from dataclasses import dataclass

from catalog.demo.names import Name, name_of
from catalog.demo.palettes import BODY_COLOURS

# Weights: a few favourites occur more often, as in any real catalog, so that a query for
# two of them ("fire-type lizard") has several right answers among a thousand.
ELEMENTS: dict[str, int] = {
    "fire": 9,
    "water": 8,
    "grass": 7,
    "electric": 6,
    "ice": 5,
    "rock": 5,
    "poison": 5,
    "shadow": 5,
    "metal": 4,
    "wind": 4,
    "light": 4,
    "crystal": 4,
    "psychic": 4,
    "sound": 4,
}

BODIES: dict[str, int] = {
    "lizard": 8,
    "dragon": 6,
    "cat": 6,
    "bird": 5,
    "fish": 5,
    "turtle": 5,
    "frog": 4,
    "rabbit": 4,
    "snake": 4,
    "beetle": 4,
    "plant": 4,
    "ghost": 4,
    "golem": 4,
    "bat": 4,
    "crab": 4,
    "jellyfish": 4,
    "mushroom": 4,
    "snail": 4,
}

ELEMENT_COLOURS: dict[str, tuple[str, ...]] = {
    "fire": ("red", "orange", "orange", "black"),
    "water": ("blue", "teal", "white"),
    "grass": ("green", "green", "yellow", "brown"),
    "electric": ("yellow", "yellow", "blue", "black"),
    "ice": ("white", "blue", "teal"),
    "rock": ("brown", "grey", "orange"),
    "poison": ("purple", "green", "pink"),
    "shadow": ("black", "purple", "grey"),
    "metal": ("grey", "blue", "red"),
    "wind": ("white", "teal", "green"),
    "light": ("yellow", "white", "pink"),
    "crystal": ("pink", "teal", "purple"),
    "psychic": ("pink", "purple", "blue"),
    "sound": ("red", "teal", "yellow"),
}

ELEMENT_HABITATS: dict[str, tuple[str, ...]] = {
    "fire": ("volcano", "volcano", "desert"),
    "water": ("sea", "sea", "beach"),
    "grass": ("forest", "meadow", "swamp"),
    "electric": ("city", "sky", "meadow"),
    "ice": ("snow", "snow", "cave"),
    "rock": ("cave", "desert", "volcano"),
    "poison": ("swamp", "swamp", "city"),
    "shadow": ("cave", "forest", "city"),
    "metal": ("city", "cave", "desert"),
    "wind": ("sky", "sky", "meadow"),
    "light": ("sky", "meadow", "beach"),
    "crystal": ("cave", "cave", "snow"),
    "psychic": ("city", "desert", "meadow"),
    "sound": ("city", "forest", "beach"),
}

HABITATS = (
    "forest", "sea", "cave", "desert", "snow", "sky", "city", "volcano", "meadow", "swamp",
    "beach",
)  # fmt: skip
PATTERNS: dict[str, int] = {"plain": 6, "striped": 5, "spotted": 5, "ringed": 3, "patched": 3}
HORNS: dict[str, int] = {"": 14, "curled": 3, "straight": 3, "single": 2, "antlers": 2}
WINGS: dict[str, int] = {"": 16, "feathered": 2, "leathery": 1, "insect": 1}
SIZES: dict[str, int] = {"small": 3, "medium": 4, "large": 3}
POSES: dict[str, int] = {"standing": 10, "raised": 3, "leaping": 3, "curled": 3}
MOODS: dict[str, int] = {"calm": 5, "cheerful": 4, "fierce": 3}
RARITIES: dict[str, int] = {"common": 50, "uncommon": 30, "rare": 15, "legendary": 5}

# Bodies that have wings by nature: they carry no second pair.
BORN_WINGED = {"bird": "feathered", "bat": "leathery", "dragon": "leathery"}

_HEIGHTS = {"small": (0.1, 0.6), "medium": (0.6, 1.6), "large": (1.6, 4.8)}
_FIRST_DAY = dt.date(1998, 3, 1).toordinal()
_LAST_DAY = dt.date(2024, 12, 31).toordinal()


@dataclass(frozen=True, slots=True)
class Creature:
    """Everything about one creature: what is seen, what is told, and the grain of its drawing."""

    seed: int
    number: int
    name: Name
    element: str
    second: str
    body: str
    colour: str
    pattern: str
    horns: str
    wings: str
    size: str
    pose: str
    mood: str
    facing: str
    habitat: str
    """Empty for a creature cut out on a transparent background."""
    height: float
    rarity: str
    discovered: dt.date
    suffix: str
    """Of its image file: .jpg, .png (exactly the transparent ones) or .webp."""

    @property
    def id(self) -> str:
        """Its identifier within the catalog of its seed."""
        return f"c{self.number:06d}"

    def chance(self, purpose: str) -> random.Random:
        """A stream of chance of its own for one purpose, equal on every run."""
        return random.Random(f"{self.seed}/{self.number}/{purpose}")  # noqa: S311 (no secret)


def creature(seed: int, number: int) -> Creature:
    """The creature with this number in the catalog of this seed."""
    rng = random.Random(f"{seed}/{number}")  # noqa: S311 (no secret)
    element = _pick(rng, ELEMENTS)
    second = _pick(rng, ELEMENTS) if rng.random() < 0.27 else ""
    body = _pick(rng, BODIES)
    at_home = rng.random()
    suffix = {5: ".png", 11: ".webp"}.get(number % 12, ".jpg")
    habitat = rng.choice(ELEMENT_HABITATS[element]) if at_home < 0.45 else rng.choice(HABITATS)
    size = _pick(rng, SIZES)
    return Creature(
        seed=seed,
        number=number,
        name=name_of(seed, number, element),
        element=element,
        second="" if second == element else second,
        body=body,
        colour=(
            rng.choice(ELEMENT_COLOURS[element])
            if rng.random() < 0.6
            else rng.choice(tuple(BODY_COLOURS))
        ),
        pattern=_pick(rng, PATTERNS),
        horns=_pick(rng, HORNS),
        wings=BORN_WINGED.get(body) or _pick(rng, WINGS),
        size=size,
        pose=_pick(rng, POSES),
        mood=_pick(rng, MOODS),
        facing=rng.choice(("left", "right")),
        habitat="" if suffix == ".png" else habitat,
        height=round(rng.uniform(*_HEIGHTS[size]), 2),
        rarity=_pick(rng, RARITIES),
        discovered=dt.date.fromordinal(rng.randint(_FIRST_DAY, _LAST_DAY)),
        suffix=suffix,
    )


def tags_of(creature: Creature) -> tuple[str, ...]:
    """The visible facts as single words: the vocabulary that a tagger learns."""
    facts = [
        creature.element,
        creature.second,
        creature.body,
        creature.colour,
        creature.pattern,
        creature.habitat,
        "" if creature.size == "medium" else creature.size,
        "horned" if creature.horns else "",
        "winged" if creature.wings else "",
        "asleep" if creature.pose == "curled" else "",
    ]
    return tuple(fact for fact in facts if fact)


def _pick(rng: random.Random, weights: dict[str, int]) -> str:
    return rng.choices(tuple(weights), tuple(weights.values()))[0]

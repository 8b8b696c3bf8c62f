"""English captions: sentence plans filled with words chosen by chance."""

import random
from collections.abc import Callable

from catalog.demo import words_en as words
from catalog.demo.creature import Creature

Plan = Callable[["Facts"], str]


class Facts:
    """Words for one creature: each use of a property picks anew."""

    def __init__(self, creature: Creature, rng: random.Random) -> None:
        self.creature = creature
        self.rng = rng

    def one(self, options: tuple[str, ...]) -> str:
        """Any of them."""
        return self.rng.choice(options)

    def maybe(self, text: str, share: float = 0.6) -> str:
        """The text, or nothing."""
        return text if self.rng.random() < share else ""

    @property
    def name(self) -> str:
        return self.creature.name.latin

    @property
    def element(self) -> str:
        """The element(s) by their bare words: "fire-type", "fire and ice type"."""
        both = self.creature.element
        if self.creature.second:
            return f"{both} and {self.creature.second} type"
        return self.one(words.ELEMENT_TYPES).format(both)

    @property
    def manner(self) -> str:
        """The element as an adjective that does not name it."""
        return self.one(words.ELEMENT_ADJECTIVES[self.creature.element])

    @property
    def sight(self) -> str:
        """The parts that show the element(s)."""
        first = self.one(words.ELEMENT_SIGHTS[self.creature.element])
        if self.creature.second:
            return f"{first} and {self.one(words.ELEMENT_SIGHTS[self.creature.second])}"
        return first

    @property
    def body(self) -> str:
        return self.creature.body

    @property
    def kind(self) -> str:
        """The body by another word."""
        return self.one(words.BODY_SYNONYMS[self.creature.body])

    @property
    def look(self) -> str:
        """Size, pattern and colour before a noun."""
        coat = self.one(words.COLOURS[self.creature.colour])
        pattern = self.one(words.PATTERNS[self.creature.pattern])
        if self.creature.pattern == "plain":
            pattern = self.maybe(pattern, 0.5)
        return _joined(self.size, *self.rng.sample([pattern, coat], 2))

    @property
    def size(self) -> str:
        return self.one(words.SIZES[self.creature.size])

    @property
    def colour(self) -> str:
        return self.one(words.COLOURS[self.creature.colour])

    @property
    def marking(self) -> str:
        return self.one(words.MARKINGS[self.creature.pattern])

    @property
    def growths(self) -> str:
        """Horns and wings, if it has them."""
        grown = []
        if self.creature.horns:
            grown.append(self.one(words.HORNS[self.creature.horns]))
        if self.creature.wings:
            grown.append(self.one(words.WINGS[self.creature.wings]))
        self.rng.shuffle(grown)
        return " and ".join(grown)

    @property
    def features(self) -> str:
        """Horns and wings, or else the face: never empty."""
        return self.growths or self.mood

    @property
    def place(self) -> str:
        return self.one(words.PLACES[self.creature.habitat])

    @property
    def does(self) -> str:
        return self.one(words.POSES[self.creature.pose])

    @property
    def doing(self) -> str:
        return self.one(words.POSING[self.creature.pose])

    @property
    def facing(self) -> str:
        return self.one(("facing {0}", "looking to the {0}", "turned to the {0}")).format(
            self.creature.facing
        )

    @property
    def mood(self) -> str:
        if self.creature.pose == "curled":
            return self.one(words.SLEEPY)
        return self.one(words.MOODS[self.creature.mood])


_KINDS = ("element", "type", "family")

# The first caption names the element and the body by their own words.
_NAMING: tuple[Plan, ...] = (
    lambda f: f"{f.name} is {_a(_joined(f.colour, f.element, f.body))} with {f.features} and "
    f"{f.marking}; it {f.does} {f.place}.",
    lambda f: f"{_article(_joined(f.look, f.element, f.body))} with {f.features}, {f.doing} "
    f"{f.place}.",
    lambda f: f"{_article(_joined(f.element, f.body))} called {f.name}: {f.look}, with "
    f"{f.features}, {f.place}.",
    lambda f: f"This {_joined(f.look, f.body)} is {_a(f.element)} creature; it has {f.features} "
    f"and {f.does} {f.place}.",
    lambda f: f"{_opening(f.place)}, {_a(_joined(f.look, f.element, f.body))} "
    f"{f.does}{f.maybe(', ' + f.facing)}. It has {f.features}.",
    lambda f: (
        f"{_joined(f.look, f.element, f.body).capitalize()} {f.place}, {f.facing}, "
        f"with {f.features}."
    ),
    lambda f: f"Meet {f.name}, {_a(_joined(f.size, f.element, f.body))} in {f.colour} with "
    f"{f.marking}. {f.features.capitalize()}. It {f.does} {f.place}.",
    lambda f: f"The {_joined(f.element, f.body)} {f.name} {f.does} {f.place}. Its body is "
    f"{_joined(f.size, f.colour)} with {f.marking}{f.maybe(' and it has ' + f.features, 0.8)}.",
    lambda f: f"Picture of {_a(_joined(f.look, f.body))} of the {_bare(f)} {f.one(_KINDS)}, "
    f"{f.doing} {f.place}, with {f.features}.",
    lambda f: f"{f.name} the {f.body} belongs to the {_bare(f)} {f.one(_KINDS)}: "
    f"{_joined(f.look)}, {f.features}, {f.doing} {f.place}.",
)  # fmt: skip

# The second one describes by what is seen, in other words.
_SEEING: tuple[Plan, ...] = (
    lambda f: f"{_article(_joined(f.look, f.kind))} with {f.sight}, {f.doing} {f.place}.",
    lambda f: f"{_article(_joined(f.manner, f.colour, f.kind))} with {f.features} and {f.sight}; "
    f"{f.marking}.",
    lambda f: f"It has {f.sight}: {_a(_joined(f.look, f.kind))} {f.place}.",
    lambda f: f"{_opening(f.place)} there is {_a(_joined(f.manner, f.kind))} in "
    f"{f.colour}, with {f.marking}, {f.facing}.",
    lambda f: f"You can see {f.sight} on this {_joined(f.look, f.kind)}"
    f"{f.maybe(', which ' + f.does + ' ' + f.place, 0.8)}.",
    lambda f: f"{_article(_joined(f.size, f.colour, f.kind))} {f.place}. {f.sight.capitalize()}; "
    f"{f.features}; {f.marking}.",
    lambda f: f"Drawing of {_a(_joined(f.manner, f.kind))}, {f.facing}, {f.doing} {f.place}. "
    f"Its {f.colour} body has {f.marking}.",
    lambda f: f"With {f.features} and {f.sight}, this {_joined(f.look, f.kind)} {f.does} "
    f"{f.place}.",
    lambda f: f"{f.mood.capitalize()}, {f.sight}, {f.marking}: {_a(_joined(f.size, f.colour))} "
    f"{f.kind} {f.place}.",
    lambda f: f"{_article(_joined(f.manner, f.kind))}. {_joined(f.look).capitalize()}. "
    f"{f.features.capitalize()}. It {f.does} {f.place}.",
)  # fmt: skip


def captions(creature: Creature, rng: random.Random) -> tuple[str, str]:
    """Two sentences: one that names element and body, one in other words."""
    facts = Facts(creature, rng)
    return rng.choice(_NAMING)(facts), rng.choice(_SEEING)(facts)


def _bare(facts: Facts) -> str:
    creature = facts.creature
    return f"{creature.element} and {creature.second}" if creature.second else creature.element


def _joined(*parts: str) -> str:
    return " ".join(part for part in parts if part)


def _a(text: str) -> str:
    """With the right indefinite article (every word here is spelt as it sounds)."""
    vowel = text[0].lower() in "aeiou" and not text.startswith(("unicorn", "one"))
    return f"{'an' if vowel else 'a'} {text}"


def _article(text: str) -> str:
    """The same at the start of a sentence."""
    return _opening(_a(text))


def _opening(text: str) -> str:
    """With a capital first letter, the others as they are."""
    return text[0].upper() + text[1:]

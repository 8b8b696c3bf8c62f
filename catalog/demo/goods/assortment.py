"""Which goods there are. The same seed invents the same shop."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

SHAPES = ("can", "bottle", "cup", "bag", "box")
_KINDS = {
    "can": ("soda", "cold coffee", "sparkling water", "beer", "peach tea"),
    "bottle": ("juice", "milk tea", "water", "lemonade", "sports drink"),
    "cup": ("noodles", "yoghurt", "pudding", "rice porridge", "ice cream"),
    "bag": ("crisps", "jelly sweets", "crackers", "roasted nuts", "popcorn"),
    "box": ("biscuits", "chocolates", "cereal", "curry", "tea bags"),
}
_FLAVOURS = {
    "lemon": "#f5d21f", "strawberry": "#e8425a", "mint": "#3fc4a0", "grape": "#7b4bb0",
    "orange": "#f58a1f", "cocoa": "#6b4128", "vanilla": "#f2e3b3", "melon": "#9ed24a",
    "blueberry": "#3f5fc0", "chilli": "#c8281e", "seaweed": "#1f5c46", "honey": "#dda21a",
    "peach": "#f9b08e", "sesame": "#4a4a4e", "salt": "#cfe3ee", "cherry": "#a0123c",
}  # fmt: skip
_STARTS = "Ka Mo Su Ni Ro Te La Bi Pa Yu Do Vi Ze Fa Go Ha".split()
_ENDS = "rin mel to lumi vo nara bel kko zu dani pex sol mira tao wen fy".split()
MARKS = ("star", "drop", "sun", "leaf", "ring", "wave", "crown", "diamond")
MOTIFS = ("stripes", "dots", "rays", "waves", "checks", "band", "blobs", "zigzag")
_INKS = ("#16202e", "#8c1c2c", "#123f7a", "#0f5c3c", "#5a2a78", "#a3470f", "#ffffff")


@dataclass(frozen=True)
class Brand:
    name: str
    mark: str
    ink: str


@dataclass(frozen=True)
class Good:
    id: str
    brand: Brand
    shape: str
    kind: str
    flavour: str
    colour: str  # of the flavour
    ground: str  # of the package
    motif: str
    design: int  # seed of its label's details
    price: int

    @property
    def name(self) -> str:
        return f"{self.brand.name} {self.flavour} {self.kind}"


def assortment(count: int, seed: int, brands: int = 10, first: int = 1) -> list[Good]:
    """`count` goods, all of different names, of so many brands."""
    dice = np.random.default_rng([seed, 77])
    makers = _brands(brands, dice)
    goods: list[Good] = []
    names: set[str] = set()
    while len(goods) < count:
        shape = str(dice.choice(SHAPES))
        flavour = str(dice.choice(list(_FLAVOURS)))
        good = Good(
            id=f"g{first + len(goods):04}",
            brand=makers[int(dice.integers(len(makers)))],
            shape=shape,
            kind=str(dice.choice(_KINDS[shape])),
            flavour=flavour,
            colour=_FLAVOURS[flavour],
            ground=str(
                dice.choice(["#ffffff", "#f4efe2", "#20242c", "#d9dde3", *_FLAVOURS.values()])
            ),
            motif=str(dice.choice(MOTIFS)),
            design=int(dice.integers(1 << 30)),
            price=int(dice.integers(8, 60)) * 100,
        )
        if good.name not in names:
            names.add(good.name)
            goods.append(good)
    return goods


def _brands(count: int, dice: np.random.Generator) -> list[Brand]:
    found: dict[str, Brand] = {}
    while len(found) < count:
        name = str(dice.choice(_STARTS)) + str(dice.choice(_ENDS))
        found.setdefault(name, Brand(name, str(dice.choice(MARKS)), str(dice.choice(_INKS))))
    return list(found.values())

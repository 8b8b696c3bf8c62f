"""From a creature's record to its picture."""

import random
from functools import cache

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from catalog.demo import bodies_furred, bodies_scaled, bodies_strange
from catalog.demo import elements_strange as strange
from catalog.demo import elements_wild as wild
from catalog.demo.creature import Creature
from catalog.demo.easel import OVERSAMPLING, Easel, Marks, Stance
from catalog.demo.features import IRISES, draw_face, draw_horns, draw_wings
from catalog.demo.figures import Figure, Group, Spot
from catalog.demo.palettes import BEAK, BONE, LEAF, Ramp, body_ramp, deep, pale, ramp
from catalog.demo.patterns import marks
from catalog.demo.scenery import paint
from catalog.demo.stamps import Parts, put

_BODIES = {
    "lizard": bodies_scaled.lizard,
    "dragon": bodies_scaled.dragon,
    "snake": bodies_scaled.snake,
    "turtle": bodies_scaled.turtle,
    "frog": bodies_scaled.frog,
    "fish": bodies_scaled.fish,
    "cat": bodies_furred.cat,
    "rabbit": bodies_furred.rabbit,
    "bird": bodies_furred.bird,
    "bat": bodies_furred.bat,
    "ghost": bodies_furred.ghost,
    "golem": bodies_furred.golem,
    "beetle": bodies_strange.beetle,
    "crab": bodies_strange.crab,
    "jellyfish": bodies_strange.jellyfish,
    "snail": bodies_strange.snail,
    "plant": bodies_strange.plant,
    "mushroom": bodies_strange.mushroom,
}
_ELEMENTS = {
    "fire": wild.fire,
    "water": wild.water,
    "grass": wild.grass,
    "electric": wild.electric,
    "ice": wild.ice,
    "rock": wild.rock,
    "wind": wild.wind,
    "poison": strange.poison,
    "shadow": strange.shadow,
    "metal": strange.metal,
    "light": strange.light,
    "crystal": strange.crystal,
    "psychic": strange.psychic,
    "sound": strange.sound,
}
_MATERIALS = {
    "bone": BONE,
    "beak": BEAK,
    "leaf": LEAF,
    "white": ramp("#ffffff"),
    "cheek": ramp("#f7a3ae"),
    "tongue": ramp("#f0505f"),
}
# Bodies seen from the front: their wings spread to both sides.
_FRONTAL = frozenset(
    ("bat", "cat", "ghost", "golem", "frog", "beetle", "crab", "jellyfish", "plant", "mushroom")
)
_SCALES = {"small": 0.235, "medium": 0.300, "large": 0.365}
_GROUND = 0.90
# Where small things hover around a creature, clear of its face (creature units).
_HOVER = (
    (-1.02, -0.62), (-0.62, -0.98), (1.06, -0.60), (0.98, 0.52), (-1.12, 0.00), (1.16, -0.05),
    (0.62, -1.04), (-1.05, 0.62),
)  # fmt: skip


@cache
def figure_of(body: str) -> Figure:
    """The body plan, worked out once."""
    return _BODIES[body]()


@cache
def parts_of(element: str) -> Parts:
    """An element's parts, worked out once."""
    return _ELEMENTS[element]()


def draw(creature: Creature, size: int = 256) -> Image.Image:
    """Its picture, RGB; a creature without a habitat stands on white."""
    if not creature.habitat:
        ground = Image.new("RGB", (size, size), "white")
    else:
        ground = paint(creature.habitat, size, creature.chance("scenery"))
    sticker, rim, stance = _sticker(creature, size)
    floats = figure_of(creature.body).floating or creature.habitat == "sea"
    if creature.habitat and not floats:
        _shadow(ground, stance, leaping=creature.pose == "leaping")
    ground.paste(sticker, (0, 0), rim)
    return ground


def sprite(creature: Creature, size: int = 256) -> Image.Image:
    """The creature alone, cut out like a sticker with a white rim, RGBA."""
    sticker, rim, _ = _sticker(creature, size)
    sticker.putalpha(rim)
    return sticker


def _sticker(creature: Creature, size: int) -> tuple[Image.Image, Image.Image, Stance]:
    """The painted creature on white, its outline with the rim as a mask, and its stance."""
    chance = creature.chance("drawing")
    figure = figure_of(creature.body)
    stance = _stance(creature, figure, chance)
    easel = Easel(size, stance)
    _assemble(easel, creature, figure, chance)
    small = easel.layer.reduce(OVERSAMPLING)
    rim = small.getchannel("X").filter(ImageFilter.BoxBlur(size / 85)).point(_HARDEN)
    return small.convert("RGB"), rim, stance


# Turns the blurred silhouette into a wider one with a soft edge.
_HARDEN = [min(255, value * 5) for value in range(256)]


def _stance(creature: Creature, figure: Figure, chance: random.Random) -> Stance:
    scale = _SCALES[creature.size] * chance.uniform(0.95, 1.05)
    tilt = chance.uniform(-4, 4)
    bend = chance.uniform(-0.06, 0.06)
    lift = 0.0
    if creature.pose == "raised":
        tilt -= 17
    elif creature.pose == "leaping":
        tilt, lift = tilt - 9, 0.10
    elif creature.pose == "curled":
        bend, tilt = bend + 0.30, tilt + 6
    centre = 0.52 if figure.floating else _GROUND - 0.04 - 0.90 * scale - lift
    return Stance(
        x=0.5 + chance.uniform(-1, 1) * 0.5 * max(0.02, 0.40 - scale),
        y=max(centre, 1.12 * scale) + chance.uniform(-0.02, 0.02),
        scale=scale,
        mirrored=creature.facing == "left",
        tilt=tilt,
        bend=bend,
        stretch=chance.uniform(0.94, 1.07),
    )


def _shadow(ground: Image.Image, stance: Stance, *, leaping: bool) -> None:
    """A dark oval on the ground: it says how high a leap is."""
    side = ground.width
    reach = (0.55 if leaping else 0.75) * stance.scale
    oval = Image.new("L", (round(2 * reach * side), max(2, round(0.05 * side))), 0)
    ImageDraw.Draw(oval).ellipse((0, 0, oval.width - 1, oval.height - 1), fill=80)
    corner = round((stance.x - reach) * side), round((_GROUND - 0.045) * side)
    ground.paste((30, 25, 45), corner, oval)


def _assemble(easel: Easel, creature: Creature, figure: Figure, chance: random.Random) -> None:
    """Paints everything, from the far side to the near one."""
    skin = body_ramp(creature.colour)
    first = parts_of(creature.element)
    second = parts_of(creature.second) if creature.second else first
    pattern = marks(creature.pattern, chance)
    iris = chance.choice(IRISES)
    for layers in {id(first): first.aura, id(second): second.aura}.values():
        put(easel, layers, Spot(0.0, 0.0))
    if creature.wings:
        draw_wings(easel, figure.wing, creature.wings, skin, frontal=creature.body in _FRONTAL)
    put(easel, first.tail, figure.tail)
    for spot in figure.back:
        put(easel, second.back, spot)
    _paint(easel, figure.groups, skin, pattern)
    draw_face(easel, figure, creature.mood, iris, asleep=creature.pose == "curled")
    put(easel, first.crest, figure.crest)
    if creature.horns:
        draw_horns(easel, figure, creature.horns)
    _hover(easel, first, second, chance)


def _paint(easel: Easel, groups: tuple[Group, ...], skin: Ramp, pattern: Marks | None) -> None:
    materials = {"body": skin, "deep": deep(skin), "belly": pale(skin), **_MATERIALS}
    pixels = easel.pixels(np.concatenate([path for group in groups for path in group.outlines]))
    start = 0
    for group in groups:
        paths = []
        for path in group.outlines:
            paths.append(pixels[start : start + len(path)])
            start += len(path)
        if group.open:
            inks = {"mark": skin.shade, "beak": BEAK.base, "tongue": _MATERIALS["tongue"].base}
            ink = inks.get(group.material) or materials[group.material].line
            for points in paths:
                easel.ink_stroke(points, ink, group.line)
        else:
            easel.ink_shape(
                paths, materials[group.material],
                line=group.line, marks=pattern if group.patterned else None,
                shaded=group.line > 0,
            )  # fmt: skip


def _hover(easel: Easel, first: Parts, second: Parts, chance: random.Random) -> None:
    """Embers, bubbles, notes: five or six of them, those of a second element between."""
    places = chance.sample(_HOVER, chance.randint(4, 6))
    size = 0.30 / easel.stance.scale
    for number, (x, y) in enumerate(places):
        kinds = (second if number % 2 else first).floats
        spot = Spot(
            x + chance.uniform(-0.08, 0.08),
            y + chance.uniform(-0.08, 0.08),
            chance.uniform(-12, 12),
            size**0.6 * chance.uniform(0.85, 1.1),
        )
        put(easel, kinds[number // 2 % len(kinds)], spot)

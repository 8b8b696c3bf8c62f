"""The demo catalog: invented creatures, drawn with Pillow, described in words, free to use.

creature(seed, number)  decides everything about one creature
draw(creature)          paints it, sprite(creature) cuts it out, describe(creature) tells
draw_demo(folder)       writes a whole catalog of them
"""

from catalog.demo.creature import Creature, creature, tags_of
from catalog.demo.describe import Captions, describe
from catalog.demo.draw import draw, sprite
from catalog.demo.sheet import contact_sheet
from catalog.demo.write import draw_demo

__all__ = [
    "Captions",
    "Creature",
    "contact_sheet",
    "creature",
    "describe",
    "draw",
    "draw_demo",
    "sprite",
    "tags_of",
]

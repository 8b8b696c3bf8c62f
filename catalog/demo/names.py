"""Invented names: a stem that hints at the element and an ending that numbers the creature.

Every syllable is known in Latin and in Hangul, so that Korean sentences can name the
creature and choose their particles by how the name ends.
"""

import math
from typing import NamedTuple


class Name(NamedTuple):
    """One name in two scripts."""

    latin: str
    hangul: str


# No stem may equal another stem plus one of the syllables below: names stay unique
# whatever the length of their ending (a test holds this).
STEMS: dict[str, tuple[Name, ...]] = {
    "fire": (Name("Ember", "엠버"), Name("Scorch", "스코치"), Name("Blaze", "블레이즈")),
    "water": (Name("Aquel", "아쿠엘"), Name("Brook", "브룩"), Name("Tidel", "타이델")),
    "grass": (Name("Fern", "펀"), Name("Moss", "모스"), Name("Ivyl", "아이빌")),
    "electric": (Name("Zolt", "졸트"), Name("Ampel", "앰펠"), Name("Sparq", "스파크")),
    "ice": (Name("Frost", "프로스트"), Name("Glaze", "글레이즈"), Name("Rimel", "라이멜")),
    "rock": (Name("Basal", "바살"), Name("Cragg", "크래그"), Name("Flint", "플린트")),
    "poison": (Name("Venel", "베넬"), Name("Toxel", "톡셀"), Name("Nox", "녹스")),
    "shadow": (Name("Umbra", "움브라"), Name("Dusk", "더스크"), Name("Gloom", "글룸")),
    "metal": (Name("Ferro", "페로"), Name("Cobalt", "코발트"), Name("Rivet", "리벳")),
    "wind": (Name("Zeph", "제프"), Name("Gust", "거스트"), Name("Breeze", "브리즈")),
    "light": (Name("Lumin", "루민"), Name("Halon", "할론"), Name("Dawn", "돈")),
    "crystal": (Name("Prism", "프리즘"), Name("Quartz", "쿼츠"), Name("Opal", "오팔")),
    "psychic": (Name("Orac", "오락"), Name("Mystel", "미스텔"), Name("Omen", "오멘")),
    "sound": (Name("Chime", "차임"), Name("Sonor", "소노르"), Name("Harp", "하프")),
}

_OPEN = [
    Name(a + b, chr(0xAC00 + 588 * lead + 28 * vowel))
    for a, lead in (("k", 15), ("n", 2), ("d", 3), ("m", 6), ("v", 7), ("s", 9), ("t", 16),
                    ("p", 17), ("h", 18), ("g", 0), ("b", 7), ("l", 5))
    for b, vowel in (("a", 0), ("e", 5), ("i", 20), ("o", 8), ("u", 13))
]  # fmt: skip
_CLOSED = [
    Name(a + b + c, chr(0xAC00 + 588 * lead + 28 * vowel + tail))
    for a, lead in (("l", 5), ("r", 5), ("n", 2), ("d", 3), ("z", 12), ("k", 15), ("t", 16))
    for b, vowel in (("a", 0), ("e", 5), ("i", 20), ("o", 8), ("u", 13))
    for c, tail in (("", 0), ("n", 4), ("x", 1), ("m", 16))
]


def name_of(seed: int, number: int, element: str) -> Name:
    """The name of a creature, unique among all creatures of its seed."""
    pieces = []
    block, start = len(_OPEN) * len(_CLOSED), 0
    middle = 1
    while number >= start + block:
        start, block, middle = start + block, block * len(_OPEN), middle + 1
    # A walk with a step that shares no factor with the block visits every ending once, in
    # an order in which neighbours do not look alike.
    step = round(block * 0.381966) | 1
    while math.gcd(step, block) != 1:
        step += 2
    place = ((number - start) * step + seed * 7919) % block
    place, last = divmod(place, len(_CLOSED))
    for _ in range(middle):
        place, syllable = divmod(place, len(_OPEN))
        pieces.append(_OPEN[syllable])
    pieces.append(_CLOSED[last])
    stems = STEMS[element]
    stem = stems[(seed + number // 3) % len(stems)]
    return Name(
        stem.latin + "".join(piece.latin for piece in pieces),
        stem.hangul + "".join(piece.hangul for piece in pieces),
    )

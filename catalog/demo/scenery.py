"""Backgrounds: eleven habitats as simple scenes, softer than the creatures before them."""

import math
import random
from collections.abc import Callable

from PIL import Image

from catalog.demo.easel import OVERSAMPLING
from catalog.demo.scene import Scene


def _forest(scene: Scene) -> None:
    scene.sky("#cfe9c4", "#a3d2a0")
    for x in scene.spread(6):
        height = scene.chance.uniform(0.45, 0.6)
        scene.area(
            [(x - 0.025, 0.75), (x + 0.025, 0.75), (x + 0.02, 0.3), (x - 0.02, 0.3)], "#8fa887"
        )
        for step in range(3):
            y = 0.62 - step * 0.15
            reach = 0.13 - step * 0.03
            scene.area([(x - reach, y), (x, y - height * 0.45), (x + reach, y)], "#86bd8a")
    for x in (0.04, 0.96, *scene.spread(2)):
        scene.area(
            [(x - 0.04, 0.85), (x + 0.04, 0.85), (x + 0.03, 0.2), (x - 0.03, 0.2)], "#7a5a3d"
        )
        for dx, dy, reach in ((0.0, 0.10, 0.17), (-0.11, 0.22, 0.13), (0.11, 0.22, 0.13)):
            scene.disc(x + dx, dy, reach, reach * 0.85, "#4f9a58")
    scene.hills(0.78, 0.02, 1.5, "#5f9e52")
    for x in scene.spread(9):
        scene.line([(x, 0.9), (x + 0.01, 0.86)], "#3f7f3c", 0.008)
        scene.line([(x + 0.012, 0.9), (x + 0.03, 0.87)], "#3f7f3c", 0.008)


def _sea(scene: Scene) -> None:
    scene.sky("#7fd0ea", "#1f5f9f")
    for x in scene.spread(4):
        scene.area([(x, 0), (x + 0.08, 0), (x - 0.05, 0.9), (x - 0.22, 0.9)], "#8ad3ea")
    scene.hills(0.82, 0.02, 1.2, "#e2cf9a")
    for x in scene.spread(4):
        if abs(x - 0.5) < 0.16:
            continue
        height, phase = scene.chance.uniform(0.25, 0.42), scene.chance.uniform(0, 6)
        path = [(x + 0.025 * math.sin(phase + k * 1.1), 0.9 - height * k / 8) for k in range(9)]
        scene.line(path, "#2f8f63", 0.028)
    for x in (scene.chance.uniform(0.02, 0.2), scene.chance.uniform(0.8, 0.98)):
        for lean in (-0.07, 0.0, 0.07):
            scene.line([(x, 0.93), (x + lean, 0.78), (x + 1.6 * lean, 0.70)], "#ef7f74", 0.035)


def _cave(scene: Scene) -> None:
    scene.sky("#3d3650", "#57496a")
    scene.disc(0.5, 0.48, 0.42, 0.36, "#75658a")
    scene.disc(0.5, 0.50, 0.30, 0.27, "#8d7ca0")
    for x in scene.spread(7):
        reach, depth = scene.chance.uniform(0.05, 0.09), scene.chance.uniform(0.12, 0.34)
        scene.area([(x - reach, 0), (x + reach, 0), (x, depth)], "#2b2638")
    scene.area([(0, 0), (0.12, 0), (0.06, 0.5), (0.1, 1), (0, 1)], "#2b2638")
    scene.area([(1, 0), (0.88, 0), (0.95, 0.45), (0.9, 1), (1, 1)], "#2b2638")
    scene.hills(0.80, 0.015, 2.0, "#463d58")
    for x in (*scene.spread(2, 0.02), 0.07, 0.93):
        height = scene.chance.uniform(0.1, 0.24)
        scene.area([(x - 0.06, 0.9), (x, 0.9 - height), (x + 0.06, 0.9)], "#332c44")


def _desert(scene: Scene) -> None:
    scene.sky("#fbe3a4", "#f7c77f")
    scene.disc(scene.chance.choice((0.16, 0.84)), 0.16, 0.09, 0.09, "#fff4c9")
    scene.hills(0.60, 0.05, 0.8, "#eab868")
    scene.hills(0.70, 0.04, 1.1, "#dfa654")
    for x in (scene.chance.uniform(0.06, 0.2), scene.chance.uniform(0.8, 0.94)):
        scene.line([(x, 0.84), (x, 0.42)], "#5d9a57", 0.065)
        scene.disc(x, 0.42, 0.033, 0.033, "#5d9a57")
        scene.line([(x, 0.64), (x - 0.09, 0.64), (x - 0.09, 0.52)], "#5d9a57", 0.04)
        scene.line([(x, 0.58), (x + 0.085, 0.58), (x + 0.085, 0.47)], "#5d9a57", 0.04)
    scene.hills(0.82, 0.02, 1.4, "#d29345")


def _snow(scene: Scene) -> None:
    scene.sky("#b9d9f2", "#e6f2fb")
    scene.area(
        [(0, 0.6), (0.2, 0.3), (0.38, 0.58), (0.62, 0.26), (0.9, 0.56), (1, 0.5), (1, 1), (0, 1)],
        "#a9c2dc",
    )
    scene.area([(0.14, 0.39), (0.2, 0.3), (0.27, 0.41), (0.2, 0.38)], "#ffffff")
    scene.area([(0.54, 0.37), (0.62, 0.26), (0.71, 0.36), (0.62, 0.35)], "#ffffff")
    scene.hills(0.66, 0.03, 1.2, "#f1f7fc")
    for x in (0.07, 0.93, *scene.spread(3)):
        for step in range(3):
            y, reach = 0.76 - step * 0.11, 0.095 - step * 0.022
            scene.area([(x - reach, y), (x, y - 0.17), (x + reach, y)], "#5b8f8a")
            scene.area(
                [(x - reach * 0.5, y - 0.085), (x, y - 0.17), (x + reach * 0.5, y - 0.085)],
                "#ffffff",
            )
    scene.hills(0.80, 0.02, 1.6, "#fdfeff")
    for x in scene.spread(26):
        y = scene.chance.uniform(0, 0.8)
        scene.disc(x, y, 0.008, 0.008, "#ffffff")


def _cloud(scene: Scene, x: float, y: float, size: float, tone: str) -> None:
    for dx, dy, reach in ((-0.10, 0.02, 0.07), (0.0, -0.02, 0.10), (0.11, 0.02, 0.08)):
        scene.disc(x + dx * size, y + dy * size, reach * size, reach * size, tone)
    scene.disc(x, y + 0.06 * size, 0.20 * size, 0.045 * size, tone)


def _sky(scene: Scene) -> None:
    scene.sky("#5fb4ee", "#c9ecff")
    for x in scene.spread(4):
        _cloud(scene, x, scene.chance.uniform(0.08, 0.6), scene.chance.uniform(0.6, 1.1), "#f4fbff")
    for x in scene.spread(5):
        scene.disc(x, 0.99, 0.18, 0.13, "#ffffff")
    scene.disc(0.5, 0.95, 0.34, 0.11, "#ffffff")
    scene.disc(0.5, 1.0, 0.30, 0.09, "#e3f2fb")


def _city(scene: Scene) -> None:
    scene.sky("#6a6fb0", "#f3b69a")
    for depth, tone, lit in ((0.0, "#7f7bab", "#a8a2c6"), (0.12, "#4f4d78", "#ffd977")):
        for x in scene.spread(6 if not depth else 5):
            height = scene.chance.uniform(0.28, 0.55) - depth
            wide = scene.chance.uniform(0.06, 0.085)
            top = 0.82 - height
            scene.area([(x - wide, top), (x + wide, top), (x + wide, 0.85), (x - wide, 0.85)], tone)
            for row in range(int(height / 0.075)):
                for col in (-0.5, 0.15):
                    if scene.chance.random() < 0.7:
                        left, y = x + col * wide, top + 0.03 + row * 0.075
                        scene.area(
                            [
                                (left, y),
                                (left + 0.022, y),
                                (left + 0.022, y + 0.035),
                                (left, y + 0.035),
                            ],
                            lit,
                        )
    scene.area([(0, 0.82), (1, 0.82), (1, 1), (0, 1)], "#5a5a66")
    scene.area([(0, 0.80), (1, 0.80), (1, 0.83), (0, 0.83)], "#9a98a4")
    for k in range(5):
        scene.area(
            [
                (0.04 + 0.22 * k, 0.945),
                (0.15 + 0.22 * k, 0.945),
                (0.14 + 0.22 * k, 0.965),
                (0.03 + 0.22 * k, 0.965),
            ],
            "#f0e6c8",
        )


def _volcano(scene: Scene) -> None:
    scene.sky("#5a2a3a", "#e8743b", 0.8)
    x = scene.chance.uniform(0.35, 0.65)
    for k in range(4):
        scene.disc(x + 0.05 * k, 0.22 - 0.06 * k, 0.09 + 0.02 * k, 0.06 + 0.01 * k, "#6d4450")
    scene.area([(x - 0.5, 0.85), (x - 0.12, 0.26), (x + 0.12, 0.26), (x + 0.5, 0.85)], "#4a3038")
    scene.area(
        [
            (x - 0.12, 0.26),
            (x + 0.12, 0.26),
            (x + 0.09, 0.33),
            (x + 0.07, 0.52),
            (x + 0.03, 0.36),
            (x - 0.02, 0.62),
            (x - 0.05, 0.38),
            (x - 0.09, 0.46),
        ],
        "#ff8a2c",
    )
    scene.area([(x - 0.11, 0.26), (x + 0.11, 0.26), (x + 0.06, 0.30), (x - 0.06, 0.30)], "#ffd34f")
    scene.hills(0.80, 0.02, 1.7, "#3a2a31")
    for left in scene.spread(3):
        scene.line(
            [(left - 0.08, 0.95), (left, 0.91), (left + 0.05, 0.94), (left + 0.13, 0.90)],
            "#ff7a24",
            0.014,
        )


def _meadow(scene: Scene) -> None:
    scene.sky("#8fd0f5", "#e8f7ff")
    _cloud(scene, scene.chance.uniform(0.1, 0.3), 0.14, 0.8, "#ffffff")
    _cloud(scene, scene.chance.uniform(0.7, 0.9), 0.22, 0.6, "#ffffff")
    scene.hills(0.56, 0.05, 0.9, "#a8dd83")
    scene.hills(0.66, 0.04, 1.2, "#8dcf69")
    scene.hills(0.78, 0.02, 0.8, "#79c255")
    for number, x in enumerate(scene.spread(16)):
        y = 0.70 + 0.26 * ((number * 0.618) % 1.0)
        petal = ("#ffffff", "#ff9ec4", "#ffe066", "#ff8f6b")[number % 4]
        for turn in range(5):
            angle = turn * 1.2566
            scene.disc(
                x + 0.014 * math.cos(angle), y + 0.014 * math.sin(angle), 0.010, 0.010, petal
            )
        scene.disc(x, y, 0.008, 0.008, "#f6a821")


def _swamp(scene: Scene) -> None:
    scene.sky("#a5ad7d", "#7f8f63")
    for x in (0.08, 0.9, *scene.spread(2)):
        scene.line([(x, 0.75), (x + 0.02, 0.4), (x - 0.02, 0.12)], "#5c5a41", 0.045)
        scene.line([(x + 0.01, 0.42), (x + 0.1, 0.28)], "#5c5a41", 0.022)
        scene.line([(x + 0.01, 0.34), (x - 0.09, 0.22)], "#5c5a41", 0.022)
        scene.line([(x + 0.09, 0.29), (x + 0.09, 0.42)], "#74835a", 0.014)
    scene.hills(0.66, 0.01, 1.5, "#5c6f45")
    scene.area([(0, 0.72), (1, 0.70), (1, 1), (0, 1)], "#4d6650")
    for x in scene.spread(5):
        y = scene.chance.uniform(0.76, 0.96)
        scene.disc(x, y, 0.075, 0.022, "#7fa04d")
        scene.area([(x, y), (x + 0.08, y - 0.012), (x + 0.08, y + 0.008)], "#4d6650")
    for x in (*scene.spread(3, 0.0), 0.05, 0.96):
        scene.line([(x, 0.92), (x + 0.012, 0.56)], "#6f7d3a", 0.010)
        scene.line([(x + 0.011, 0.66), (x + 0.014, 0.55)], "#6b4424", 0.026)
    scene.disc(0.5, 0.90, 0.30, 0.06, "#6d7a4c")


def _beach(scene: Scene) -> None:
    scene.sky("#86d2f7", "#def5ff", 0.5)
    scene.disc(scene.chance.choice((0.2, 0.8)), 0.14, 0.08, 0.08, "#fff0a6")
    scene.area([(0, 0.48), (1, 0.48), (1, 0.80), (0, 0.80)], "#35a6d6")
    for y in (0.53, 0.59, 0.66):
        for x in scene.spread(3):
            scene.line([(x - 0.07, y), (x, y - 0.006), (x + 0.07, y)], "#c9eefb", 0.008)
    scene.hills(0.725, 0.012, 1.8, "#f4fbff")
    scene.hills(0.745, 0.012, 1.8, "#f4dfa8")
    x = scene.chance.choice((0.10, 0.90))
    lean = 0.06 if x < 0.5 else -0.06
    scene.line([(x, 0.88), (x + 0.3 * lean, 0.6), (x + lean, 0.30)], "#a9774a", 0.04)
    for reach, drop in ((-0.19, 0.10), (-0.15, -0.02), (0.15, -0.02), (0.19, 0.10), (0.03, 0.16)):
        tip = (x + lean + reach, 0.30 + drop)
        scene.area(
            [(x + lean, 0.27), (x + lean + reach * 0.6, 0.24 + drop * 0.3), tip, (x + lean, 0.33)],
            "#4caf5f",
        )
    for left in scene.spread(3):
        scene.disc(left, 0.94, 0.018, 0.012, "#f29c86")


SCENES: dict[str, Callable[[Scene], None]] = {
    "forest": _forest,
    "sea": _sea,
    "cave": _cave,
    "desert": _desert,
    "snow": _snow,
    "sky": _sky,
    "city": _city,
    "volcano": _volcano,
    "meadow": _meadow,
    "swamp": _swamp,
    "beach": _beach,
}


def paint(habitat: str, size: int, chance: random.Random) -> Image.Image:
    """The scene of a habitat, RGB."""
    scene = Scene(size, chance)
    SCENES[habitat](scene)
    image = scene.image.reduce(OVERSAMPLING)
    return image.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if chance.random() < 0.5 else image

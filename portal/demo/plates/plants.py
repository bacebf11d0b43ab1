"""Plants and pots for the plates, each drawn the same way every time."""

import math

from portal.demo.plates.canvas import (
    LEAF,
    LEAF_DEEP,
    LEAF_LIGHT,
    TERRACOTTA,
    TERRACOTTA_DEEP,
    WOOD,
    WOOD_DEEP,
    Canvas,
    Point,
    ellipse,
)  # fmt: skip


def pot(canvas: Canvas, x: float, ground: float, size: float) -> None:
    """A clay pot of this height, its right side in the shade."""
    rim, foot, top = size * 0.46, size * 0.32, ground - size
    canvas.area([(x - rim, top), (x + rim, top), (x + foot, ground), (x - foot, ground)], TERRACOTTA)
    canvas.area([(x + rim * 0.2, top), (x + rim, top), (x + foot, ground), (x + foot * 0.2, ground)], TERRACOTTA_DEEP)
    canvas.rect(x - rim * 1.14, ground - size * 1.14, x + rim * 1.14, ground - size * 0.9, TERRACOTTA)
    canvas.rect(x + rim * 0.2, ground - size * 1.14, x + rim * 1.14, ground - size * 0.9, TERRACOTTA_DEEP)


def agave(canvas: Canvas, x: float, ground: float, size: float, leaves: int = 9) -> None:
    """A rosette of pointed leaves."""
    for number in range(leaves):
        turn = math.pi * (0.06 + 0.88 * number / (leaves - 1))
        length = size * (0.72 + 0.28 * math.sin(turn))
        tip = (x - length * math.cos(turn), ground - length * math.sin(turn))
        across = (size * 0.085 * math.sin(turn) + 2, size * 0.085 * abs(math.cos(turn)) + 1)
        colour = (LEAF_LIGHT, LEAF, LEAF_DEEP)[min(number * 3 // leaves, 2)]
        canvas.area([(x - across[0], ground - across[1]), tip, (x + across[0], ground + across[1])], colour)


def cypress(canvas: Canvas, x: float, ground: float, height: float) -> None:
    """A slim tree, light on the left, dark on the right."""
    wide = height * 0.11
    canvas.rect(x - 3, ground - height * 0.1, x + 3, ground, WOOD_DEEP)
    canvas.area(_flame(x, ground - height * 0.04, wide, height), LEAF)
    canvas.area([(px, py) for px, py in _flame(x, ground - height * 0.04, wide, height) if px >= x], LEAF_DEEP)


def palm(canvas: Canvas, x: float, ground: float, height: float, size: float) -> None:
    """A palm with a slightly leaning trunk."""
    top = (x + height * 0.05, ground - height)
    canvas.area([(x - 9, ground), (x + 9, ground), (top[0] + 5, top[1]), (top[0] - 5, top[1])], WOOD)
    canvas.area([(x + 2, ground), (x + 9, ground), (top[0] + 5, top[1]), (top[0] + 1, top[1])], WOOD_DEEP)
    for number, turn in enumerate((-178, -150, -122, -92, -60, -32, -4, 14, 166)):
        canvas.area(_frond(top, math.radians(turn), size), (LEAF, LEAF_DEEP, LEAF_LIGHT)[number % 3])


def olive(canvas: Canvas, x: float, ground: float, size: float) -> None:
    """A low round tree."""
    foot, fork = size * 0.09, ground - size * 0.6
    canvas.area([(x - foot, ground), (x + foot, ground), (x + foot / 2, fork), (x - foot / 2, fork)], WOOD_DEEP)
    crowns = ((-0.26, -0.72, 0.32), (0.24, -0.7, 0.34), (0, -0.95, 0.36))
    for across, up, radius in crowns:
        canvas.disc(x + across * size, ground + up * size, radius * size, LEAF_DEEP)
    for across, up, radius in crowns:
        canvas.disc(x + (across - 0.06) * size, ground + (up - 0.07) * size, radius * size * 0.78, LEAF)
    canvas.disc(x - 0.12 * size, ground - 1.06 * size, 0.17 * size, LEAF_LIGHT)


def _flame(x: float, ground: float, wide: float, height: float) -> list[Point]:
    steps = [step / 24 for step in range(25)]
    outline = [(wide * math.sin(math.pi * part**0.62) ** 0.8, ground - height * part) for part in steps]
    return [(x - across, y) for across, y in outline] + [(x + across, y) for across, y in reversed(outline)]


def _frond(root: Point, turn: float, size: float) -> list[Point]:
    # A blade that falls: along the turn first, then down by the square of the way.
    steps = [step / 16 for step in range(17)]
    spine = [
        (root[0] + size * part * math.cos(turn), root[1] + size * part * math.sin(turn) + size * 0.55 * part**2)
        for part in steps
    ]
    over = [(x, y - size * 0.05 * math.sin(math.pi * part)) for (x, y), part in zip(spine, steps, strict=True)]
    under = [(x, y + size * 0.1 * math.sin(math.pi * part)) for (x, y), part in zip(spine, steps, strict=True)]
    return over + under[::-1]


def bush(canvas: Canvas, x: float, ground: float, size: float, colour: str = LEAF) -> None:
    """A half round of leaves."""
    canvas.area(ellipse(x, ground, size, size * 0.8, 180, 360), LEAF_DEEP)
    canvas.area(ellipse(x - size * 0.14, ground, size * 0.82, size * 0.68, 180, 360), colour)

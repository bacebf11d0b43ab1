"""The canvas the plates are drawn on: flat colours, hard shadows, smooth edges, one palette.

Points are in units of the finished picture, 1200 × 800. It is drawn three times larger and reduced, so that edges are
smooth and the same everywhere. No gradients and no letters.
"""

import math
from collections.abc import Sequence

from PIL import Image, ImageChops, ImageDraw, ImageOps

from portal.demo.plates.looks import Look

WIDTH, HEIGHT, FINE = 1200, 800, 3
Point = tuple[float, float]
Points = Sequence[Point]

LIME, LIME_TURNED, LIME_SHADE = "#fbfaf6", "#e9edeb", "#c3d1d4"
INK, SHADOW = "#14201f", "#0b4450"
SUN, SKY, SKY_LOW = "#ffc83d", "#b5dbe4", "#d9ecef"
SEA, SEA_DEEP, POOL, POOL_DEEP = "#2f8797", "#0b5560", "#6cc0c9", "#3f9fac"
TERRACOTTA, TERRACOTTA_DEEP = "#c96f48", "#a04f2f"
LEAF, LEAF_DEEP, LEAF_LIGHT = "#4a7656", "#27493b", "#86a572"
STONE, STONE_DEEP, SAND = "#ddd5c6", "#bfb4a0", "#ece4d3"
WOOD, WOOD_DEEP = "#b58558", "#80583a"
FAR = "#93b7bd"  # hills at the horizon


class Canvas:
    """One picture in the making, in one look."""

    def __init__(self, ground: str, look: Look) -> None:
        self.look = look
        self.image = Image.new("RGB", (WIDTH * FINE, HEIGHT * FINE), look.colour(ground))
        self._draw = ImageDraw.Draw(self.image)

    def finished(self) -> Image.Image:
        """The picture at its size, as its look would have it seen."""
        look = self.look
        wide, high = self.image.width / look.near, self.image.height / look.near
        left, top = (self.image.width - wide) * look.across, (self.image.height - high) * look.down
        box = (left, top, left + wide, top + high)
        seen = (
            self.image.resize((WIDTH, HEIGHT), Image.Resampling.BOX, box) if look.near > 1 else self.image.reduce(FINE)
        )
        return ImageOps.mirror(seen) if look.mirrored else seen

    def area(self, points: Points, colour: str) -> None:
        """A filled polygon."""
        self._draw.polygon(_fine(points), self.look.colour(colour))

    def rect(self, left: float, top: float, right: float, bottom: float, colour: str) -> None:
        """A filled rectangle."""
        self.area(_corners(left, top, right, bottom), colour)

    def disc(self, x: float, y: float, radius: float, colour: str, flat: float = 1) -> None:
        """A filled circle; `flat` below 1 makes it lie down."""
        self.area(ellipse(x, y, radius, radius * flat), colour)

    def arch(self, left: float, top: float, right: float, bottom: float, colour: str) -> None:
        """A doorway with a round head."""
        self.area(arched(left, top, right, bottom), colour)

    def line(self, points: Points, width: float, colour: str) -> None:
        """A line with square ends and joined corners."""
        self._draw.line(_fine(points), self.look.colour(colour), round(width * FINE), joint="curve")

    def shade(self, *shapes: Points, within: Points | None = None, strength: float = 0.3) -> None:
        """Cast one shadow of several shapes, where it falls on `within`. Shapes that meet do not darken twice."""
        self._blend(shapes, within, SHADOW, strength * (0.5 + 0.5 * self.look.sun))

    def light(self, *shapes: Points, within: Points | None = None, strength: float = 0.5, colour: str = LIME) -> None:
        """Let light fall on something: a window's patch on a floor."""
        if self.look.sun:
            self._blend(shapes, within, colour, strength * self.look.sun)

    def _blend(self, shapes: Sequence[Points], within: Points | None, colour: str, strength: float) -> None:
        box = _around(shapes)
        if box[0] >= box[2] or box[1] >= box[3]:  # beside the picture
            return
        mask = _mask(box, shapes, round(255 * strength))
        if within is not None:
            mask = ImageChops.multiply(mask, _mask(box, [within], 255))
        self.image.paste(self.look.colour(colour), box, mask)


class View:
    """A look into depth: where a point stands on the canvas that is `deep` behind the front.

    `x` and `y` are measured at the front, where canvas and space are the same; at depth 1 all is half as far from the
    vanishing point.
    """

    def __init__(self, x: float, y: float) -> None:
        self.x, self.y = x, y

    def at(self, x: float, y: float, deep: float) -> Point:
        """One point in space."""
        return self.x + (x - self.x) / (1 + deep), self.y + (y - self.y) / (1 + deep)

    def floor(self, y: float, left: float, right: float, near: float, far: float) -> list[Point]:
        """A rectangle lying at height `y`."""
        return [self.at(left, y, near), self.at(right, y, near), self.at(right, y, far), self.at(left, y, far)]

    def side(self, x: float, top: float, bottom: float, near: float, far: float) -> list[Point]:
        """A rectangle standing along the line of sight at `x`."""
        return [self.at(x, top, near), self.at(x, top, far), self.at(x, bottom, far), self.at(x, bottom, near)]

    def face(self, left: float, top: float, right: float, bottom: float, deep: float) -> list[Point]:
        """A rectangle facing us."""
        return [self.at(x, y, deep) for x, y in _corners(left, top, right, bottom)]


def ellipse(x: float, y: float, across: float, up: float, begin: float = 0, end: float = 360) -> list[Point]:
    """An ellipse, or the part between two angles in degrees, clockwise from the right."""
    steps = 96
    turns = (math.radians(begin + (end - begin) * step / steps) for step in range(steps + 1))
    return [(x + across * math.cos(turn), y + up * math.sin(turn)) for turn in turns]


def arched(left: float, top: float, right: float, bottom: float) -> list[Point]:
    """The outline of a doorway with a round head."""
    radius = (right - left) / 2
    return [(left, bottom), *ellipse((left + right) / 2, top + radius, radius, radius, 180, 360), (right, bottom)]


def _corners(left: float, top: float, right: float, bottom: float) -> list[Point]:
    return [(left, top), (right, top), (right, bottom), (left, bottom)]


def _fine(points: Points) -> list[tuple[int, int]]:
    return [(round(x * FINE), round(y * FINE)) for x, y in points]


def _around(shapes: Sequence[Points]) -> tuple[int, int, int, int]:
    points = [point for shape in shapes for point in _fine(shape)]
    across, down = [x for x, _ in points], [y for _, y in points]
    return (
        max(min(across), 0), max(min(down), 0), min(max(across) + 1, WIDTH * FINE), min(max(down) + 1, HEIGHT * FINE),
    )  # fmt: skip


def _mask(box: tuple[int, int, int, int], shapes: Sequence[Points], value: int) -> Image.Image:
    left, top, right, bottom = box
    mask = Image.new("L", (right - left, bottom - top), 0)
    draw = ImageDraw.Draw(mask)
    for shape in shapes:
        draw.polygon([(x - left, y - top) for x, y in _fine(shape)], value)
    return mask

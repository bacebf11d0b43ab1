"""Plans of homes from above: as many bedrooms as the home has, a bathroom, living room, kitchen and terrace."""

from typing import NamedTuple

from portal.demo.plates.canvas import (
    INK,
    LEAF,
    LIME,
    LIME_SHADE,
    SAND,
    SEA,
    SKY,
    SKY_LOW,
    STONE_DEEP,
    SUN,
    WOOD,
    Canvas,
    Point,
    ellipse,
)  # fmt: skip
from portal.demo.plates.looks import CUSHION, FABRIC, WARM, Look

LEFT, TOP, RIGHT, BOTTOM = 180, 110, 1020, 690
MOST_BEDROOMS = 6
WALL, DOOR = 14, 66
# The rooms of the night by the number of bedrooms: rows of bedrooms and bathrooms.
ROWS = {1: ("bw",), 2: ("bwb",), 3: ("bwbb",), 4: ("bbw", "bb"), 5: ("bbb", "wbb"), 6: ("bbb", "bwbb")}


class Room(NamedTuple):
    """A room of the plan and what it is for."""

    kind: str
    left: float
    top: float
    right: float
    bottom: float


def plan(look: Look, bedrooms: int) -> Canvas:
    """The plan of a home with this many bedrooms, from none to six."""
    canvas = Canvas("#f3f6f5", look)
    canvas.shade([(LEFT, TOP), (RIGHT, TOP), (RIGHT + 36, TOP + 36), (RIGHT + 36, BOTTOM + 36),
                  (LEFT + 36, BOTTOM + 36), (LEFT, BOTTOM)], strength=0.12)  # fmt: skip
    rooms = _rooms(bedrooms)
    for room in rooms:
        _floor(canvas, room)
    for room in rooms:
        _furnish(canvas, room)
    for room in rooms:
        _walls(canvas, room)
    for room in rooms:
        _openings(canvas, room)
    return canvas


def _rooms(bedrooms: int) -> list[Room]:
    terrace = Room("terrace", 760, 440, RIGHT, BOTTOM)
    if not bedrooms:
        return [Room("studio", LEFT, TOP, RIGHT, BOTTOM), Room("bath", LEFT, TOP, LEFT + 210, TOP + 220), terrace]
    rows = ROWS[bedrooms]
    high = 240 if len(rows) == 1 else 188
    rooms = [room for number, row in enumerate(rows) for room in _row(row, TOP + number * high, high)]
    day = TOP + len(rows) * high
    half = (day + BOTTOM) / 2
    return [
        *rooms, Room("living", LEFT, day, 690, BOTTOM), Room("kitchen", 690, day, RIGHT, half),
        Room("terrace", 690, half, RIGHT, BOTTOM),
    ]  # fmt: skip


def _row(row: str, top: float, high: float) -> list[Room]:
    shares = [0.6 if letter == "w" else 1 for letter in row]
    rooms, x = [], float(LEFT)
    for letter, share in zip(row, shares, strict=True):
        wide = (RIGHT - LEFT) * share / sum(shares)
        rooms.append(Room("bath" if letter == "w" else "bed", x, top, x + wide, top + high))
        x += wide
    return rooms


def _floor(canvas: Canvas, room: Room) -> None:
    kind, left, top, right, bottom = room
    canvas.rect(left, top, right, bottom, {"bath": SKY_LOW, "terrace": SAND}.get(kind, LIME))
    if kind == "terrace":
        for step in range(int((bottom - top) // 22)):
            canvas.line([(left, top + 16 + step * 22), (right, top + 16 + step * 22)], 1.4, STONE_DEEP)
    if kind in ("living", "studio"):
        for x in (left + 70, left + 280):
            canvas.light([(x, bottom), (x + 130, bottom), (x + 60, bottom - 150), (x - 70, bottom - 150)],
                         strength=0.5, colour=SUN)  # fmt: skip


def _furnish(canvas: Canvas, room: Room) -> None:
    kind, left, top, right, bottom = room
    if kind == "bed":
        _bed(canvas, (left + right) / 2 - 65, top)
        canvas.rect(left + 12, bottom - 40, left + 90, bottom - 12, WOOD)
    if kind == "studio":
        _bed(canvas, right - 200, top)
        _stove(canvas, left + 230, top)
    if kind == "bath":
        canvas.rect(left + 16, top + 18, left + 56, top + 106, LIME)
        canvas.disc(right - 36, top + 34, 18, LIME)
        canvas.disc(right - 36, top + 96, 21, LIME)
    if kind in ("living", "studio"):
        _seats(canvas, left, bottom)
    if kind == "kitchen":
        _stove(canvas, left, top)
    if kind == "terrace":
        for x in (left + 40, right - 40):
            canvas.disc(x, bottom - 40, 24, LEAF)
        middle, half = (left + right) / 2, (top + bottom) / 2
        canvas.rect(middle - 44, half - 24, middle + 44, half + 24, CUSHION)


def _bed(canvas: Canvas, x: float, top: float) -> None:
    canvas.rect(x, top + 22, x + 130, top + 150, FABRIC)
    canvas.rect(x, top + 22, x + 130, top + 58, LIME_SHADE)
    canvas.rect(x + 8, top + 28, x + 60, top + 52, LIME)
    canvas.rect(x + 70, top + 28, x + 122, top + 52, LIME)


def _stove(canvas: Canvas, x: float, top: float) -> None:
    canvas.rect(x + 40, top + 14, x + 290, top + 46, LIME_SHADE)
    for at in (80, 130):
        canvas.disc(x + at, top + 30, 10, STONE_DEEP)
    canvas.rect(x + 220, top + 18, x + 268, top + 42, SKY)


def _seats(canvas: Canvas, left: float, bottom: float) -> None:
    canvas.rect(left + 50, bottom - 190, left + 230, bottom - 136, FABRIC)
    canvas.rect(left + 50, bottom - 190, left + 80, bottom - 50, FABRIC)
    canvas.disc(left + 170, bottom - 84, 32, WOOD)
    canvas.rect(left + 330, bottom - 170, left + 450, bottom - 80, WOOD)
    for x in (left + 350, left + 390, left + 430):
        canvas.disc(x, bottom - 186, 13, WARM)
        canvas.disc(x, bottom - 64, 13, WARM)


def _walls(canvas: Canvas, room: Room) -> None:
    kind, left, top, right, bottom = room
    corners = [(left, top), (right, top), (right, bottom), (left, bottom)]
    thick = 6 if kind == "terrace" else WALL
    canvas.line([*corners, corners[0], corners[1]], thick, INK)


def _openings(canvas: Canvas, room: Room) -> None:
    kind, left, top, right, bottom = room
    middle = (left + right) / 2
    if kind == "bed" and top == TOP:
        _window(canvas, (middle - 60, top), (middle + 60, top))
    elif kind == "bed":
        at = left if left == LEFT else right
        _window(canvas, (at, top + 40), (at, bottom - 50))
    if kind in ("bed", "bath"):
        _door(canvas, right - 20 - DOOR if kind == "bed" else left + 18, bottom)
    if kind in ("living", "studio"):
        for x in (left + 70, left + 280):
            _window(canvas, (x, bottom), (x + 130, bottom))
        canvas.line([(left, bottom - 250), (left, bottom - 250 + DOOR)], WALL + 2, LIME)
        canvas.line([(left, bottom - 250), (left + DOOR, bottom - 250)], 5, INK)
        canvas.line(ellipse(left, bottom - 250, DOOR, DOOR, 0, 90), 1.6, INK)
    if kind == "kitchen":
        canvas.line([(left, top + 40), (left, bottom - 30)], WALL + 2, LIME)
        _window(canvas, (right, top + 40), (right, bottom - 40))
    if kind == "terrace":
        _window(canvas, (left + 60, top), (right - 60, top))


def _window(canvas: Canvas, begin: Point, end: Point) -> None:
    canvas.line([begin, end], WALL + 2, LIME)
    canvas.line([begin, end], 4, SEA)


def _door(canvas: Canvas, x: float, y: float) -> None:
    canvas.line([(x, y), (x + DOOR, y)], WALL + 2, LIME)
    canvas.line([(x, y), (x, y - DOOR)], 5, INK)
    canvas.line(ellipse(x, y, DOOR, DOOR, 270, 360), 1.6, INK)

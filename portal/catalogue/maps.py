"""Maps: our own picture of where a home roughly lies, drawn from our own coast, asking nobody.

Owns the drawing: light and dark, wide and narrow. It must never show the exact spot: everything in a picture follows
from a centre that no longer knows it.
"""

import hashlib
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import pairwise
from math import cos, hypot, pi, sin, sqrt
from typing import NamedTuple

from portal.catalogue.coast import NAMES, RIVERS, SHORE, Named, Point, metres
from portal.catalogue.lettering import Box, Label, placed

HEIGHT, WIDE, NARROW = 480, 960, 480
CIRCLE = 500  # metres around the centre
GRID, JITTER = 200, 55  # metres: half the diagonal of a cell and the jitter together stay within 200
SCALES = (8, 11, 15, 20)  # metres a unit of the picture: the closest in which the shore still shows
WEST, EAST = -5.29, -3.76  # degrees: beyond them nothing is drawn
FARTHEST_INLAND, FARTHEST_OUT = 20_000, 800  # metres from the shore
LARGE = 900  # metres: a town of this size has its name in larger letters


class Palette(NamedTuple):
    """The colours of one theme, from the tokens of the site."""

    land: str
    built: str
    sea: str
    waves: str
    shore: str
    ink: str
    contour: str
    sun_opacity: str


LIGHT = Palette("#eef2f0", "#ffffff", "#cfe3e5", "#a9cccf", "#0b5560", "#14201f", "#14201f", ".5")
DARK = Palette("#1a2726", "#2b3836", "#0c3a42", "#1a5a64", "#7cc7cf", "#e9efed", "#ffc83d", ".38")


class View(NamedTuple):
    """What a picture shows: the metres of its centre, where that stands in it, its width, metres a unit."""

    centre: Point
    place: Point
    width: int
    scale: int

    def at(self, point: Point) -> Point:
        """Where a point in metres stands in the picture."""
        return (
            self.place[0] + (point[0] - self.centre[0]) / self.scale,
            self.place[1] - (point[1] - self.centre[1]) / self.scale,
        )

    def shows(self, point: Point, margin: float) -> bool:
        """Whether a point of the picture lies within it, so far from its edges."""
        return margin <= point[0] <= self.width - margin and margin <= point[1] <= HEIGHT - margin


_SHORE = tuple(metres(*point) for point in SHORE)
_RIVERS = tuple(tuple(metres(*point) for point in river) for river in RIVERS)
_NAMES = tuple((name, metres(name.latitude, name.longitude)) for name in sorted(NAMES, key=lambda each: -each.size))


def map_svg(public_id: str, latitude: float, longitude: float, dark: bool, narrow: bool = False) -> str | None:
    """The picture of a home's surroundings as SVG, 960 × 480 or, for phones, 480 × 480; None off our coast.

    The sun circle has a radius of 500 m, its centre is up to 200 m from the home: put on a grid first, so that nobody
    can reckon back from the public id, then moved by a hash of that id, so that the grid does not show.
    """
    centre = _blurred(public_id, metres(latitude, longitude))
    nearest = min((_foot(centre, *stretch) for stretch in pairwise(_SHORE)), key=partial(_distance, centre))
    if not WEST < longitude < EAST or not _is_near(centre, nearest):
        return None
    return _drawing(_view(centre, nearest, NARROW if narrow else WIDE), DARK if dark else LIGHT)


def _blurred(public_id: str, point: Point) -> Point:
    drawn = hashlib.sha256(public_id.encode()).digest()
    turn = int.from_bytes(drawn[:4], "big") / 2**32 * 2 * pi
    out = sqrt(int.from_bytes(drawn[4:8], "big") / 2**32) * JITTER
    return round(point[0] / GRID) * GRID + out * cos(turn), round(point[1] / GRID) * GRID + out * sin(turn)


def _distance(one: Point, other: Point) -> float:
    return hypot(one[0] - other[0], one[1] - other[1])


def _foot(point: Point, start: Point, end: Point) -> Point:
    # The point of a stretch of shore that is nearest to another point.
    east, north = end[0] - start[0], end[1] - start[1]
    share = ((point[0] - start[0]) * east + (point[1] - start[1]) * north) / (east**2 + north**2)
    share = min(max(share, 0.0), 1.0)
    return start[0] + share * east, start[1] + share * north


def _is_near(centre: Point, nearest: Point) -> bool:
    # The shore runs from west to east without turning back, so each meridian crosses it once.
    (x0, y0), (x1, y1) = next(pair for pair in pairwise(_SHORE) if pair[1][0] >= centre[0])
    on_land = centre[1] > y0 + (y1 - y0) * (centre[0] - x0) / (x1 - x0)
    return _distance(centre, nearest) <= (FARTHEST_INLAND if on_land else FARTHEST_OUT)


def _view(centre: Point, nearest: Point, width: int) -> View:
    views = [View(centre, _place(centre, nearest, width, scale), width, scale) for scale in SCALES]
    return next((view for view in views if view.shows(view.at(nearest), 40)), views[-1])


def _place(centre: Point, nearest: Point, width: int, scale: int) -> Point:
    # The home gives way to the nearest shore, so that both show, but stays in the middle of the picture.
    x = width / 2 - (nearest[0] - centre[0]) / scale / 2
    y = HEIGHT / 2 + (nearest[1] - centre[1]) / scale / 2
    return round(min(max(x, 0.3 * width), 0.7 * width)), round(min(max(y, 0.3 * HEIGHT), 0.7 * HEIGHT))


def _drawing(view: View, colours: Palette) -> str:
    points = _within(view)
    shore = _smooth(points)
    land = f"{shore}V-600H{points[0][0]:.0f}Z"
    return "".join((
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {view.width} {HEIGHT}" '
        f'width="{view.width}" height="{HEIGHT}"><clipPath id="land"><path d="{land}"/></clipPath>'
        f'<path fill="{colours.sea}" d="M0 0h{view.width}v{HEIGHT}H0z"/>',
        *_waves(shore, colours),
        f'<path fill="{colours.land}" d="{land}"/><g clip-path="url(#land)">',
        *_built(view, colours),
        *_rivers(view, colours),
        f'</g><path fill="none" stroke="{colours.shore}" stroke-width="2" d="{shore}"/>',
        f'<circle cx="{view.place[0]:g}" cy="{view.place[1]:g}" r="{CIRCLE / view.scale:.0f}" fill="#ffc83d" '
        f'fill-opacity="{colours.sun_opacity}" stroke="{colours.contour}" stroke-width="2"/>',
        *_lettering(view, colours),
        *_scale_bar(view, colours),
        "</svg>",
    ))  # fmt: skip


def _within(view: View) -> list[Point]:
    # What the picture shows of the shore, and so much more at both ends that the curve through it is the same.
    points = [view.at(point) for point in _SHORE]
    inside = [number for number, (x, _) in enumerate(points) if 0 < x < view.width]
    return points[max(inside[0] - 3, 0) : inside[-1] + 4]


def _smooth(points: list[Point]) -> str:
    # Catmull-Rom as Bézier curves: through every point, and no corner where the coast has none.
    path = [f"M{points[0][0]:.0f} {points[0][1]:.0f}"]
    padded = [points[0], *points, points[-1]]
    for before, start, end, after in zip(padded, padded[1:], padded[2:], padded[3:], strict=False):
        first = start[0] + (end[0] - before[0]) / 6, start[1] + (end[1] - before[1]) / 6
        second = end[0] - (after[0] - start[0]) / 6, end[1] - (after[1] - start[1]) / 6
        path.append("C" + " ".join(f"{x:.0f} {y:.0f}" for x, y in (first, second, end)))
    return "".join(path)


def _waves(shore: str, colours: Palette) -> Iterator[str]:
    # Lines that follow the shore: a wide stroke in their colour, one a little narrower in that of the sea above it.
    for distance in (60, 38, 21, 9):
        for width, colour in ((2 * distance + 1, colours.waves), (2 * distance - 1, colours.sea)):
            yield f'<path fill="none" stroke="{colour}" stroke-width="{width}" d="{shore}"/>'


def _built(view: View, colours: Palette) -> Iterator[str]:
    # What is built, as a soft patch of its size, parted into blocks: a sign for a town, not a plan of it.
    yield (
        '<pattern id="blocks" width="26" height="18" patternUnits="userSpaceOnUse" patternTransform="rotate(-18)">'
        f'<path fill="{colours.built}" d="M0 0h26v18H0z"/><path fill="none" stroke="{colours.land}" stroke-width="2.5" '
        'd="M0 0h26M0 0v18"/></pattern>'
    )
    for name, point in _NAMES:
        at, radius = view.at(point), name.size / view.scale
        if view.shows(at, -1.5 * radius):
            yield f'<path fill="url(#blocks)" d="{_smooth(_patch(name.name, at, radius))}"/>'


def _patch(name: str, at: Point, radius: float) -> list[Point]:
    spread = [0.75 + byte / 255 * 0.4 for byte in hashlib.sha256(name.encode()).digest()[:9]]
    corners = [
        (
            at[0] + 1.2 * radius * share * cos(number * 2 * pi / 9),
            at[1] + 0.9 * radius * share * sin(number * 2 * pi / 9),
        )
        for number, share in enumerate(spread)
    ]
    return [*corners, corners[0]]


def _rivers(view: View, colours: Palette) -> Iterator[str]:
    for river in _RIVERS:
        points = [view.at(point) for point in river]
        if any(view.shows(point, -200) for point in points):
            yield f'<path fill="none" stroke="{colours.waves}" stroke-width="3" d="{_smooth(points)}"/>'


def _lettering(view: View, colours: Palette) -> Iterator[str]:
    radius = CIRCLE / view.scale
    taken = [Box.around(view.place, radius), Box(0, HEIGHT - 46, 176, HEIGHT)]  # the home, the scale bar
    for name, point in _NAMES:
        at = view.at(point)
        if not view.shows(at, 16):
            continue
        dot, far = Box.around(at, 6), _distance(at, view.place) - radius
        free = far > 12 and not any(dot.meets(box) for box in taken)
        label = _placed(view, name, at, 5, taken) if free else None
        if label:
            taken.append(dot)
            yield f'<circle cx="{at[0]:.0f}" cy="{at[1]:.0f}" r="5" fill="{colours.ink}"/>'
        elif far < radius:  # no room of its own beside the home's circle: then the name stands at the circle
            label = _placed(view, name, view.place, radius + 5, taken)
        if label:
            taken.append(label.box)
            yield _label(label, name, colours)


def _placed(view: View, name: Named, at: Point, gap: float, taken: Sequence[Box]) -> Label | None:
    frame = Box(12, 12, view.width - 12, HEIGHT - 12)
    return placed(name.name, 22 if name.size >= LARGE else 18, at, gap, frame, taken)


def _label(label: Label, name: Named, colours: Palette) -> str:
    weight = 600 if name.size >= LARGE else 400
    return (
        f'<text x="{label.x:.0f}" y="{label.y:.0f}" font-family="system-ui, sans-serif" font-size="{label.size}" '
        f'font-weight="{weight}" text-anchor="{label.anchor}" fill="{colours.ink}" stroke="{colours.land}" '
        f'stroke-width="4" stroke-linejoin="round" paint-order="stroke">{name.name}</text>'
    )


def _scale_bar(view: View, colours: Palette) -> Iterator[str]:
    kilometres = 1 if view.scale <= 12 else 2
    end = 24 + kilometres * 1000 // view.scale
    yield f'<path fill="none" stroke="{colours.ink}" stroke-width="2" d="M24 {HEIGHT - 32}v8H{end}v-8"/>'
    yield (
        f'<text x="{end + 10}" y="{HEIGHT - 22}" font-family="system-ui, sans-serif" font-size="18" '
        f'fill="{colours.ink}" stroke="{colours.land}" stroke-width="4" stroke-linejoin="round" '
        f'paint-order="stroke">{kilometres} km</text>'
    )

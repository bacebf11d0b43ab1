"""Lettering: where the name of a place stands on a map so that it covers nothing else.

Pure geometry over the units of one picture. The width of a text is estimated, since the reader's machine has the font.
"""

from collections.abc import Sequence
from typing import NamedTuple

from portal.catalogue.coast import Point

LETTER = 0.56  # of the size: the width of an average letter of a system's sans serif, in semibold


class Box(NamedTuple):
    """A rectangle of the picture."""

    left: float
    top: float
    right: float
    bottom: float

    @classmethod
    def around(cls, point: Point, radius: float) -> "Box":
        """The square around a circle."""
        return cls(point[0] - radius, point[1] - radius, point[0] + radius, point[1] + radius)

    def meets(self, other: "Box") -> bool:
        """Whether the two overlap."""
        beside = self.right <= other.left or other.right <= self.left
        return not beside and self.top < other.bottom and other.top < self.bottom

    def holds(self, other: "Box") -> bool:
        """Whether the other lies wholly inside."""
        return (
            self.left <= other.left and other.right <= self.right
            and self.top <= other.top and other.bottom <= self.bottom
        )  # fmt: skip


class Label(NamedTuple):
    """A text with its place: where its baseline is anchored, and the box it fills."""

    x: float
    y: float
    anchor: str
    size: int
    box: Box


def placed(text: str, size: int, point: Point, gap: float, frame: Box, taken: Sequence[Box]) -> Label | None:
    """The text beside, below or above a mark of radius `gap`, inside the frame and clear of what is taken.

    None where no such place is left: a name too few is better than two that cannot be read.
    """
    labels = _around(len(text) * size * LETTER, size, point, gap)
    return next(
        (label for label in labels if frame.holds(label.box) and not any(label.box.meets(box) for box in taken)), None
    )


def _around(width: float, size: int, point: Point, gap: float) -> list[Label]:
    x, y = point
    anchors = (
        (x + gap + 6, y + size * 0.35, "start"), (x - gap - 6, y + size * 0.35, "end"),
        (x, y + gap + size, "middle"), (x, y - gap - size * 0.4, "middle"),
    )  # fmt: skip
    shift = {"start": 0.0, "middle": width / 2, "end": width}
    return [
        Label(at, base, anchor, size, Box(left := at - shift[anchor], base - size, left + width, base + size * 0.3))
        for at, base, anchor in anchors
    ]
